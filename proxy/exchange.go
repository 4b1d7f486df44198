package proxy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// inlineBody is up to which size, in bytes, a request is written before its
// answer is read. It fits into the buffers of a loopback socket; a larger one
// is written beside the reading, since an app may answer without reading it.
const inlineBody = 64 << 10

// keepHead is up to which size, in bytes, a connection keeps its buffer for
// request heads.
const keepHead = 16 << 10

// transport makes exchanges with the app: one try each. Unlike http.Transport
// it never sends again what may have reached the app, writes exactly the
// headers it is given, and keeps no goroutines.
type transport struct{ pool pool }

// exchange is a request that has been answered as far as the head. Its owner
// reads the body and calls finish.
type exchange struct {
	pool *pool
	conn *conn
	resp *http.Response
	stop func() bool // ends the context's hold on the connection

	written  chan struct{} // closed when a large request has left; nil: written before the answer was read
	sent     int64         // bytes of the request that have left
	writeErr error         // why not all have
}

// roundTrip sends r once and reads the head of the answer. The deadline
// covers everything, the answer's body too. When ctx ends, the connection is
// cut. Errors before the app was reached are *dialError.
func (t *transport) roundTrip(ctx context.Context, r *request, deadline time.Time) (*exchange, error) {
	for {
		c, err := t.pool.take(ctx, r.target.Origin(), deadline)
		if err != nil {
			return nil, err
		}
		x := &exchange{pool: &t.pool, conn: c}
		x.stop = context.AfterFunc(ctx, func() { _ = c.Close() })
		err = x.try(r)
		if err == nil {
			return x, nil
		}
		if !errors.Is(err, errNothingSent) || ctx.Err() != nil {
			return nil, err
		}
		// The app had closed this kept connection, and no byte of the request
		// had left: another connection is still the first attempt.
	}
}

// try sends the request and reads the head of the answer. On an error the
// connection is closed.
func (x *exchange) try(r *request) error {
	x.send(r)
	var err error
	if x.written == nil && x.writeErr != nil && x.sent == 0 {
		err = noAnswer(x.writeErr)
	} else {
		// Even after a failed write there may be an answer: an app may answer
		// and close before it has read everything.
		x.resp, err = x.conn.readHead(r.method) //nolint:bodyclose // finish closes it
	}
	if err == nil {
		return nil
	}
	x.cut()
	if x.conn.reused && x.sent == 0 && !isTimeout(x.writeErr) {
		return errNothingSent
	}
	return err
}

func (x *exchange) send(r *request) {
	c := x.conn
	c.head = r.appendHead(c.head[:0])
	if len(r.body) <= inlineBody {
		x.sent, x.writeErr = c.write(c.head, r.body)
		return
	}
	x.written = make(chan struct{})
	go func() {
		defer close(x.written)
		x.sent, x.writeErr = c.write(c.head, r.body)
	}()
}

// cut closes the connection and waits for what still uses it.
func (x *exchange) cut() {
	x.stop()
	_ = x.conn.Close()
	if x.written != nil {
		<-x.written
	}
}

// finish ends the exchange. The connection is kept when the answer was read
// to its end and nothing speaks against it.
func (x *exchange) finish(complete bool) {
	keep := complete && x.hasLeft() && !x.resp.Close && x.conn.reader.Buffered() == 0
	if cap(x.conn.head) > keepHead {
		x.conn.head = nil
	}
	if keep && x.stop() {
		x.pool.put(x.conn, keepFor(x.resp.Header))
	} else {
		x.cut()
	}
	_ = x.resp.Body.Close()
}

// hasLeft reports whether the whole request has been written by now.
func (x *exchange) hasLeft() bool {
	if x.written != nil {
		select {
		case <-x.written:
		default:
			return false
		}
	}
	return x.writeErr == nil
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}
