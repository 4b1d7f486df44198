package taskee

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The headers of the family's rate limit: so many requests in an interval, and
// so many a day. The document names none.
const (
	headerRemaining      = "X-RateLimit-Remaining"
	headerInterval       = "X-RateLimit-Interval-Milliseconds"
	headerDailyRemaining = "X-RateLimit-Daily-Remaining"
)

// Bounds of the waits between tries.
const (
	maxRetries  = 5
	firstWait   = 500 * time.Millisecond // doubles with every try
	longestWait = 30 * time.Second       // of a wait that no header asks for
	// maxInterval bounds what a header can make the next call wait, and the
	// numbers that are read from one.
	maxInterval = 10 * time.Minute
	dayOfWait   = 24 * time.Hour
)

// pace holds requests back while the interval of the rate limit is used up.
type pace struct {
	mu        sync.Mutex
	remaining int       // as last announced
	since     time.Time // when the interval was first seen
	until     time.Time // no request before; zero: go ahead
}

// note takes in what an answer says of the limit.
func (p *pace) note(a answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	refused := a.status == http.StatusTooManyRequests
	if refused {
		// What is known of one call holds for all: they share the token.
		p.hold(a.at.Add(retryAfter(a.header, a.at)))
	}
	remaining, ok := headerNumber(a.header, headerRemaining)
	interval := intervalOf(a.header)
	if !ok || interval == 0 {
		return
	}
	// More is left than before, so an interval has begun in between: it ends
	// at the latest one length from now. That the answers of many goroutines
	// come out of order only makes the end later than it is.
	if p.since.IsZero() || remaining > p.remaining || a.at.Sub(p.since) >= interval {
		p.since = a.at
	}
	p.remaining = remaining
	if remaining == 0 || refused {
		p.hold(p.since.Add(interval))
	}
}

// hold lets no request go before a time. The caller has the lock.
func (p *pace) hold(until time.Time) {
	if until.After(p.until) {
		p.until = until
	}
}

// left is how long requests are held back from now on.
func (p *pace) left(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, p.until.Sub(now))
}

// backoff is how long to wait before the next try of a request whose try so
// many ended with an answer: as long as the API asks for, or else twice as long
// with each try.
func backoff(a answer, try int) time.Duration {
	if asked := retryAfter(a.header, a.at); asked > 0 {
		return asked + jitter(firstWait)
	}
	wait := min(firstWait<<(try-1), longestWait)
	return wait/2 + jitter(wait)
}

// jitter is a random time below a bound, so that clients that were turned away
// together do not come back together.
func jitter(bound time.Duration) time.Duration { return rand.N(bound) }

// retryAfter reads the header of that name: seconds, or a date. 0 if there is
// none; a day at most.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		if n > 0 { // false for NaN
			return time.Duration(min(n, dayOfWait.Seconds()) * float64(time.Second))
		}
		return 0
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(0, at.Sub(now)), dayOfWait)
	}
	return 0
}

// dailyUsedUp reports whether an answer of 429 is about the limit of the day.
func dailyUsedUp(a answer) bool {
	n, ok := headerNumber(a.header, headerDailyRemaining)
	return ok && n == 0 && a.status == http.StatusTooManyRequests
}

// intervalOf is the length of the rate limit's interval, 0 if an answer does
// not say.
func intervalOf(h http.Header) time.Duration {
	n, _ := headerNumber(h, headerInterval)
	return min(time.Duration(n)*time.Millisecond, maxInterval)
}

// headerNumber reads a header that is a number from 0 on.
func headerNumber(h http.Header, name string) (int, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(h.Get(name)), 10, 32)
	return int(max(0, n)), err == nil
}

// sleep waits, or returns why ctx ended.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
