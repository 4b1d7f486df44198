// Package retry says when a sender sends again: pure data and arithmetic,
// without HTTP and without a clock of its own.
package retry

import "time"

// Policy is a sender's rule for sending again.
type Policy struct {
	Name       string
	MaxRetries int           // after the first send: 6 retries are at most 7 sends
	Interval   time.Duration // between two sends, without jitter
	JitterMin  time.Duration // added to every interval, at least
	JitterMax  time.Duration // added to every interval, at most
	Statuses   []Range       // the answers that bring the event back
}

// Range is an inclusive range of status codes.
type Range struct{ Min, Max int }

// Retries reports whether a status brings the event back.
func (p Policy) Retries(status int) bool {
	for _, r := range p.Statuses {
		if status >= r.Min && status <= r.Max {
			return true
		}
	}
	return false
}

// Next returns when the sender is expected to send again after its try-th
// send (from 1) was answered with status at a time, jitter counted at its
// mean. The zero time means that it will not.
func (p Policy) Next(try, status int, at time.Time) time.Time {
	if !p.Retries(status) || try > p.MaxRetries {
		return time.Time{}
	}
	return at.Add(p.Interval + (p.JitterMin+p.JitterMax)/2)
}
