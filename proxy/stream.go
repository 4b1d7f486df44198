package proxy

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

const (
	// captureLimit is how much of the app's answer is kept, in bytes.
	captureLimit = 256 << 10
	// streamBuffer is what an answer beyond captureLimit goes through.
	streamBuffer = 32 << 10
	// senderIdle is how long a sender may take to accept a piece of an answer.
	senderIdle = 30 * time.Second
	// senderBuffer is what a sender's connection takes without waiting.
	senderBuffer = 16 << 10
)

// streamBuffers holds *[streamBuffer]byte.
var streamBuffers = sync.Pool{New: func() any { return new([streamBuffer]byte) }}

// sender is who waits for the answer. The zero value is nobody.
type sender struct {
	w       http.ResponseWriter // nil: nobody waits
	begun   bool                // the head of the app's answer is on its way
	written int
	last    []byte // the last byte of the answer, until finish
	err     error  // the sender does not take any more
}

// begin passes on the status and the headers, unless that has been done. The
// server adds none of its own: no Date, no guessed Content-Type.
func (s *sender) begin(resp *http.Response) {
	if s.begun || s.w == nil {
		return
	}
	s.begun = true
	h := s.w.Header()
	copyEndToEnd(h, resp.Header)
	if length, ok := resp.Header["Content-Length"]; ok {
		h["Content-Length"] = length
	}
	for _, name := range [...]string{"Date", "Content-Type"} {
		if _, ok := h[name]; !ok {
			h[name] = nil
		}
	}
	if len(resp.Trailer) > 0 {
		names := sortedNames(resp.Trailer)
		h["Trailer"] = []string{strings.Join(names, ", ")}
	}
	s.w.WriteHeader(resp.StatusCode)
}

// copyEndToEnd copies what the app answered, without the headers of its
// connection.
func copyEndToEnd(to, from http.Header) {
	connection := from["Connection"]
	for name, values := range from {
		if !httpwire.HopByHop(name, connection) {
			to[name] = values
		}
	}
}

// end passes on the trailers.
func (s *sender) end(resp *http.Response) {
	if s.w == nil || len(resp.Trailer) == 0 {
		return
	}
	h := s.w.Header()
	for name, values := range resp.Trailer {
		h[name] = values
	}
}

// write passes on a piece of the body. It gives up for good once the sender
// has gone: the answer is then still read, for the record.
func (s *sender) write(b []byte) {
	if s.w == nil || s.err != nil || len(b) == 0 {
		return
	}
	if s.written += len(b); s.written > senderBuffer {
		_ = http.NewResponseController(s.w).SetWriteDeadline(time.Now().Add(senderIdle))
	}
	if _, err := s.w.Write(b); err != nil && !errors.Is(err, http.ErrBodyNotAllowed) {
		s.err = err
	}
}

// writeLast passes on the last piece of the body but for one byte. Only finish
// gives the sender the whole answer: by then the attempt is on its way to the
// store, and whoever looks for it because of the answer finds it.
func (s *sender) writeLast(b []byte) {
	if n := len(b); n > 0 {
		s.write(b[:n-1])
		s.last = append(s.last, b[n-1])
	}
}

// finish passes on what writeLast has left.
func (s *sender) finish() {
	s.write(s.last)
	s.last = nil
}

func (s *sender) flush() {
	if s.w == nil || s.err != nil {
		return
	}
	if err := http.NewResponseController(s.w).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		s.err = err
	}
}

// stream passes the app's answer on as it arrives and records it. What has
// arrived is held back only while more is at hand, so that an answer that
// comes in one piece leaves in one piece, and one that breaks off before
// anything was passed on can still be replaced. The error is the app's.
func (x *exchange) stream(s *sender, a *webhook.Attempt) (err error) {
	a.StatusCode, a.Header = x.resp.StatusCode, x.resp.Header
	if x.resp.Body == http.NoBody {
		s.begin(x.resp)
		return nil
	}
	if !x.moreAtHand() {
		s.begin(x.resp)
		s.flush()
	}
	passed := 0
	buf := captureBuffer(x.resp.ContentLength)
	for err == nil && len(buf) < captureLimit {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)] // grow
		}
		var n int
		n, err = x.resp.Body.Read(buf[len(buf):min(cap(buf), captureLimit)])
		buf = buf[:len(buf)+n]
		if err == nil && (!x.moreAtHand() || len(buf) == captureLimit) {
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

// streamRest passes on what is not kept. It returns io.EOF at the end.
func (x *exchange) streamRest(s *sender, size int64) (int64, error) {
	buf := streamBuffers.Get().(*[streamBuffer]byte)
	defer streamBuffers.Put(buf)
	for {
		n, err := x.resp.Body.Read(buf[:])
		size += int64(n)
		if err != nil {
			s.writeLast(buf[:n])
			return size, err
		}
		s.write(buf[:n])
		if !x.moreAtHand() {
			s.flush()
		}
	}
}

// moreAtHand reports whether reading goes on without waiting for the app.
func (x *exchange) moreAtHand() bool { return x.conn.reader.Buffered() > 0 }

// captureBuffer makes room for the whole answer when its length is known.
func captureBuffer(length int64) []byte {
	if length < 0 {
		return make([]byte, 0, 512)
	}
	// One byte more lets a body of the declared length end without growing.
	return make([]byte, 0, min(length, captureLimit-1)+1)
}
