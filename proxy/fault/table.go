package fault

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

// ErrNoRule is returned when a rule to remove is not in the table.
var ErrNoRule = errors.New("no such rule")

// Table is the rules of a listener. The zero value is empty and ready; it must
// not be copied. Its methods are safe for concurrent use.
type Table struct {
	// Changed, unless it is nil, is called when a rule was added, was removed,
	// or has come to its number of times; it must return at once. It is set
	// before the table is used.
	Changed func()
	// JQ runs the jq expressions of the rules' filters; nil: none of them can
	// tell. It is set before the table is used.
	JQ filter.JQ

	entries atomic.Pointer[[]*entry] // never changed in place; nil: none
	mu      sync.Mutex               // guards changes of entries
	last    int                      // the newest ID
}

// Add adds a rule at the end of the table.
func (t *Table) Add(r Rule) webhook.FaultRule {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.added(t.all(), []Rule{r})
	t.set(all)
	return all[len(all)-1].state(time.Now())
}

// Change makes a change as a whole and returns the rules after it. With an error
// nothing has changed: it is a *[RuleError] for a text to add that is not a
// rule, and wraps [ErrNoRule] for a rule to remove that is not there.
func (t *Table) Change(c webhook.FaultChange) ([]webhook.FaultRule, error) {
	rules := make([]Rule, len(c.Add))
	for i, text := range c.Add {
		var err error
		if rules[i], err = Parse(text); err != nil {
			return nil, err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var left []*entry
	if !c.Clear {
		left = t.all()
	}
	left, err := without(left, c.Remove)
	if err != nil {
		return nil, err
	}
	all := t.added(left, rules)
	if c.Clear || len(c.Add)+len(c.Remove) > 0 {
		t.set(all)
	}
	return states(all), nil
}

// Rules returns the rules in the order in which they are tried, ended ones
// included.
func (t *Table) Rules() []webhook.FaultRule { return states(t.all()) }

// all returns the entries now.
func (t *Table) all() []*entry {
	if p := t.entries.Load(); p != nil {
		return *p
	}
	return nil
}

// set replaces the entries.
func (t *Table) set(all []*entry) {
	if len(all) == 0 {
		t.entries.Store(nil)
	} else {
		t.entries.Store(&all)
	}
	t.tell()
}

func (t *Table) tell() {
	if t.Changed != nil {
		t.Changed()
	}
}

// added returns entries with rules after them.
func (t *Table) added(all []*entry, rules []Rule) []*entry {
	all = slices.Clone(all)
	for _, r := range rules {
		t.last++
		all = append(all, newEntry(t.last, r, t.JQ))
	}
	return all
}

// without returns entries without those that have certain IDs.
func without(all []*entry, ids []int) ([]*entry, error) {
	all = slices.Clone(all)
	for _, id := range ids {
		i := slices.IndexFunc(all, func(e *entry) bool { return e.id == id })
		if i < 0 {
			return nil, fmt.Errorf("%w: %d", ErrNoRule, id)
		}
		all = slices.Delete(all, i, i+1)
	}
	return all, nil
}

func states(all []*entry) []webhook.FaultRule {
	rules := make([]webhook.FaultRule, len(all))
	now := time.Now()
	for i, e := range all {
		rules[i] = e.state(now)
	}
	return rules
}

// Decide returns what to do to a received event: the action of the first rule
// that fires, if one does. A rule does not fire when its filter cannot tell,
// because a jq expression fails or is too much for the event; the latter counts
// as undecided. Decide neither changes the event nor retains its body.
func (t *Table) Decide(e *webhook.Event) (Action, bool) {
	// Apart from decide, so that a table without rules costs one load.
	all := t.entries.Load()
	if all == nil {
		return Action{}, false
	}
	return t.decide(*all, e)
}

func (t *Table) decide(all []*entry, e *webhook.Event) (Action, bool) {
	now := time.Now()
	sum := webhook.Summary{Event: *e, Outcome: webhook.Outcome{Answer: e.Answer}}
	row := filter.RowOf(&sum)
	for _, one := range all {
		if one.ended(now) || !one.selects(&row, e, now) {
			continue
		}
		if action, fires := one.fire(now); fires {
			if one.rule.times > 0 && one.ended(now) {
				t.tell()
			}
			return action, true
		}
	}
	return Action{}, false
}

// entry is a rule in a table.
type entry struct {
	id    int
	rule  Rule
	added time.Time // with a monotonic reading, so that changes of the clock do not matter
	scans sync.Pool // of the rule's filter: a scan serves one goroutine at a time

	mu        sync.Mutex // guards what follows
	chance    *rand.Rand
	matched   int
	fired     int
	undecided int
}

func newEntry(id int, r Rule, jq filter.JQ) *entry {
	e := &entry{
		id: id, rule: r, added: time.Now(),
		chance: rand.New(rand.NewPCG(r.seed, 0)), //nolint:gosec // faults, not secrets
	}
	e.scans.New = func() any { return r.filter.At(e.added, jq) }
	return e
}

// selects reports whether the rule's filter selects an event. It locks nothing,
// since a filter may be slow and other events must not wait for it.
func (e *entry) selects(row *filter.Row, event *webhook.Event, now time.Time) bool {
	scan, _ := e.scans.Get().(*filter.Scan)
	defer e.scans.Put(scan)
	scan.Move(now)
	selected, err := scan.Match(row, filter.InMemory(event))
	if err != nil { // of jq: memory has none
		e.mu.Lock()
		defer e.mu.Unlock()
		e.undecided++
		return false
	}
	return selected
}

// ended reports whether the rule has ended.
func (e *entry) ended(now time.Time) bool {
	if e.rule.lifetime > 0 && now.Sub(e.added) >= e.rule.lifetime {
		return true
	}
	if e.rule.times == 0 {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.fired >= e.rule.times
}

// fire counts an event that the rule's filter selects. It returns the rule's
// action, if the rule acts on this event.
func (e *entry) fire(now time.Time) (Action, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := &e.rule
	if r.times > 0 && e.fired >= r.times || r.lifetime > 0 && now.Sub(e.added) >= r.lifetime {
		return Action{}, false // it has ended in the meantime
	}
	e.matched++
	switch {
	case r.every > 1 && e.matched%r.every != 0,
		r.rate > 0 && e.chance.Float64() >= r.rate:
		return Action{}, false
	}
	e.fired++
	return Action{
		Rule: e.id, Status: r.status,
		Before: e.draw(r.delay), After: e.draw(r.delayAfter), Hang: r.hang, Drop: r.drop,
		Copies: r.copies, Spacing: r.spacing, Signature: r.signature,
	}, true
}

// draw returns a random duration from a range.
func (e *entry) draw(s delayRange) time.Duration {
	if s.fixed() {
		return s.min
	}
	return s.min + time.Duration(e.chance.Int64N(int64(s.max-s.min)+1))
}

// state returns the rule as it is now.
func (e *entry) state(now time.Time) webhook.FaultRule {
	ended := e.ended(now)
	e.mu.Lock()
	defer e.mu.Unlock()
	r := webhook.FaultRule{
		ID: e.id, Text: e.rule.text, Effect: e.rule.Description(), Warning: e.rule.Warning(), AddedAt: e.added,
		Matched: e.matched, Fired: e.fired, Undecided: e.undecided, Limit: e.rule.times, Ended: ended,
	}
	if e.rule.lifetime > 0 {
		r.Ends = e.added.Add(e.rule.lifetime)
	}
	return r
}
