// Package retry says when a sender sends again: a [Policy] is the rule, [Plan]
// draws a schedule from it, and [Do] plays the sender. It knows neither HTTP nor
// a store: the caller of Do sends and stores.
package retry

import (
	"time"
)

// The limits of a policy. With them the longest schedule, a hundred years,
// still fits a time.Duration.
const (
	maxRetries = 100
	maxGap     = 365 * 24 * time.Hour
)

// Policy is a sender's rule for sending again. The zero value sends once.
//
// The gap before a retry is Interval, multiplied by Factor once for every
// retry before this one, at most MaxInterval, plus a jitter drawn uniformly
// from JitterMin to JitterMax, both included. A number out of range, such as
// a negative interval or more than 100 retries, counts as the nearest one
// allowed.
type Policy struct {
	Name        string
	MaxRetries  int           // after the first send: 6 retries are at most 7 sends
	Interval    time.Duration // from an answer to the retry, without jitter; 0: no wait
	Factor      float64       // growth of the interval from retry to retry; 0 and 1: none
	MaxInterval time.Duration // the largest interval, without jitter; 0: no limit
	JitterMin   time.Duration // added to every interval, at least
	JitterMax   time.Duration // added to every interval, at most
	Statuses    []Range       // the answers that are retried
	OnError     bool          // retry after no response at all (status 0) too
}

// Range is an inclusive range of status codes.
type Range struct{ Min, Max int }

// Retries reports whether the policy retries after a status. Status 0 stands for
// no response at all.
func (p Policy) Retries(status int) bool {
	if status == 0 {
		return p.OnError
	}
	for _, r := range p.Statuses {
		if status >= r.Min && status <= r.Max {
			return true
		}
	}
	return false
}

// Next returns when the next send is expected after the try-th send (from 1) was
// answered with a status at a time, with the mean jitter. It is zero if there
// will not be one.
func (p Policy) Next(try, status int, at time.Time) time.Time {
	if !p.Retries(status) || try > p.MaxRetries {
		return time.Time{}
	}
	shortest, longest := p.Bounds(try)
	return at.Add(shortest + (longest-shortest)/2)
}

// Bounds returns the shortest and the longest gap that the policy allows
// between the answer to a send and the given retry (from 1).
func (p Policy) Bounds(retry int) (shortest, longest time.Duration) {
	d := p.interval(retry)
	shortest = d + max(p.JitterMin, 0)
	return shortest, max(shortest, d+p.JitterMax)
}

// interval returns the gap before a retry (from 1) without its jitter.
func (p Policy) interval(retry int) time.Duration {
	limit := maxGap
	if p.MaxInterval > 0 {
		limit = min(limit, p.MaxInterval)
	}
	d := float64(max(p.Interval, 0))
	if p.Factor > 1 {
		// Step by step: the last bit of math.Pow depends on the processor, that
		// of a product does not.
		for i := 1; i < retry && d > 0 && d < float64(limit); i++ {
			d = float64(d * p.Factor)
		}
	}
	if d >= float64(limit) {
		return limit
	}
	return time.Duration(d)
}

// retries is MaxRetries within its limits.
func (p Policy) retries() int { return min(max(p.MaxRetries, 0), maxRetries) }
