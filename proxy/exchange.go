package proxy

import (
	"context"
	"errors"
	"time"

	"github.com/taskhook/taskhook/httpwire"
)

// inlineBody is the size, in bytes, up to which a body is written before the
// answer is read: it fits into the buffers of a loopback socket. A larger one is
// written concurrently, since an app may answer without reading it.
const inlineBody = 64 << 10

// maxHeadBuffer is the size, in bytes, up to which a connection retains its
// buffer for request heads.
const maxHeadBuffer = 16 << 10

// transport sends requests to the app, each of them once. Unlike http.Transport
// it never repeats a request that may have reached the app, writes exactly the
// headers that it gets, and leaves no goroutines behind.
type transport struct{ pool pool }

// exchange is a request and the head of its answer. Its owner reads the body and
// calls finish.
type exchange struct {
	pool *pool
	conn *conn
	resp *response
	stop func() bool // from here on the context does not close the connection

	written  chan struct{} // closed when a large request is written; nil: before the answer was read
	sent     int64         // bytes of the request that were written
	writeErr error         // why not all were
}

// roundTrip sends r once and reads the head of the answer. The deadline includes
// the answer's body. When ctx ends, the connection is closed. Errors before the
// app was reached are *dialError. With a timeout of an app that has got the whole
// request it also returns the exchange: its owner awaits or aborts it. waited is
// how long the app was away before.
func (t *transport) roundTrip(ctx context.Context, r *request, deadline time.Time) (x *exchange, waited time.Duration, err error) {
	for {
		c, more, err := t.pool.get(ctx, r.target.Origin(), deadline, r.wait)
		waited += more
		if err != nil {
			return nil, waited, err
		}
		c.deadline = deadline
		x := &exchange{pool: &t.pool, conn: c}
		x.stop = context.AfterFunc(ctx, func() { _ = c.Close() })
		err = x.try(r)
		if err == nil || x.awaitable(err) {
			return x, waited, err
		}
		if !errors.Is(err, errNothingSent) || ctx.Err() != nil {
			return nil, waited, t.askWhy(ctx, c, err)
		}
		// The app had closed this idle connection before a byte of the request
		// was written: another connection is still the first attempt.
	}
}

// askWhy returns why an exchange failed: where a new connection was closed
// without a word, and the app has never answered before, it may speak something
// else.
func (t *transport) askWhy(ctx context.Context, c *conn, err error) error {
	o := c.origin
	if !errors.Is(err, errNoAnswer) || o.TLS() || c.via != nil || t.pool.answered(o) {
		return err
	}
	if other := t.pool.dialer.ask(ctx, o); other != nil {
		return other
	}
	return err
}

// try sends the request and reads the head of the answer. On an error the
// connection is closed, unless the answer may be awaited.
func (x *exchange) try(r *request) error {
	x.send(r)
	var err error
	if x.written == nil && x.writeErr != nil && x.sent == 0 {
		err = noAnswer(x.writeErr)
	} else {
		// Even after a failed write there may be an answer: an app may answer
		// and close before it has read everything.
		x.resp, err = x.conn.readHead(r.method)
	}
	if err == nil || x.awaitable(err) {
		return err
	}
	x.abort()
	switch {
	case !x.conn.reused:
	case x.sent == 0 && !httpwire.IsTimeout(x.writeErr):
		return errNothingSent
	case errors.Is(err, errNoAnswer):
		x.pool.distrust(x.conn.origin)
		return errClosedIdle
	}
	return err
}

func (x *exchange) send(r *request) {
	c := x.conn
	c.head = r.appendHead(c.head[:0], c.via)
	if len(r.body) <= inlineBody {
		x.sent, x.writeErr = c.write(c.head, r.body, r.tail())
		return
	}
	x.written = make(chan struct{})
	go func() {
		defer close(x.written)
		x.sent, x.writeErr = c.write(c.head, r.body, r.tail())
	}()
}

// abort closes the connection and waits until nothing uses it any more.
func (x *exchange) abort() {
	x.stop()
	_ = x.conn.Close()
	if x.written != nil {
		<-x.written
	}
}

// finish ends the exchange. Complete says that the answer was read to its end:
// the connection may be reused then.
func (x *exchange) finish(complete bool) {
	reusable := complete && x.isWritten() && !x.resp.close && len(x.resp.notes) == 0 && x.conn.reader.Buffered() == 0
	if cap(x.conn.head) > maxHeadBuffer {
		x.conn.head = nil
	}
	if reusable && x.stop() {
		x.pool.put(x.conn, idleTimeout(x.resp.header))
	} else {
		x.abort()
	}
}

// isWritten reports whether the request has been written completely.
func (x *exchange) isWritten() bool {
	if x.written != nil {
		select {
		case <-x.written:
		default:
			return false
		}
	}
	return x.writeErr == nil
}
