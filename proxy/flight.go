package proxy

import (
	"context"
	"errors"
	"sync"
)

// ErrStopping is returned when something is to be sent while the proxy stops.
var ErrStopping = errors.New("taskhook is stopping")

// flight counts the requests and resends in progress, so that the end can
// wait for them and cut them.
type flight struct {
	// life ends when everything still in progress is cut. It is kept here
	// because it belongs to no single call.
	life context.Context
	cut  context.CancelFunc

	draining chan struct{} // closed once nothing new is to be forwarded

	mu     sync.Mutex
	n      int
	closed bool          // nothing may enter any more
	drains bool          // draining is closed
	empty  chan struct{} // closed when n becomes 0; nil while nobody waits for that
}

func (f *flight) init() {
	f.life, f.cut = context.WithCancel(context.Background())
	f.draining = make(chan struct{})
}

// enter reports whether work may begin; if so, leave must be called after it.
func (f *flight) enter() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	f.n++
	return true
}

func (f *flight) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n--
	if f.n == 0 && f.empty != nil {
		close(f.empty)
		f.empty = nil
	}
}

func (f *flight) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n
}

func (f *flight) drain() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.drains {
		f.drains = true
		close(f.draining)
	}
}

// stopping reports whether nothing new is to be forwarded.
func (f *flight) stopping() bool {
	select {
	case <-f.draining:
		return true
	default:
		return false
	}
}

// close lets nothing in any more.
func (f *flight) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}

// quiet returns a channel that is closed once nothing is in progress.
func (f *flight) quiet() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.n == 0 {
		now := make(chan struct{})
		close(now)
		return now
	}
	if f.empty == nil {
		f.empty = make(chan struct{})
	}
	return f.empty
}

// Drain begins an orderly end: what is being forwarded goes on, everything
// else is stored and answered 429, so that the platform sends it again.
func (p *Proxy) Drain() { p.flight.drain() }

// Close ends the proxy: it drains, waits for what is in progress, cuts what is
// left when ctx ends, and returns once nothing is left. From then on requests
// are answered 429 without being stored, so the store may be closed. Close
// closes the connections to the app, may be called again, and returns nil.
func (p *Proxy) Close(ctx context.Context) error {
	p.Drain()
	select {
	case <-p.flight.quiet():
	case <-ctx.Done():
		if n := p.InFlight(); n > 0 {
			p.logger.Warn("cutting what is still in progress", "requests", n)
		}
	}
	p.flight.close()
	p.flight.cut()
	<-p.flight.quiet()
	p.transport.pool.close()
	return nil
}
