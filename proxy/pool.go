package proxy

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/taskhook/taskhook/httpwire"
)

// maxIdle is how long an idle connection to the app is reused. Web servers close
// idle connections after 2 s (gunicorn) or 5 s (Node, Apache, uvicorn): a
// shorter time avoids writing a request to a connection that is just being
// closed. A new loopback connection costs 0.1 ms.
const maxIdle = 1500 * time.Millisecond

// distrustFor is how long connections to an app are not reused after one of
// them was closed under a request.
const distrustFor = time.Minute

// pool has the idle connections to the app. It runs no goroutine; while there
// are any, a timer closes those that have expired.
type pool struct {
	dialer   dialer
	max      int             // idle connections
	stopping <-chan struct{} // closed when nothing waits for an app any more

	mu     sync.Mutex
	idle   []*conn                       // oldest first
	fresh  map[httpwire.Origin]time.Time // until when no connection there is reused
	known  map[httpwire.Origin]bool      // apps that have answered
	sweep  *time.Timer
	closed bool
}

// get returns an idle connection that the app has not closed, or a new one. Its
// deadline is set. While the app is away, get waits for it as long as wait
// says; waited is how long that took.
func (p *pool) get(ctx context.Context, o httpwire.Origin, deadline time.Time, wait time.Duration) (c *conn, waited time.Duration, err error) {
	for c := p.takeIdle(o); c != nil; c = p.takeIdle(o) {
		if c.SetDeadline(deadline) == nil && isOpen(c.Conn) {
			return c, 0, nil
		}
		_ = c.Close()
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	nc, waited, err := p.dialer.await(ctx, o, wait, p.stopping)
	if err != nil {
		return nil, waited, err
	}
	c = newConn(nc, o)
	if err := c.SetDeadline(deadline); err != nil {
		_ = c.Close()
		return nil, waited, &dialError{err}
	}
	return c, waited, nil
}

// takeIdle removes the most recently used connection from the pool and returns
// it, nil if there is none.
func (p *pool) takeIdle(o httpwire.Origin) *conn {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.idle) - 1; i >= 0; i-- {
		c := p.idle[i]
		if c.origin != o || !now.Before(c.expires) {
			continue // the timer closes expired ones
		}
		p.idle = slices.Delete(p.idle, i, i+1)
		return c
	}
	return nil
}

// put adds a connection that may be idle for a time.
func (p *pool) put(c *conn, idle time.Duration) {
	now := time.Now()
	c.expires = now.Add(idle)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !c.reused {
		c.reused = true
		p.remember(c.origin)
	}
	if p.closed || idle <= 0 || len(p.idle) >= p.max || now.Before(p.fresh[c.origin]) {
		_ = c.Close()
		return
	}
	p.idle = append(p.idle, c)
	if p.sweep == nil {
		p.sweep = time.AfterFunc(maxIdle, p.closeExpired)
	}
}

// maxKnown bounds how many apps are remembered: with --to, any can be asked.
const maxKnown = 1000

// remember notes that an app has answered. The lock is held.
func (p *pool) remember(o httpwire.Origin) {
	if p.known == nil || len(p.known) >= maxKnown {
		p.known = map[httpwire.Origin]bool{}
	}
	p.known[o] = true
}

// answered reports whether an app has answered before, completely and on a
// connection that could be kept.
func (p *pool) answered(o httpwire.Origin) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.known[o]
}

// distrust closes the idle connections to an app, which closes them too early,
// and reuses none for a while.
func (p *pool) distrust(o httpwire.Origin) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.fresh, func(_ httpwire.Origin, until time.Time) bool { return now.After(until) })
	if p.fresh == nil {
		p.fresh = map[httpwire.Origin]time.Time{}
	}
	p.fresh[o] = now.Add(distrustFor)
	p.idle = slices.DeleteFunc(p.idle, func(c *conn) bool {
		if c.origin != o {
			return false
		}
		_ = c.Close()
		return true
	})
}

// closeExpired closes expired connections and runs again while any are left.
func (p *pool) closeExpired() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	left := p.idle[:0]
	for _, c := range p.idle {
		if p.closed || !now.Before(c.expires) {
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
	p.sweep.Reset(maxIdle / 2)
}

// close closes the idle connections, and from then on those that are put.
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
