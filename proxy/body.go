package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// firstPiece is how much room a body of undeclared length gets at first, in
// bytes; it doubles as the body grows.
const firstPiece = 4 << 10

// budget bounds the bytes of all bodies in flight.
type budget struct {
	limit int64
	used  atomic.Int64
}

// reserve takes n bytes and reports whether there was room for them.
func (b *budget) reserve(n int64) bool {
	if b.used.Add(n) <= b.limit {
		return true
	}
	b.used.Add(-n)
	return false
}

func (b *budget) release(n int64) { b.used.Add(-n) }

// relaxed reports whether at least half of the budget is free.
func (b *budget) relaxed() bool { return b.used.Load() <= b.limit/2 }

// refusal is an answer of Taskhook itself to a request.
type refusal struct {
	status int
	message
	keep     bool             // store the request, without its body
	decision webhook.Decision // what is stored with it
}

// bodyReader reads the body of one request.
type bodyReader struct {
	proxy *Proxy
	w     http.ResponseWriter
	r     *http.Request
	held  int64 // bytes reserved in the budget; the caller releases them
}

// read returns the exact body. Its size is bounded, as are the bytes of all
// bodies in flight and the time a sender may pause; nothing else about time
// is, since a slow line is no reason to lose an event.
func (b *bodyReader) read() ([]byte, *refusal) {
	declared := b.r.ContentLength
	room := declared
	if declared < 0 {
		room = b.firstRoom()
	}
	switch {
	case declared > b.proxy.opts.MaxBody:
		b.patience() // for the server, which reads a little of what is left
		return nil, b.tooLarge()
	case declared == 0:
		return nil, nil
	case !b.reserve(room):
		b.patience()
		return nil, b.noRoom()
	}
	// A sender that stalls must not hold up the end of the program.
	stop := context.AfterFunc(b.proxy.flight.life, func() {
		_ = http.NewResponseController(b.w).SetReadDeadline(time.Now())
	})
	defer stop()
	if declared > 0 {
		body := make([]byte, declared)
		n, err := b.fill(body)
		if err != nil {
			return nil, b.broken(int64(n), err)
		}
		return body, nil
	}
	return b.grow()
}

// grow reads a body of undeclared length.
func (b *bodyReader) grow() ([]byte, *refusal) {
	limit := b.proxy.opts.MaxBody
	body := make([]byte, 0, b.firstRoom())
	for {
		n, err := b.fill(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > limit:
			return nil, b.tooLarge()
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return nil, b.broken(int64(len(body)), err)
		}
		size := min(2*int64(cap(body)), limit+1)
		if !b.reserve(size - int64(cap(body))) {
			return nil, b.noRoom()
		}
		larger := make([]byte, len(body), size)
		copy(larger, body)
		body = larger
	}
}

// firstRoom is the room for a body of undeclared length. One byte beyond the
// limit tells a body that is too large from one that just fits.
func (b *bodyReader) firstRoom() int64 { return min(firstPiece, b.proxy.opts.MaxBody+1) }

// fill reads until p is full or the body ends. Each pause of the sender is
// bounded on its own.
func (b *bodyReader) fill(p []byte) (n int, err error) {
	for n < len(p) {
		b.patience()
		if err = b.proxy.flight.life.Err(); err != nil {
			break
		}
		var m int
		m, err = b.r.Body.Read(p[n:])
		n += m
		if err != nil {
			break
		}
	}
	if n == len(p) && b.r.ContentLength > 0 {
		return n, nil
	}
	return n, err
}

// patience gives the sender time for its next piece.
func (b *bodyReader) patience() {
	_ = http.NewResponseController(b.w).SetReadDeadline(time.Now().Add(b.proxy.bodyIdle))
}

func (b *bodyReader) reserve(n int64) bool {
	if !b.proxy.budget.reserve(n) {
		return false
	}
	b.held += n
	return true
}

func (b *bodyReader) tooLarge() *refusal {
	size := "is larger than"
	if b.r.ContentLength > 0 {
		size = fmt.Sprintf("of %d bytes is larger than", b.r.ContentLength)
	}
	return &refusal{
		status: http.StatusRequestEntityTooLarge,
		message: message{
			Error:  "the body is too large",
			Reason: fmt.Sprintf("a body %s the limit of %d bytes", size, b.proxy.opts.MaxBody),
			Next:   "raise the limit with: taskhook listen … --max-body 20MiB",
		},
		keep: true,
	}
}

const noRoomText = "too many bytes of request bodies are in flight"

func (b *bodyReader) noRoom() *refusal {
	b.proxy.degraded.begin(&b.proxy.degraded.memory, noRoomText)
	return &refusal{
		status: http.StatusTooManyRequests,
		message: message{
			Error:  "taskhook is busy",
			Reason: fmt.Sprintf("%s: the limit is %d", noRoomText, b.proxy.budget.limit),
			Next:   "send it again later",
		},
	}
}

// broken is a body that did not arrive whole. It is no event, but a trace of
// it is kept: something was sent and is missing.
func (b *bodyReader) broken(n int64, err error) *refusal {
	of := ""
	if b.r.ContentLength > 0 {
		of = fmt.Sprintf(" of %d", b.r.ContentLength)
	}
	ref := &refusal{status: http.StatusBadRequest, keep: true, decision: webhook.RejectedMalformed}
	switch {
	case b.proxy.flight.life.Err() != nil:
		ref.status, ref.decision = http.StatusTooManyRequests, webhook.DecisionNone
		ref.message = stoppingMessage()
	case isTimeout(err):
		ref.status = http.StatusRequestTimeout
		ref.message = message{
			Error:  "the body did not arrive",
			Reason: fmt.Sprintf("the sender paused for more than %s after %d%s bytes of the body", b.proxy.bodyIdle, n, of),
			Next:   "send it again",
		}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		ref.message = message{
			Error:  "the body is incomplete",
			Reason: fmt.Sprintf("the sender broke off after %d%s bytes of the body", n, of),
			Next:   "compare Content-Length with what is sent",
		}
	default:
		ref.message = message{
			Error:  "the body cannot be read",
			Reason: fmt.Sprintf("after %d%s bytes of the body: %v", n, of, err),
			Next:   "check how the sender encodes the body",
		}
	}
	return ref
}
