package filter

import (
	"math"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// Bounds are limits that every selected event keeps, so that a scan can start
// and end early. They may be wider than what is selected, never narrower. The
// zero value bounds nothing.
type Bounds struct {
	First, Last webhook.ID // inclusive; 0: none
	Since       time.Time  // received at or after; zero: none
	Before      time.Time  // received before; zero: none
	Nothing     bool       // nothing at all is selected
}

// Bounds returns the limits of what the scan can select.
func (s *Scan) Bounds() Bounds {
	var b Bounds
	if s.root == nil {
		return b
	}
	sp := s.root.span()
	if sp.first > sp.last || sp.last < 1 {
		return Bounds{Nothing: true}
	}
	b.First = webhook.ID(max(sp.first, 0))
	if sp.last != math.MaxInt64 {
		b.Last = webhook.ID(sp.last)
	}
	for _, i := range sp.since {
		if t := s.c.times[i]; t.After(b.Since) {
			b.Since = t
		}
	}
	for _, i := range sp.before {
		if t := s.c.times[i]; b.Before.IsZero() || t.Before(b.Before) {
			b.Before = t
		}
	}
	return b
}

// span is Bounds before the clock is known: since and before are indices of
// moments, all of which hold.
type span struct {
	first, last   int64
	since, before []int
}

// everything is the span that bounds nothing.
var everything = span{last: math.MaxInt64}

// cut returns what lies in both.
func (s span) cut(o span) span {
	return span{
		first: max(s.first, o.first), last: min(s.last, o.last),
		since:  append(s.since[:len(s.since):len(s.since)], o.since...),
		before: append(s.before[:len(s.before):len(s.before)], o.before...),
	}
}

// hull returns a span around both. Which of two moments is the wider one
// depends on the clock, so times are given up.
func (s span) hull(o span) span {
	return span{first: min(s.first, o.first), last: max(s.last, o.last)}
}
