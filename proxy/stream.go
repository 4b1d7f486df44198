package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

const (
	// captureLimit is how much of the app's answer is stored, in bytes.
	captureLimit = 256 << 10
	// streamBuffer is the size of the buffer for the rest of the answer.
	streamBuffer = 32 << 10
	// senderTimeout is how long a sender may take to accept a part of an answer.
	senderTimeout = 30 * time.Second
	// senderBuffer is how much a sender's connection accepts without waiting.
	senderBuffer = 16 << 10
)

// streamBuffers holds *[streamBuffer]byte.
var streamBuffers = sync.Pool{New: func() any { return new([streamBuffer]byte) }}

// sender is where the app's answer goes. The zero value discards it.
type sender struct {
	w       http.ResponseWriter // nil: nobody waits
	ctx     context.Context     // ends when it hangs up; nil: that is not known
	told    bool                // it was there when the head was sent: it has the status
	begun   bool                // the head of the app's answer has been written
	written int
	last    []byte // the last byte of the answer, until finish
	err     error  // of the first write that failed

	announced []string // the names of trailers in the head
}

// begin writes the status and the headers of the answer, once. The server adds
// none of its own: no Date, no guessed Content-Type.
func (s *sender) begin(resp *response) {
	if s.begun || s.w == nil {
		return
	}
	s.begun = true
	h := s.w.Header()
	copyEndToEnd(h, resp.header)
	if length, ok := resp.header["Content-Length"]; ok {
		h["Content-Length"] = length
	}
	for _, name := range [...]string{"Date", "Content-Type"} {
		if _, ok := h[name]; !ok {
			h[name] = nil
		}
	}
	if len(resp.trailer) > 0 {
		s.announced = sortedNames(resp.trailer)
		h["Trailer"] = []string{strings.Join(s.announced, ", ")}
	}
	s.w.WriteHeader(resp.status)
}

// copyEndToEnd copies the headers of an answer but those of its connection.
func copyEndToEnd(to, from http.Header) {
	connection := from["Connection"]
	for name, values := range from {
		if !httpwire.HopByHop(name, connection) {
			to[name] = values
		}
	}
}

// end writes the trailers, those that were not announced as well.
func (s *sender) end(resp *response) {
	if s.w == nil || len(resp.trailer) == 0 {
		return
	}
	h := s.w.Header()
	for name, values := range resp.trailer {
		if !slices.Contains(s.announced, name) {
			name = http.TrailerPrefix + name
		}
		h[name] = values
	}
}

// write writes a part of the body. Once the sender has gone it does nothing: the
// answer is still read, in order to store it.
func (s *sender) write(b []byte) {
	if s.w == nil || s.err != nil || len(b) == 0 {
		return
	}
	if s.written += len(b); s.written > senderBuffer {
		_ = http.NewResponseController(s.w).SetWriteDeadline(time.Now().Add(senderTimeout))
	}
	if _, err := s.w.Write(b); err != nil && !errors.Is(err, http.ErrBodyNotAllowed) {
		s.err = err
	}
}

// writeLast writes the last part of the body except for its last byte, which
// finish writes when the store has the attempt: a sender that has its answer
// finds the attempt.
func (s *sender) writeLast(b []byte) {
	if n := len(b); n > 0 {
		s.write(b[:n-1])
		s.last = append(s.last, b[n-1])
	}
}

// finish writes the byte that writeLast has left.
func (s *sender) finish() {
	s.write(s.last)
	s.last = nil
}

func (s *sender) flush() {
	if s.w == nil || s.err != nil {
		return
	}
	there := s.isThere() // it may hang up as soon as it has what is flushed
	switch err := http.NewResponseController(s.w).Flush(); {
	case errors.Is(err, http.ErrNotSupported):
	case err != nil:
		s.err = err
	default:
		s.told = s.told || there && s.begun
	}
}

// isThere reports whether the sender is known not to have hung up.
func (s *sender) isThere() bool { return s.ctx != nil && s.ctx.Err() == nil }

// stream writes the app's answer to the sender as it arrives, and captures it. It
// waits only while more is buffered, so that an answer that arrives in one piece
// leaves in one piece, and one that breaks off before that can still be replaced.
// The error is the app's.
func (x *exchange) stream(s *sender, a *webhook.Attempt) (err error) {
	a.StatusCode, a.Header = x.resp.status, x.resp.header
	defer func() { a.Notes, a.Trailer = x.resp.remarks(), cameTrailer(x.resp.trailer) }()
	if x.resp.body == nil {
		s.begin(x.resp)
		return nil
	}
	if !x.buffered() {
		s.begin(x.resp)
		s.flush()
	}
	passed := 0
	buf := captureBuffer(x.resp.length)
	for err == nil && len(buf) < captureLimit {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)] // grow
		}
		var n int
		n, err = x.resp.body.Read(buf[len(buf):min(cap(buf), captureLimit)])
		buf = buf[:len(buf)+n]
		if err == nil && (!x.buffered() || len(buf) == captureLimit) {
			s.begin(x.resp)
			s.write(buf[passed:])
			s.flush()
			passed = len(buf)
		}
	}
	a.Body, a.BodySize = buf, int64(len(buf))
	if err == nil {
		a.BodySize, err = x.streamRest(s, a.BodySize)
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	s.begin(x.resp)
	s.writeLast(buf[passed:])
	s.end(x.resp)
	return nil
}

// streamRest writes the part of an answer that is not captured. It returns io.EOF
// at the end.
func (x *exchange) streamRest(s *sender, size int64) (int64, error) {
	buf := streamBuffers.Get().(*[streamBuffer]byte)
	defer streamBuffers.Put(buf)
	for {
		n, err := x.resp.body.Read(buf[:])
		size += int64(n)
		if err != nil {
			s.writeLast(buf[:n])
			return size, err
		}
		s.write(buf[:n])
		if !x.buffered() {
			s.flush()
		}
	}
}

// buffered reports whether the next read does not wait for the app.
func (x *exchange) buffered() bool { return x.conn.reader.Buffered() > 0 }

// captureBuffer returns a buffer for the whole answer if its length is known.
func captureBuffer(length int64) []byte {
	if length < 0 {
		return make([]byte, 0, 512)
	}
	// One byte more lets a body of the declared length end without growing.
	return make([]byte, 0, min(length, captureLimit-1)+1)
}
