package proxy

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/taskhook/taskhook/httpwire"
)

const (
	// maxBeforeStatus is how many lines before the status line are skipped.
	maxBeforeStatus = 20
	// maxNotes bounds what is noted about one answer.
	maxNotes = 8
)

// response is the app's answer. An app that answers has done its work: whatever
// is broken in the head of its answer is noted and left out, as long as the
// status can be read, and the rest counts.
type response struct {
	status  int
	header  http.Header
	trailer http.Header // with the names that the head announces; complete at the end of the body
	length  int64       // of the body in bytes; negative: not known before its end
	body    io.Reader   // nil: there is none
	close   bool        // the app closes the connection
	notes   []string    // what was broken
	left    int         // how many notes maxNotes left out
}

// note notes something that is broken.
func (r *response) note(layout string, args ...any) {
	if len(r.notes) == maxNotes {
		r.left++
		return
	}
	r.notes = append(r.notes, "the app's answer "+fmt.Sprintf(layout, args...))
}

// remarks are the notes, for the attempt.
func (r *response) remarks() []string {
	if r.left > 0 {
		return append(r.notes, fmt.Sprintf("and %d more of the kind", r.left))
	}
	return r.notes
}

// malformedError is returned when the app's answer begins with something that is
// no HTTP, which is quoted.
type malformedError struct{ line string }

func (e *malformedError) Error() string {
	return fmt.Sprintf("malformed HTTP response %.200q", e.line)
}

// answerHead is what has been read of the head of an answer. A read that has run
// out of time may be continued.
type answerHead struct {
	text   []byte // the status line and the headers, as they came
	line   int    // where the line that is being read begins in text
	before []string
	status statusLine
	cut    bool // the app closed the connection behind one of the lines
}

// readHead reads the app's answer up to its body. It skips informational
// answers, which are between the app and Taskhook.
func (c *conn) readHead(method string) (*response, error) {
	c.headLeft = maxAnswerHead
	c.answer = answerHead{text: c.answer.text[:0]}
	return c.continueHead(method)
}

// continueHead goes on where readHead has run out of time.
func (c *conn) continueHead(method string) (*response, error) {
	h := &c.answer
	if len(h.text) == 0 && h.status.code == 0 {
		if _, err := c.reader.Peek(1); err != nil {
			return nil, noAnswer(err)
		}
		if err := c.otherProtocol(); err != nil {
			return nil, err
		}
	}
	for {
		if err := c.readStatus(); err != nil {
			return nil, err
		}
		if err := c.readLines(); err != nil {
			if h.cut = errors.Is(err, io.ErrUnexpectedEOF) && h.line == len(h.text) && h.status.code >= 200; !h.cut {
				return nil, err
			}
		}
		switch code := h.status.code; {
		case code == http.StatusSwitchingProtocols:
			return nil, &upgradeError{protocol: parseFields(string(h.text), new(response)).Get("Upgrade")}
		case code >= 200:
			c.headLeft = -1
			return c.parseHead(method), nil
		case code < 100:
			return nil, errors.New("the app's answer has the status " + strconv.Itoa(code))
		}
		*h = answerHead{text: h.text[:0], before: h.before}
	}
}

// readStatus reads up to the status line. Before it, it skips empty lines and
// what an interpreter prints when its script goes wrong.
func (c *conn) readStatus() error {
	h := &c.answer
	for h.status.code == 0 {
		if first, err := c.reader.Peek(1); err == nil && len(h.text) == 0 && isControl(first[0]) {
			start, _ := c.reader.Peek(c.reader.Buffered())
			return &malformedError{string(start)} // of another protocol, perhaps without any line
		}
		if err := c.readLine(); err != nil {
			return err
		}
		line := trimLineEnd(string(h.text))
		h.text = h.text[:0]
		h.line = 0
		status, ok := parseStatusLine(line)
		switch {
		case ok:
			h.status = status
			return nil
		case len(h.before) == maxBeforeStatus || !skippable(line):
			return &malformedError{line}
		}
		h.before = append(h.before, line)
	}
	return nil
}

// isControl reports whether no line of text begins with a byte.
func isControl(b byte) bool { return b < ' ' && b != '\r' && b != '\n' && b != '\t' }

// skippable reports whether a line before the status line is one of those that
// PHP and its kind print.
func skippable(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || line[0] == '<' || strings.Contains(line, " on line ")
}

// readLines reads up to the empty line at the end of a head or a trailer.
func (c *conn) readLines() error {
	h := &c.answer
	for {
		if err := c.readLine(); err != nil {
			return err
		}
		last := h.text[h.line:]
		if len(last) == 1 || len(last) == 2 && last[0] == '\r' {
			h.text = h.text[:h.line]
			return nil
		}
		h.line = len(h.text)
	}
}

// readLine appends the next line to the text.
func (c *conn) readLine() error {
	for {
		piece, err := c.reader.ReadSlice('\n')
		c.answer.text = append(c.answer.text, piece...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		default:
			return err
		}
	}
}

// trimLineEnd cuts off the end of a line.
func trimLineEnd(line string) string {
	line = strings.TrimSuffix(line, "\n")
	return strings.TrimSuffix(line, "\r")
}

// parseHead makes a response of what was read.
func (c *conn) parseHead(method string) *response {
	h := &c.answer
	resp := &response{status: h.status.code}
	for _, line := range h.before {
		if strings.TrimSpace(line) == "" {
			resp.note("begins with an empty line")
		} else {
			resp.note("begins with a line that is no status line: %.80q", line)
		}
	}
	if h.status.odd != "" {
		resp.note("has an unusual status line: %.80q", h.status.odd)
	}
	if h.cut {
		resp.note("ends without the empty line behind its headers")
	}
	resp.header = parseFields(string(h.text), resp)
	if cap(h.text) > maxHeadBuffer {
		h.text = nil
	}
	resp.frame(c, method)
	return resp
}

// statusLine is the first line of an answer.
type statusLine struct {
	code         int
	major, minor int
	odd          string // the line itself, when it is not as it should be
}

// parseStatusLine reads a status line, as leniently as browsers do: the name of
// the protocol in any case, up to four bytes before it, and any version.
func parseStatusLine(line string) (statusLine, bool) {
	proto, rest, _ := strings.Cut(line, " ")
	if major, minor, ok := http.ParseHTTPVersion(proto); ok {
		rest = strings.TrimLeft(rest, " ")
		if code, ok := parseStatusCode(rest); ok && (len(rest) == 3 || rest[3] == ' ') {
			return statusLine{code: code, major: major, minor: minor}, true
		}
	}
	const name, slop = "HTTP", 4
	at := 0
	for at <= slop && !hasPrefixFold(line[min(at, len(line)):], name) {
		at++
	}
	if at > slop {
		return statusLine{}, false
	}
	rest = strings.TrimLeft(line[at+len(name):], "/.0123456789")
	if rest == "" || rest[0] != ' ' && rest[0] != '\t' {
		return statusLine{}, false
	}
	code, ok := parseStatusCode(strings.TrimLeft(rest, " \t"))
	// Its version is not reliable, and what follows was written in our time.
	return statusLine{code: code, major: 1, minor: 1, odd: line}, ok
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// parseStatusCode reads three digits that no further one follows.
func parseStatusCode(s string) (int, bool) {
	if len(s) < 3 || len(s) > 3 && s[3] >= '0' && s[3] <= '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:3], 10, 16)
	return int(n), err == nil
}

// parseFields reads headers or trailers, and notes on r which lines it leaves
// out. The values are parts of text.
func parseFields(text string, r *response) http.Header {
	n := strings.Count(text, "\n")
	header := make(http.Header, n)
	values := make([]string, n)
	const none = "\n" // before the first line
	last := none      // the name of the field that a folded line continues; "": it was left out
	for line := range strings.Lines(text) {
		line = trimLineEnd(line)
		if last != none && line != "" && (line[0] == ' ' || line[0] == '\t') {
			unfold(header, last, strings.Trim(line, " \t"), r)
			continue
		}
		name, value, ok := parseField(line, r)
		if last = name; !ok {
			continue
		}
		if all, found := header[name]; found {
			header[name] = append(all, value)
			continue
		}
		values[0] = value
		header[name], values = values[:1:1], values[1:]
	}
	return header
}

// parseField reads one line of the headers.
func parseField(line string, r *response) (name, value string, ok bool) {
	name, value, ok = strings.Cut(line, ":")
	if !ok {
		r.note("has a line among its headers that is none, which was left out: %.80q", line)
		return "", "", false
	}
	if trimmed := strings.TrimRight(name, " \t"); trimmed != name {
		name = trimmed
		r.note("has a space behind the name of its header %.80q", name)
	}
	if !httpwire.IsToken(name) {
		r.note("has a header with an invalid name, which was left out: %.80q", line)
		return "", "", false
	}
	name = http.CanonicalHeaderKey(name)
	if !httpwire.IsFieldValue(value) {
		r.note("has a control character in its header %s, which was left out: %.80q", name, value)
		return "", "", false
	}
	return name, strings.Trim(value, " \t"), true
}

// unfold continues the last value of a header. Of a header that was left out,
// the continuation is, too.
func unfold(header http.Header, name, more string, r *response) {
	values := header[name]
	switch {
	case name == "" || more == "":
	case !httpwire.IsFieldValue(more):
		r.note("has a control character in its header %s, of which a line was left out: %.80q", name, more)
	default:
		values[len(values)-1] = strings.TrimLeft(values[len(values)-1]+" "+more, " ")
	}
}
