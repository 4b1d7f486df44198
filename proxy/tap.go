package proxy

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/taskhook/taskhook/webhook"
)

// maxHead is how much of the head of a request a tap keeps, in bytes.
const maxHead = 16 << 10

// tap listens in on one connection of an ingress. net/http answers a request
// that it cannot read by itself, and nobody hears of it: a tap keeps the head of
// the request until a handler has it, and what is written before that is a
// refusal. Bodies pass it untouched.
type tap struct {
	net.Conn
	proxy  *Proxy
	source webhook.Source

	entered atomic.Bool  // a handler has the present request
	early   atomic.Int32 // 1 + a byte of the next request that came before its time

	// Of the goroutine that serves the connection.
	head    []byte // what was read of the request until a handler had it, at most maxHead
	more    bool   // there was more of it
	length  int64  // of the present request's body; negative: not known
	refused bool
	failed  error // why no more was read of the request
	both    bool  // the present request has a Content-Length beside its Transfer-Encoding
}

// tapListener has a tap on each connection.
type tapListener struct {
	net.Listener
	proxy  *Proxy
	source webhook.Source
}

// Accept implements net.Listener.
func (l tapListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tap{Conn: c, proxy: l.proxy, source: l.source}, nil
}

type tapKey struct{}

// inContext makes the tap of a connection known to its requests.
func (tapListener) inContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, tapKey{}, c)
}

// stateChanged hears of a connection from the goroutine that serves it.
func (tapListener) stateChanged(c net.Conn, s http.ConnState) {
	t, ok := c.(*tap)
	switch {
	case !ok:
	case s == http.StateIdle:
		t.next()
	case s == http.StateClosed:
		t.closed()
	}
}

// tapOf returns the tap of a request's connection; nil: it has none.
func tapOf(r *http.Request) *tap {
	t, _ := r.Context().Value(tapKey{}).(*tap)
	return t
}

// Read implements net.Conn.
func (t *tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	switch {
	case len(p) == 1:
		// The server reads a single byte while a handler runs, in order to notice
		// when the sender hangs up.
		if n == 1 {
			t.early.Store(1 + int32(p[0]))
		}
	case !t.entered.Load():
		t.keep(p[:n])
		t.failed = err
		if isTLS(t.head) { // there may be no line end to wait for
			return 0, errTLS
		}
	}
	return n, err
}

func (t *tap) keep(b []byte) {
	n := min(len(b), maxHead-len(t.head))
	t.head = append(t.head, b[:n]...)
	t.more = t.more || n < len(b)
}

// Write implements net.Conn. What no handler writes is a refusal.
func (t *tap) Write(p []byte) (int, error) {
	if t.entered.Load() {
		return t.Conn.Write(p)
	}
	if !t.refused {
		t.refused = true
		t.refuse(p)
	}
	return len(p), nil
}

// CloseWrite ends the sending side, for answers that end with their connection.
func (t *tap) CloseWrite() error {
	if c, ok := t.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return nil
}

// enter says that a handler has the request.
func (t *tap) enter(r *http.Request) {
	t.both = len(r.TransferEncoding) > 0 && hasField(t.head, "Content-Length")
	t.length = r.ContentLength
	t.entered.Store(true)
}

// next says that the request was answered, and that another may come.
func (t *tap) next() {
	rest := t.head[:0]
	if i := headLength(t.head); i > 0 && t.length >= 0 && int64(len(t.head)-i) > t.length && !t.more {
		rest = append(rest, t.head[i+int(t.length):]...) // it came with the last one
	}
	if cap(rest) > maxHead/4 && len(rest) == 0 {
		rest = nil
	}
	t.head, t.more = rest, false
	if b := t.early.Swap(0); b != 0 {
		t.keep([]byte{byte(b - 1)})
	}
	t.entered.Store(false)
}

// closed says that the connection has ended.
func (t *tap) closed() {
	if !t.entered.Load() && !t.refused && len(bytes.TrimSpace(t.head)) > 0 {
		t.proxy.recordCutHead(t)
	}
}

// linger ends the sending side and discards what the sender still writes, within
// limits: see [discardBody].
func (t *tap) linger() {
	_ = t.CloseWrite()
	discard(t.SetReadDeadline, t.Conn)
}

// errTLS ends the reading of what is no HTTP from its first byte on.
var errTLS = errors.New("it is TLS")

// isTLS reports whether a client begins as for https.
func isTLS(head []byte) bool { return len(head) > 0 && head[0] == 0x16 }

// keptHead is the head of a request as it came, for people; "" without a tap.
func keptHead(r *http.Request) string {
	if t := tapOf(r); t != nil {
		return visible(t.head, t.more)
	}
	return ""
}

// headLength is the length of a head with the empty line at its end; 0: it is
// not complete.
func headLength(b []byte) int {
	crlf, lf := bytes.Index(b, []byte("\n\r\n")), bytes.Index(b, []byte("\n\n"))
	switch {
	case crlf >= 0 && (lf < 0 || crlf < lf):
		return crlf + 3
	case lf >= 0:
		return lf + 2
	}
	return 0
}

// hasField reports whether a head has a header, whose name is canonical.
func hasField(head []byte, name string) bool {
	if n := headLength(head); n > 0 {
		head = head[:n]
	}
	for line := range bytes.Lines(head) {
		field, _, found := bytes.Cut(line, []byte(":"))
		if found && strings.EqualFold(string(field), name) {
			return true
		}
	}
	return false
}

// noteBothLengths says that a request declares its length twice, and has its
// connection closed after the answer: whoever reads it otherwise would take a
// part of it for another request (RFC 9112, 6.3).
func noteBothLengths(w http.ResponseWriter, r *http.Request, e *webhook.Event) {
	if t := tapOf(r); t != nil && t.both {
		w.Header().Set("Connection", "close")
		e.Notes = append(e.Notes, "it has a Content-Length beside its Transfer-Encoding; what counts is the Transfer-Encoding")
	}
}
