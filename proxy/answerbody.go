package proxy

import (
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
)

const (
	// maxTrailer bounds the trailers of an answer, in bytes.
	maxTrailer = 64 << 10
	// unknownEnd is how long an app is silent after an answer whose length is
	// broken until it counts as complete.
	unknownEnd = 2 * time.Second
)

// frame finds out how the body is delimited (RFC 9112, 6.3), and takes from the
// headers what is about that alone.
func (r *response) frame(c *conn, method string) {
	status, connection := c.answer.status, r.header["Connection"]
	modern := status.major > 1 || status.major == 1 && status.minor > 0 // than HTTP/1.0
	r.close = hasToken(connection, "close")
	switch {
	case !modern:
		r.close = r.close || status.major == 0 || !hasToken(connection, "keep-alive")
	case r.close:
		delete(r.header, "Connection")
	}
	coding := r.takeCoding(modern)
	if coding != "" {
		delete(r.header, "Content-Length") // the coding overrides it
	}
	if coding == "chunked" {
		r.announceTrailers()
	}
	r.length = r.readLength()
	switch {
	case method == http.MethodHead || r.status == http.StatusNoContent || r.status == http.StatusNotModified:
	case coding == "chunked":
		r.body = &chunkedBody{conn: c, resp: r, chunks: httputil.NewChunkedReader(c.reader)}
	case r.length > 0:
		r.body = &sizedBody{from: c.reader, left: r.length}
	case r.length < 0:
		r.close = true
		r.body = &openBody{conn: c, resp: r}
	}
}

// hasToken reports whether a list in header values has a word.
func hasToken(values []string, word string) bool {
	for _, v := range values {
		for one := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(one), word) {
				return true
			}
		}
	}
	return false
}

// takeCoding takes the transfer coding from the headers and returns it in lower
// case. None is "", also where it means nothing.
func (r *response) takeCoding(modern bool) string {
	values, ok := r.header["Transfer-Encoding"]
	if !ok {
		return ""
	}
	delete(r.header, "Transfer-Encoding")
	if !modern {
		return "" // HTTP/1.0 has none
	}
	if len(values) == 1 && strings.EqualFold(values[0], "chunked") {
		return "chunked"
	}
	all := strings.Join(values, ", ")
	codings := strings.FieldsFunc(strings.ToLower(all), func(c rune) bool { return c == ',' || c == ' ' || c == '\t' })
	codings = slices.DeleteFunc(codings, func(s string) bool { return s == "identity" })
	switch {
	case len(codings) == 0:
		r.note("says Transfer-Encoding: %.80q, which HTTP/1.1 does not have", all)
		return ""
	case slices.Contains(codings, "chunked"):
		r.note("says Transfer-Encoding: %.80q; only the chunks were undone", all)
		return "chunked"
	}
	r.note("says Transfer-Encoding: %.80q, which was not undone", all)
	return codings[0]
}

// readLength returns the declared length of the body, -1 if there is none. A
// length that is repeated counts once, one that is no number or contradicts
// another does not.
func (r *response) readLength() int64 {
	values := r.header["Content-Length"]
	if len(values) == 0 {
		return -1
	}
	length, odd := "", false
	for _, v := range values {
		for one := range strings.SplitSeq(v, ",") {
			one = strings.TrimSpace(one)
			odd = odd || one != v
			if length == "" {
				length = one
			}
			if one != "" && one != length {
				r.note("contradicts itself in its Content-Length, which was left out: %.80q", strings.Join(values, ", "))
				delete(r.header, "Content-Length")
				return -1
			}
		}
	}
	n, err := strconv.ParseUint(length, 10, 63)
	if err != nil {
		r.note("has a Content-Length that is no number, which was left out: %.80q", strings.Join(values, ", "))
		delete(r.header, "Content-Length")
		return -1
	}
	if odd {
		r.note("says its Content-Length more than once: %.80q", strings.Join(values, ", "))
	}
	if odd || len(values) > 1 {
		r.header["Content-Length"] = []string{length}
	}
	return int64(n)
}

// announceTrailers moves the names of the trailers to come out of the headers.
func (r *response) announceTrailers() {
	values, ok := r.header["Trailer"]
	if !ok {
		return
	}
	delete(r.header, "Trailer")
	for _, v := range values {
		for name := range strings.SplitSeq(v, ",") {
			name = http.CanonicalHeaderKey(strings.TrimSpace(name))
			switch {
			case name == "":
			case !isTrailer(name):
				r.note("announces a trailer with the name %.80q, which none can have", name)
			default:
				if r.trailer == nil {
					r.trailer = http.Header{}
				}
				r.trailer[name] = nil
			}
		}
	}
}

// isTrailer reports whether a trailer can have a name: it is not one that says
// how the message is read.
func isTrailer(name string) bool { return httpwire.IsToken(name) && !httpwire.HopByHop(name, nil) }

// sizedBody is a body of a known length.
type sizedBody struct {
	from io.Reader
	left int64
}

func (b *sizedBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	switch {
	case b.left == 0:
		err = io.EOF
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// openBody is a body that the end of the connection delimits. Where something in
// the head was broken that may have been its length: the app may leave the
// connection open, and silence ends the body then.
type openBody struct {
	conn *conn
	resp *response
}

func (b *openBody) Read(p []byte) (int, error) {
	if len(b.resp.notes) == 0 {
		return b.conn.reader.Read(p)
	}
	until, last := time.Now().Add(unknownEnd), b.conn.deadline
	silence := last.IsZero() || until.Before(last)
	if !silence {
		until = last
	}
	_ = b.conn.SetReadDeadline(until)
	n, err := b.conn.reader.Read(p)
	if silence && httpwire.IsTimeout(err) {
		b.resp.note("does not say where it ends; it counts as complete because nothing followed for %s", format.Duration(unknownEnd))
		err = io.EOF
	}
	return n, err
}

// chunkedBody is a body in chunks, behind which trailers may follow.
type chunkedBody struct {
	conn   *conn
	resp   *response
	chunks io.Reader
	end    error // of the body; nil: not yet
}

func (b *chunkedBody) Read(p []byte) (int, error) {
	if b.end != nil {
		return 0, b.end
	}
	n, err := b.chunks.Read(p)
	if errors.Is(err, io.EOF) {
		err = b.readTrailer()
	}
	b.end = err
	return n, err
}

// readTrailer reads what follows the last chunk. It returns io.EOF when nothing
// is missing.
func (b *chunkedBody) readTrailer() error {
	c := b.conn
	if end, _ := c.reader.Peek(2); string(end) == "\r\n" {
		_, _ = c.reader.Discard(2)
		return io.EOF
	}
	c.headLeft = maxTrailer
	c.answer = answerHead{text: c.answer.text[:0]}
	err := c.readLines()
	c.headLeft = -1
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		b.resp.note("breaks off behind its last chunk")
	case err != nil:
		return err
	}
	for name, values := range parseFields(string(c.answer.text[:c.answer.line]), b.resp) {
		if !isTrailer(name) {
			b.resp.note("has a trailer with the name %.80q, which none can have", name)
			continue
		}
		if b.resp.trailer == nil {
			b.resp.trailer = http.Header{}
		}
		b.resp.trailer[name] = values
	}
	return io.EOF
}
