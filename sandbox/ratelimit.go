package sandbox

import (
	"sync"
	"time"
)

// The family's rate limits for one token.
const (
	rateMax    = 100
	rateWindow = 10 * time.Second
	rateDaily  = 200_000
)

// rateLimits count the requests of each token in windows of the platform's
// time.
type rateLimits struct {
	mu     sync.Mutex
	tokens map[string][2]windowCount // by ID: the rate window, the day
}

// windowCount counts the requests of one window.
type windowCount struct {
	window   int64 // its number since 1970
	requests int
}

func (c *windowCount) add(window int64) int {
	if c.window != window {
		*c = windowCount{window: window}
	}
	c.requests++
	return c.requests
}

// request counts one request, and returns how many more are allowed in the
// window and on the day: below 0, this one is too many.
func (r *rateLimits) request(token string, now time.Time) (window, day int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tokens == nil {
		r.tokens = map[string][2]windowCount{}
	}
	c := r.tokens[token]
	window = rateMax - c[0].add(now.UnixMilli()/rateWindow.Milliseconds())
	day = rateDaily - c[1].add(now.Unix()/(24*3600))
	r.tokens[token] = c
	return window, day
}
