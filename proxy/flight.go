package proxy

import (
	"context"
	"errors"
	"sync"
)

// ErrStopping is returned for a send while the proxy is stopping.
var ErrStopping = errors.New("taskhook is stopping")

// flight counts the requests and resends in progress, so that Close can wait for
// them and cancel them.
type flight struct {
	// ctx ends when everything still in progress is cancelled, because of
	// ErrStopping. It is stored because it does not belong to a single call.
	ctx    context.Context
	cancel context.CancelCauseFunc

	draining chan struct{} // closed when nothing new is forwarded any more

	mu      sync.Mutex
	n       int
	closed  bool          // nothing may enter any more
	drained bool          // draining is closed
	empty   chan struct{} // closed when n becomes 0; nil while nobody waits for that
}

func (f *flight) init() {
	f.ctx, f.cancel = context.WithCancelCause(context.Background())
	f.draining = make(chan struct{})
}

// enter reports whether work may begin. If so, call leave after it.
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

// active returns how many requests and resends are in progress.
func (f *flight) active() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.n
}

func (f *flight) drain() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.drained {
		f.drained = true
		close(f.draining)
	}
}

// stopping reports whether nothing new is forwarded any more.
func (f *flight) stopping() bool {
	select {
	case <-f.draining:
		return true
	default:
		return false
	}
}

// close makes enter return false.
func (f *flight) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}

// idle returns a channel that is closed when nothing is in progress.
func (f *flight) idle() <-chan struct{} {
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

// Drain begins an orderly end: requests that are being forwarded are finished,
// new ones are stored and answered 429, so that the platform sends them again.
// Late answers of the app are no longer awaited: nobody waits for them.
func (p *Proxy) Drain() {
	p.flight.drain()
	p.late.end()
}

// Close drains the proxy, waits for what is in progress, and cancels what is left
// when ctx ends. Afterwards requests are answered 429 and not stored, so that the
// store may be closed. Close closes the connections to the app, may be called
// again, and returns nil.
func (p *Proxy) Close(ctx context.Context) error {
	p.Drain()
	select {
	case <-p.flight.idle():
	case <-ctx.Done():
		if n := p.InFlight(); n > 0 {
			p.logger.Warn("cancelling what is still in progress", "requests", n)
		}
	}
	p.storeFlood()
	p.flight.close()
	p.flight.cancel(ErrStopping)
	<-p.flight.idle()
	p.late.close()
	p.transport.pool.close()
	return nil
}
