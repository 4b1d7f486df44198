// Package retry says when a sender sends again: a [Policy] is the rule, [Plan]
// the schedule that follows from it, and [Do] plays the sender. It knows
// neither HTTP nor a store: who calls Do does the sending.
package retry

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The limits of a policy. With them the longest schedule, a hundred years,
// still fits a time.Duration.
const (
	maxRetries = 100
	maxGap     = 365 * 24 * time.Hour
	maxName    = 64 // characters
)

// Policy is a sender's rule for sending again. The zero value sends once.
//
// The gap before a retry is Interval, multiplied by Factor once for every
// retry before this one, at most MaxInterval, plus a jitter drawn uniformly
// from JitterMin to JitterMax, both included.
type Policy struct {
	Name        string
	MaxRetries  int           // after the first send: 6 retries are at most 7 sends
	Interval    time.Duration // between two sends, without jitter; 0: at once
	Factor      float64       // growth of the interval from retry to retry; 0 and 1: none, a constant policy
	MaxInterval time.Duration // the interval grows no further, jitter comes on top; 0: no such limit
	JitterMin   time.Duration // added to every interval, at least
	JitterMax   time.Duration // added to every interval, at most
	Statuses    []Range       // the answers that bring the event back
	OnError     bool          // no response at all (status 0) brings it back too
}

// Range is an inclusive range of status codes.
type Range struct{ Min, Max int }

// Retries reports whether a status brings the event back. Status 0 stands for
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

// Next returns when the sender is expected to send again after its try-th
// send (from 1) was answered with status at a time, jitter counted at its
// mean. The zero time means that it will not.
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
		// Multiplied step by step: math.Pow may differ in its last bit from
		// one processor to another, a plain product does not.
		for i := 1; i < retry && d > 0 && d < float64(limit); i++ {
			d = float64(d * p.Factor)
		}
	}
	if d >= float64(limit) {
		return limit
	}
	return time.Duration(d)
}

// retries is MaxRetries held within its limits, for a policy that nobody
// validated.
func (p Policy) retries() int { return min(max(p.MaxRetries, 0), maxRetries) }

// PolicyError says what is wrong with a policy.
type PolicyError struct {
	Field string // as in a policy file, "" if no single field is meant
	// Line and Column say where in the file, both from 1, the column in
	// characters; 0 when the policy does not come from a file.
	Line, Column int
	Message      string
}

// Error returns the message, with the position before it if there is one.
func (e *PolicyError) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Validate returns a [*PolicyError] for the first thing in the policy that
// cannot be meant: a negative or unbounded number, bounds the wrong way
// round, retries that nothing would ever bring about.
func (p Policy) Validate() error {
	wrong := func(field, format string, args ...any) error {
		return &PolicyError{Field: field, Message: field + " " + fmt.Sprintf(format, args...)}
	}
	if why := badName(p.Name); why != "" {
		return wrong("name", "%s", why)
	}
	if p.MaxRetries < 0 || p.MaxRetries > maxRetries {
		return wrong("maxRetries", "%d is not between 0 and %d", p.MaxRetries, maxRetries)
	}
	for _, d := range []struct {
		field string
		value time.Duration
	}{{"interval", p.Interval}, {"maxInterval", p.MaxInterval}, {"jitterMin", p.JitterMin}, {"jitterMax", p.JitterMax}} {
		if d.value < 0 {
			return wrong(d.field, "%s is negative", short(d.value))
		}
		if d.value > maxGap {
			return wrong(d.field, "%s is longer than a year", short(d.value))
		}
	}
	if math.IsNaN(p.Factor) || math.IsInf(p.Factor, 0) || p.Factor != 0 && p.Factor < 1 {
		return wrong("factor", "%v is not a number from 1 up (1: a constant interval)", p.Factor)
	}
	if p.MaxInterval > 0 && p.MaxInterval < p.Interval {
		return wrong("maxInterval", "%s is shorter than interval %s", short(p.MaxInterval), short(p.Interval))
	}
	if p.JitterMax < p.JitterMin {
		return wrong("jitterMax", "%s is shorter than jitterMin %s", short(p.JitterMax), short(p.JitterMin))
	}
	for n := 1; n <= p.MaxRetries; n++ {
		_, longest := p.Bounds(n)
		switch {
		case longest < maxGap:
		case p.Factor > 1 && n > 1:
			return wrong("factor", "%v makes the gap before retry %d a year or longer: set maxInterval", p.Factor, n)
		default:
			return wrong("interval", "%s and the jitter make a gap of a year or longer", short(p.Interval))
		}
	}
	for _, r := range p.Statuses {
		if why := badRange(r); why != "" {
			return wrong("statuses", "%s", why)
		}
	}
	if p.MaxRetries > 0 && len(p.Statuses) == 0 && !p.OnError {
		return wrong("maxRetries", "is %d, but without statuses or onError nothing is ever retried", p.MaxRetries)
	}
	return nil
}

// badName says what is wrong with a name, "" if nothing. A name is printed on
// terminals, so it must not carry control characters.
func badName(name string) string {
	switch {
	case !utf8.ValidString(name):
		return "is not valid UTF-8"
	case utf8.RuneCountInString(name) > maxName:
		return fmt.Sprintf("is longer than %d characters", maxName)
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Sprintf("%q has characters that cannot be printed", name)
	}
	return ""
}

// badRange says what is wrong with a range of statuses, "" if nothing.
func badRange(r Range) string {
	switch {
	case r.Min > r.Max:
		return fmt.Sprintf("%s runs backwards", r)
	case r.Min < 300 && r.Max >= 200:
		return fmt.Sprintf("%s includes 2xx: those answers accept the event", r)
	case r.Min < 300 || r.Max > 599:
		return fmt.Sprintf("%s is not within 300..599", r)
	}
	return ""
}

// String writes the range as in a policy file: "429" or "500..599".
func (r Range) String() string {
	if r.Min == r.Max {
		return fmt.Sprint(r.Min)
	}
	return fmt.Sprintf("%d..%d", r.Min, r.Max)
}

// short writes a duration without the zero units at its end: "10m", "1h".
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// asPolicyError returns the PolicyError in err, nil if there is none.
func asPolicyError(err error) *PolicyError {
	var pe *PolicyError
	if errors.As(err, &pe) {
		return pe
	}
	return nil
}
