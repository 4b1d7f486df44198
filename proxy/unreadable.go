package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

// maxReason is how much of a reason, which may quote the request, is kept.
const maxReason = 300

// refuse stores a request that net/http has refused, with what it answered, and
// answers it: with words, and never 501, which only says that a request is not
// understood. Then the sender may finish what it writes.
func (t *tap) refuse(answer []byte) {
	status, text := refusalStatus(answer)
	if status == http.StatusNotImplemented {
		status = http.StatusBadRequest
	}
	blank := len(t.head) > 0
	t.head = bytes.TrimLeft(t.head, "\r\n")
	blank = blank && len(t.head) == 0
	m := t.diagnose(status, text)
	if !blank {
		e := newUnreadable(t)
		e.Answer = byTaskhook(status, m.Reason)
		t.proxy.recordUnreadable(e)
	}
	_ = t.SetWriteDeadline(time.Now().Add(senderTimeout))
	_, _ = t.Conn.Write(answerBytes(status, m))
	t.linger()
}

// recordCutHead stores a request whose head did not arrive completely. Nobody
// answers it.
func (p *Proxy) recordCutHead(t *tap) {
	e := newUnreadable(t)
	e.Answer = webhook.Answer{By: webhook.ByTaskhook, BrokenOff: true, At: e.ReceivedAt}
	switch {
	case httpwire.IsTimeout(t.failed):
		e.Answer.Reason = fmt.Sprintf("the head of the request did not arrive within %s", format.Duration(readHeaderTimeout))
	case errors.Is(t.failed, net.ErrClosed), errors.Is(t.failed, io.ErrClosedPipe):
		e.Answer.Reason = "taskhook stopped before the head of the request had arrived"
	default:
		e.Answer.Reason, e.Answer.SenderGone, e.Answer.BrokenOff = t.cut(), true, false
	}
	p.recordUnreadable(e)
}

// cut says that the sender broke off.
func (t *tap) cut() string {
	return fmt.Sprintf("the sender broke off after %s of the head of a request", format.Bytes(int64(len(t.head))))
}

// rejectHTTP2 answers a client that takes the ingress for a server of HTTP/2.
func (p *Proxy) rejectHTTP2(w http.ResponseWriter, r *http.Request, source webhook.Source) {
	p.rejectUnread(w, newEvent(r, source), http.StatusHTTPVersionNotSupported, message{
		Error:  "HTTP/2",
		Reason: "the client speaks HTTP/2 from the first byte on, and taskhook speaks HTTP/1.1",
		Next:   "use HTTP/1.1: curl, for one, without --http2-prior-knowledge",
	})
	if t := tapOf(r); t != nil && http.NewResponseController(w).Flush() == nil {
		t.linger() // it goes on to write frames
	}
}

// rejectConnect answers a client that takes the ingress for a proxy on its way
// elsewhere.
func (p *Proxy) rejectConnect(w http.ResponseWriter, r *http.Request, source webhook.Source) {
	p.rejectUnread(w, newEvent(r, source), http.StatusMethodNotAllowed, message{
		Error:  "CONNECT",
		Reason: "the client asks for a connection to " + format.Clean(r.Host) + ", and taskhook receives webhooks and is not a forward proxy",
		Next:   "see whether a variable such as HTTP_PROXY names the address of taskhook",
	})
}

// rejectUnread stores and answers a request that is readable and can be no
// webhook.
func (p *Proxy) rejectUnread(w http.ResponseWriter, e *webhook.Event, status int, m message) {
	e.Decision, e.NoBody, e.BodySize = webhook.RejectedMalformed, true, -1
	e.Answer = byTaskhook(status, m.Reason)
	p.recordUnreadable(e)
	answerEarly(w)
	writeMessage(w, status, m)
}

// answerBytes is a whole answer as bytes.
func answerBytes(status int, m message) []byte {
	body := jsonBytes(m)
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		status, http.StatusText(status), len(body), body)
}

// refusalStatus returns the status of an answer of net/http, and what it says of the
// reason.
func refusalStatus(answer []byte) (status int, text string) {
	line, _, _ := strings.Cut(string(answer), "\r\n")
	_, line, _ = strings.Cut(line, " ")
	code, line, _ := strings.Cut(line, " ")
	_, text, _ = strings.Cut(line, ": ")
	if status, _ = strconv.Atoi(code); status == 0 {
		status = http.StatusBadRequest
	}
	return status, text
}

// newUnreadable returns the event of a request whose head was not understood,
// with as much of it as can be told.
func newUnreadable(t *tap) *webhook.Event {
	e := &webhook.Event{
		ReceivedAt: time.Now(),
		Source:     t.source,
		Verdict:    webhook.Verdict{Status: webhook.Unchecked},
		Decision:   webhook.RejectedMalformed,
		Method:     "?", Path: "/",
		NoBody: true, BodySize: -1,
		Head: visible(t.head, t.more || len(t.head) == 0),
	}
	if a := t.RemoteAddr(); a != nil {
		e.RemoteAddr = a.String()
	}
	first, rest, _ := strings.Cut(e.Head, "\n")
	method, target, _ := strings.Cut(first, " ")
	if target, _, _ = strings.Cut(target, " "); httpwire.IsToken(method) && httpwire.IsRequestTarget(target) {
		e.Method = method
		e.Path, e.RawQuery, _ = strings.Cut(target, "?")
	}
	e.Header = http.Header{}
	for line := range strings.Lines(rest) {
		name, value, found := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		value = strings.TrimSpace(value)
		switch {
		case !found || !httpwire.IsToken(name) || !httpwire.IsFieldValue(value):
		case strings.EqualFold(name, "Host"):
			e.Host = value
		default:
			e.Header.Add(name, value)
		}
	}
	if n, err := strconv.ParseInt(e.Header.Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		e.BodySize = n
	}
	return e
}

// visible returns a head as text: a line for each line, and what is no text as
// \x1b.
func visible(head []byte, more bool) string {
	if n := headLength(head); n > 0 {
		head, more = head[:n], false
	}
	text := strings.TrimRight(strings.ReplaceAll(string(head), "\r\n", "\n"), "\n")
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == '\n':
			b.WriteRune(r)
		case r == '\uFFFD' && !strings.HasPrefix(text[i:], "\uFFFD"), r < ' ', r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		default:
			b.WriteRune(r)
		}
	}
	if more {
		b.WriteString("…")
	}
	return b.String()
}

// diagnose says why a request was refused. Text is the server's own reason, if
// it gave one.
func (t *tap) diagnose(status int, text string) message {
	m := message{
		Error: "malformed request",
		Next:  "compare what taskhook events show says of it with what the sender means to send",
	}
	switch {
	case isTLS(t.head):
		m.Reason, m.Next = "it is the beginning of TLS, and this address speaks plain HTTP", "use http:// for this address"
	case status == http.StatusRequestHeaderFieldsTooLarge:
		m.Reason, m.Next = fmt.Sprintf("its head is larger than %s", format.Bytes(maxHeader)), "send fewer or shorter headers"
	case status == http.StatusExpectationFailed:
		m.Reason, m.Next = "its Expect header asks for what taskhook does not know", "send no other Expect header than 100-continue"
	case errors.Is(t.failed, io.EOF) && headLength(t.head) == 0:
		m.Reason = t.cut()
	case text != "":
		m.Reason = text
	case len(t.head) == 0:
		m.Reason = "it is not readable HTTP, and came in one piece with the request before it: its head was not kept"
	default:
		_, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(t.head)))
		m.Reason = format.MaskURLs(inWords(err))
		if len(m.Reason) > maxReason {
			m.Reason = m.Reason[:maxReason] + "…"
		}
	}
	return m
}

// inWords says what is wrong with a head. net/http has no types for most of its
// errors.
func inWords(err error) string {
	if err == nil {
		return "it is not readable HTTP"
	}
	if escape, ok := errors.AsType[url.EscapeError](err); ok {
		return fmt.Sprintf("its path has %s, which is no percent-encoded byte such as %%20", string(escape))
	}
	if parse, ok := errors.AsType[*url.Error](err); ok {
		return "its path is no URL: " + strings.TrimPrefix(parse.Err.Error(), "net/url: ")
	}
	text := err.Error()
	for _, known := range [...]struct{ begins, words string }{
		{"http: message cannot contain multiple Content-Length headers; got ", "it has Content-Length headers that differ: "},
		{"unsupported transfer encoding: ", "its Transfer-Encoding is not chunked but "},
		{"too many transfer encodings: ", "it has more than one Transfer-Encoding: "},
		{"bad Content-Length ", "its Content-Length is no number: "},
		{"malformed MIME header line: ", "it has a header line that is not Name: value: "},
		{"malformed MIME header: missing colon: ", "it has a header line without a colon: "},
		{"malformed HTTP request ", "its first line is no METHOD PATH HTTP/1.1: "},
		{"malformed HTTP version ", "its first line names no HTTP version: "},
		{"invalid method ", "its method is invalid: "},
		{"too many Host headers", "it has more than one Host header"},
	} {
		if rest, ok := strings.CutPrefix(text, known.begins); ok {
			return known.words + rest
		}
	}
	return text
}
