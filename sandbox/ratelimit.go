package sandbox

import (
	"context"
	"sync"
	"time"
)

// The family's limits for one token.
const (
	rateMax    = 100
	rateWindow = 10 * time.Second
	dailyLimit = 200_000
)

// rateLimits counts the requests of each token in windows of the platform's
// time.
type rateLimits struct {
	mu  sync.Mutex
	all map[string]*rateCount
}

type rateCount struct {
	window, day       int64 // which one
	inWindow, inADays int
}

// rest is how many requests are left.
type rest struct{ window, day int }

// take counts one request and reports whether it is within the limits.
func (r *rateLimits) take(id string, now time.Time) (rest, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = map[string]*rateCount{}
	}
	c := r.all[id]
	if c == nil {
		c = &rateCount{}
		r.all[id] = c
	}
	if w := now.UnixMilli() / rateWindow.Milliseconds(); w != c.window {
		c.window, c.inWindow = w, 0
	}
	if d := now.Unix() / (24 * 3600); d != c.day {
		c.day, c.inADays = d, 0
	}
	c.inWindow++
	c.inADays++
	left := rest{rateMax - c.inWindow, dailyLimit - c.inADays}
	return left, left.window >= 0 && left.day >= 0
}

// SetRateLimit turns the limit of requests on or off; it is on in a new
// sandbox.
func (s *Sandbox) SetRateLimit(ctx context.Context, on bool) error {
	return s.change(ctx, func(m *meta) error {
		m.RateLimit = on
		return nil
	})
}
