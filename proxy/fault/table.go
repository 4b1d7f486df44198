package fault

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"taskhook/webhook"
	"taskhook/webhook/filter"
)

// ErrNoRule is returned for a rule that is not in the table.
var ErrNoRule = errors.New("no such rule")

// Table is the rules of a listener. The zero value is empty and ready; it must
// not be copied. Its methods are safe for concurrent use.
type Table struct {
	entries atomic.Pointer[[]*entry] // never changed in place
	mu      sync.Mutex               // held to change entries
	last    int                      // the newest ID
}

// entry is a rule at work.
type entry struct {
	id    int
	rule  Rule
	added time.Time // with a monotonic reading: changes of the clock move no end

	mu      sync.Mutex
	chance  *rand.Rand
	scan    *filter.Scan // of the rule's filter; nil: one is made for every event
	matched int
	fired   int
}

// Add puts a rule at the end of the table. From then on it acts.
func (t *Table) Add(r Rule) webhook.FaultRule {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last++
	e := &entry{id: t.last, rule: r, added: time.Now(), chance: rand.New(rand.NewPCG(r.seed, 0))} //nolint:gosec // faults, not secrets
	if r.filter.Needs() == filter.LevelRow {
		e.scan = r.filter.At(e.added)
	}
	all := append(slices.Clone(t.all()), e)
	t.entries.Store(&all)
	return e.state(time.Now())
}

// Remove takes a rule away. The error wraps [ErrNoRule].
func (t *Table) Remove(id int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	left := slices.DeleteFunc(slices.Clone(t.all()), func(e *entry) bool { return e.id == id })
	if len(left) == len(t.all()) {
		return fmt.Errorf("%w: %d", ErrNoRule, id)
	}
	t.entries.Store(&left)
	return nil
}

// Clear takes all rules away and returns how many there were.
func (t *Table) Clear() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(t.all())
	t.entries.Store(nil)
	return n
}

// Rules returns the rules in the order in which they are tried, ended ones
// included.
func (t *Table) Rules() []webhook.FaultRule {
	all := t.all()
	rules := make([]webhook.FaultRule, len(all))
	now := time.Now()
	for i, e := range all {
		rules[i] = e.state(now)
	}
	return rules
}

// all is the entries at this moment.
func (t *Table) all() []*entry {
	if p := t.entries.Load(); p != nil {
		return *p
	}
	return nil
}

// Decide says what is to be done to a received event: the first rule that
// fires decides. A rule whose filter cannot be decided, because a jq
// expression fails or takes too long, does not fire. The event is not changed
// and not kept.
func (t *Table) Decide(e *webhook.Event) (Effect, bool) {
	all := t.all()
	if len(all) == 0 {
		return Effect{}, false
	}
	now := time.Now()
	sum := webhook.Summary{Event: *e, Outcome: webhook.Outcome{Answer: e.Answer}}
	row := filter.RowOf(&sum)
	for _, one := range all {
		if one.ended(now) {
			continue
		}
		if !one.selects(&row, e, now) {
			continue
		}
		if effect, fires := one.fire(now); fires {
			return effect, true
		}
	}
	return Effect{}, false
}

// received is an event as a filter reads it.
type received struct{ event *webhook.Event }

func (r received) Event() (*webhook.Event, error) { return r.event, nil }
func (r received) Body() ([]byte, error)          { return r.event.Body, nil }

// selects reports whether the rule's filter selects an event. A filter that
// needs the row alone is cheap; another may take its time over a body, and must
// not hold up others meanwhile.
func (e *entry) selects(row *filter.Row, event *webhook.Event, now time.Time) bool {
	if e.scan == nil {
		selected, err := e.rule.filter.At(now).Match(row, received{event})
		return err == nil && selected
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.scan.Move(now)
	return e.scan.Row(row) == filter.Yes
}

// ended reports whether the rule has come to its end.
func (e *entry) ended(now time.Time) bool {
	if e.rule.lasts > 0 && now.Sub(e.added) >= e.rule.lasts {
		return true
	}
	if e.rule.times == 0 {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.fired >= e.rule.times
}

// fire counts an event that the rule's filter selects, and says whether the
// rule acts on it.
func (e *entry) fire(now time.Time) (Effect, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := e.rule
	if r.times > 0 && e.fired >= r.times || r.lasts > 0 && now.Sub(e.added) >= r.lasts {
		return Effect{}, false
	}
	e.matched++
	switch {
	case r.every > 1 && e.matched%r.every != 0,
		r.rate > 0 && e.chance.Float64() >= r.rate:
		return Effect{}, false
	}
	e.fired++
	return Effect{
		Rule: e.id, Status: r.status, Body: r.with, RetryAfter: r.retryAfter,
		Before: e.draw(r.delay), After: e.draw(r.delayAfter), Hang: r.hang, Drop: r.drop,
		Copies: r.copies, Spacing: r.spacing, Signature: r.signature,
	}, true
}

// draw takes a duration from a range.
func (e *entry) draw(s span) time.Duration {
	if s.max <= s.min {
		return s.min
	}
	return s.min + time.Duration(e.chance.Int64N(int64(s.max-s.min)+1))
}

// state is the rule at this moment.
func (e *entry) state(now time.Time) webhook.FaultRule {
	ended := e.ended(now)
	e.mu.Lock()
	defer e.mu.Unlock()
	r := webhook.FaultRule{
		ID: e.id, Text: e.rule.text, Effect: e.rule.Effect(), Warning: e.rule.Warning(),
		AddedAt: e.added, Matched: e.matched, Fired: e.fired, Limit: e.rule.times, Ended: ended,
	}
	if e.rule.lasts > 0 {
		r.Ends = e.added.Add(e.rule.lasts)
	}
	return r
}
