package proxy

import (
	"context"
	"time"
)

// pacer starts things at least an interval apart.
type pacer struct {
	interval time.Duration
	next     time.Time
}

// wait waits until the next thing may start. The error is that of ctx, or
// ErrStopping.
func (p *pacer) wait(ctx context.Context, stopping <-chan struct{}) error {
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	timer := time.NewTimer(p.next.Sub(now))
	defer timer.Stop()
	p.next = p.next.Add(p.interval)
	select {
	case <-timer.C:
		return nil
	case <-stopping:
		return ErrStopping
	case <-ctx.Done():
		return ctx.Err()
	}
}
