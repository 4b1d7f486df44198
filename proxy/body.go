package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

// initialBuffer is the size of the buffer for a body of undeclared length, in
// bytes; it doubles as the body grows.
const initialBuffer = 4 << 10

// budget limits the bytes of all bodies in flight.
type budget struct {
	total int64
	used  atomic.Int64
}

// reserve reserves n bytes and reports whether they were free.
func (b *budget) reserve(n int64) bool {
	if b.used.Add(n) <= b.total {
		return true
	}
	b.used.Add(-n)
	return false
}

func (b *budget) release(n int64) { b.used.Add(-n) }

// halfFree reports whether at least half of the budget is free.
func (b *budget) halfFree() bool { return b.used.Load() <= b.total/2 }

// bodyError says why a body was not read, and is the answer to its request.
type bodyError struct {
	status int
	message
	store    bool             // store the request, without its body
	decision webhook.Decision // what is stored with it
	// unreadable: it arrived and is no HTTP. What the server takes from the
	// headers, such as Transfer-Encoding, tells why.
	unreadable bool
}

// bodyReader reads the body of one request.
type bodyReader struct {
	proxy    *Proxy
	w        http.ResponseWriter
	r        *http.Request // to be used on after the reading
	reserved int64         // bytes of the budget; the caller releases them
}

// read returns the exact body. It limits the size of the body, the bytes of all
// bodies in flight, and each pause of the sender, but not the time that a body
// takes: an event must not get lost because its sender is slow.
func (b *bodyReader) read() ([]byte, *bodyError) {
	declared := b.r.ContentLength
	size := declared
	if declared < 0 {
		size = b.initialSize()
	}
	switch {
	case declared > b.proxy.opts.MaxBody:
		return nil, b.tooLarge()
	case declared == 0:
		return nil, nil
	case !b.reserve(size):
		return nil, b.overBudget()
	}
	// A sender that stalls must not delay the end of the program.
	stop := context.AfterFunc(b.proxy.flight.ctx, func() {
		_ = http.NewResponseController(b.w).SetReadDeadline(time.Now())
	})
	defer func() {
		if !stop() {
			b.detach()
		}
	}()
	if declared > 0 {
		body := make([]byte, declared)
		n, err := b.fill(body)
		if err != nil {
			return nil, b.incomplete(int64(n), err)
		}
		return body, nil
	}
	return b.grow()
}

// detach gives the request a context that does not end. The server ends a
// request's context when a read fails, even when that was at a deadline of our
// own: then it says nothing about the sender, who waits for the answer.
func (b *bodyReader) detach() { b.r = b.r.WithContext(context.WithoutCancel(b.r.Context())) }

// grow reads a body of undeclared length.
func (b *bodyReader) grow() ([]byte, *bodyError) {
	largest := b.proxy.opts.MaxBody
	body := make([]byte, 0, b.initialSize())
	for {
		n, err := b.fill(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > largest:
			return nil, b.tooLarge()
		case errors.Is(err, io.EOF):
			return body, nil
		case err != nil:
			return nil, b.incomplete(int64(len(body)), err)
		}
		size := min(2*int64(cap(body)), largest+1)
		if !b.reserve(size - int64(cap(body))) {
			return nil, b.overBudget()
		}
		larger := make([]byte, len(body), size)
		copy(larger, body)
		body = larger
	}
}

// initialSize is the first size of the buffer for a body of undeclared length.
// One byte beyond MaxBody tells a body that is too large from one that just fits.
func (b *bodyReader) initialSize() int64 { return min(initialBuffer, b.proxy.opts.MaxBody+1) }

// fill reads until p is full or the body ends. Each pause of the sender has a
// time limit of its own.
func (b *bodyReader) fill(p []byte) (n int, err error) {
	for n < len(p) {
		b.extendDeadline()
		if err = b.proxy.flight.ctx.Err(); err != nil {
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

// extendDeadline gives the sender time for the next bytes.
func (b *bodyReader) extendDeadline() {
	_ = http.NewResponseController(b.w).SetReadDeadline(time.Now().Add(b.proxy.bodyIdleTimeout))
}

func (b *bodyReader) reserve(n int64) bool {
	if !b.proxy.budget.reserve(n) {
		return false
	}
	b.reserved += n
	return true
}

func (b *bodyReader) tooLarge() *bodyError {
	size := "is larger than"
	if b.r.ContentLength > 0 {
		size = fmt.Sprintf("of %s bytes is larger than", format.Count(int(b.r.ContentLength)))
	}
	return &bodyError{
		status: http.StatusRequestEntityTooLarge,
		message: message{
			Error:  "the body is too large",
			Reason: fmt.Sprintf("a body %s the limit of %s bytes", size, format.Count(int(b.proxy.opts.MaxBody))),
			Next:   "raise the limit with: taskhook listen … --max-body 20MiB",
		},
		store: true,
	}
}

const overBudgetText = "too many bytes of request bodies are in flight"

func (b *bodyReader) overBudget() *bodyError {
	b.proxy.degraded.begin(&b.proxy.degraded.memory, overBudgetText)
	return &bodyError{
		status: http.StatusTooManyRequests,
		message: message{
			Error:  "taskhook is busy",
			Reason: fmt.Sprintf("%s: the limit is %s", overBudgetText, format.Bytes(b.proxy.budget.total)),
			Next:   "send it again later",
		},
	}
}

// incomplete is the error for a body that did not arrive completely. Its request
// is stored without it, so that people see that something is missing.
func (b *bodyReader) incomplete(n int64, err error) *bodyError {
	of := ""
	if b.r.ContentLength > 0 {
		of = fmt.Sprintf(" of %d", b.r.ContentLength)
	}
	ref := &bodyError{status: http.StatusBadRequest, store: true, decision: webhook.RejectedMalformed}
	switch {
	case errors.Is(err, context.Canceled), httpwire.IsTimeout(err) && b.proxy.flight.ctx.Err() != nil:
		ref.status, ref.decision = http.StatusTooManyRequests, webhook.DecisionNone
		ref.message = stoppingMessage()
	case httpwire.IsTimeout(err):
		b.detach()
		ref.status = http.StatusRequestTimeout
		ref.message = message{
			Error:  "the body did not arrive",
			Reason: fmt.Sprintf("the sender paused for more than %s after %d%s bytes of the body", format.Duration(b.proxy.bodyIdleTimeout), n, of),
			Next:   "send it again",
		}
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		ref.message = message{
			Error:  "the body is incomplete",
			Reason: fmt.Sprintf("the sender broke off after %d%s bytes of the body", n, of),
			Next:   "compare Content-Length with what is sent",
		}
	default:
		ref.unreadable = true
		ref.message = message{
			Error:  "the body cannot be read",
			Reason: fmt.Sprintf("after %d%s bytes of the body: %v", n, of, err),
			Next:   "check how the sender encodes the body",
		}
	}
	return ref
}
