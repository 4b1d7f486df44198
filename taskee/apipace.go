package taskee

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The headers of the family's rate limits, one for an interval and one for a
// day. The document names none.
const (
	headerRemaining      = "X-RateLimit-Remaining"
	headerInterval       = "X-RateLimit-Interval-Milliseconds"
	headerDailyRemaining = "X-RateLimit-Daily-Remaining"
)

// Bounds of the waits between tries.
const (
	maxRetries   = 5
	firstBackoff = 500 * time.Millisecond // doubles with every try
	maxBackoff   = 30 * time.Second       // if no header asks for a longer one
	// maxInterval bounds the interval that a header can announce.
	maxInterval   = 10 * time.Minute
	maxRetryAfter = 24 * time.Hour
)

// pace delays requests while the rate limit is used up.
type pace struct {
	mu        sync.Mutex
	remaining int       // requests, as last announced
	began     time.Time // when the interval was first seen
	notBefore time.Time // when the next request may be sent; zero: now
}

// record updates the pace by what an answer says about the rate limit.
func (p *pace) record(a answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	refused := a.status == http.StatusTooManyRequests
	if refused {
		// All calls share the token, and so its rate limit.
		p.delay(a.at.Add(retryAfter(a.header, a.at)))
	}
	remaining, ok := headerNumber(a.header, headerRemaining)
	interval := intervalOf(a.header)
	if !ok || interval == 0 {
		return
	}
	// If more requests remain than before, a new interval has begun: it ends at
	// the latest one interval from now. Answers that are received out of order
	// only make the end later than it is.
	if p.began.IsZero() || remaining > p.remaining || a.at.Sub(p.began) >= interval {
		p.began = a.at
	}
	p.remaining = remaining
	if remaining == 0 || refused {
		p.delay(p.began.Add(interval))
	}
}

// delay allows no request before a time. The caller holds the lock.
func (p *pace) delay(notBefore time.Time) {
	if notBefore.After(p.notBefore) {
		p.notBefore = notBefore
	}
}

// wait is how long the next request has to wait.
func (p *pace) wait(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, p.notBefore.Sub(now))
}

// backoff is how long to wait after the answer to a try, counted from 1: as
// long as the API asks for, or else twice as long after each try. It is random,
// so that clients that were refused at the same time do not retry at the same
// time.
func backoff(a answer, try int) time.Duration {
	if asked := retryAfter(a.header, a.at); asked > 0 {
		return asked + rand.N(firstBackoff)
	}
	wait := min(firstBackoff<<(try-1), maxBackoff)
	return wait/2 + rand.N(wait)
}

// retryAfter reads the header of that name, in seconds or as a date: at most a
// day, 0 if there is none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		if n > 0 { // false for NaN
			return time.Duration(min(n, maxRetryAfter.Seconds()) * float64(time.Second))
		}
		return 0
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(0, at.Sub(now)), maxRetryAfter)
	}
	return 0
}

// dailyUsedUp reports whether an answer of 429 is about the daily limit.
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

// headerNumber reads a header that is a number, as at least 0.
func headerNumber(h http.Header, name string) (int, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(h.Get(name)), 10, 32)
	return int(max(0, n)), err == nil
}
