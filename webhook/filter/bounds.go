package filter

import (
	"math"

	"github.com/taskhook/taskhook/webhook"
)

// Bounds returns the IDs between which every selected event lies, both
// included, so that a scan can start and end early. They may be wider than what
// is selected, never narrower. When last is before first nothing is selected.
func (f *Filter) Bounds() (first, last webhook.ID) {
	r := everyID
	if f.root != nil {
		r = f.root.ids()
	}
	if r.most == math.MaxInt64 {
		return webhook.ID(r.least), math.MaxUint64
	}
	return webhook.ID(r.least), webhook.ID(r.most)
}

// everyID is the range of IDs that bounds nothing.
var everyID = interval{1, math.MaxInt64}

// and returns what lies in both.
func (i interval) and(o interval) interval {
	return interval{max(i.least, o.least), min(i.most, o.most)}
}

// or returns an interval around both.
func (i interval) or(o interval) interval {
	return interval{min(i.least, o.least), max(i.most, o.most)}
}
