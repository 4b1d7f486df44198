package proxy

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/taskhook/taskhook/httpwire"
)

// keepIdle is how long an unused connection to the app is kept. Web servers
// close idle connections after 2 s (gunicorn) or 5 s (Node, Apache, uvicorn);
// giving them up before that is what keeps a request from meeting a
// connection that is just being closed. A new loopback connection costs 0.1 ms.
const keepIdle = 1500 * time.Millisecond

// pool keeps connections to the app for the next exchange. It runs no
// goroutine; while something is kept, a timer drops what has become too old.
type pool struct {
	dialer dialer
	max    int // connections kept at most

	mu     sync.Mutex
	idle   []*conn // oldest first
	sweep  *time.Timer
	closed bool
}

// take returns a connection that the app has kept open, or a new one. Its
// deadline is set.
func (p *pool) take(ctx context.Context, o httpwire.Origin, deadline time.Time) (*conn, error) {
	for c := p.kept(o); c != nil; c = p.kept(o) {
		if c.SetDeadline(deadline) == nil && open(c.Conn) {
			return c, nil
		}
		_ = c.Close()
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	nc, err := p.dialer.dial(ctx, o)
	if err != nil {
		return nil, err
	}
	c := newConn(nc, o)
	if err := c.SetDeadline(deadline); err != nil {
		_ = c.Close()
		return nil, &dialError{err}
	}
	return c, nil
}

// kept takes the most recently used connection out of the pool, nil if there
// is none.
func (p *pool) kept(o httpwire.Origin) *conn {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.idle) - 1; i >= 0; i-- {
		c := p.idle[i]
		if c.origin != o || !now.Before(c.idleUntil) {
			continue // drop closes the old ones
		}
		p.idle = slices.Delete(p.idle, i, i+1)
		return c
	}
	return nil
}

// put keeps a connection for a time.
func (p *pool) put(c *conn, keep time.Duration) {
	c.reused = true
	c.idleUntil = time.Now().Add(keep)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || keep <= 0 || len(p.idle) >= p.max {
		_ = c.Close()
		return
	}
	p.idle = append(p.idle, c)
	if p.sweep == nil {
		p.sweep = time.AfterFunc(keepIdle, p.drop)
	}
}

// drop closes what is too old and comes again while anything is left.
func (p *pool) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	left := p.idle[:0]
	for _, c := range p.idle {
		if p.closed || !now.Before(c.idleUntil) {
			_ = c.Close()
		} else {
			left = append(left, c)
		}
	}
	clear(p.idle[len(left):])
	p.idle = left
	if len(left) == 0 {
		p.sweep = nil
		return
	}
	p.sweep.Reset(keepIdle / 2)
}

// close closes what is kept and keeps nothing from now on.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.sweep != nil {
		p.sweep.Stop()
	}
	for _, c := range p.idle {
		_ = c.Close()
	}
	p.idle = nil
}
