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

// ErrNoRule is returned for a rule that is not in the table.
var ErrNoRule = errors.New("no such rule")

// Table is the rules of a listener. The zero value is empty and ready; it must
// not be copied. Its methods are safe for concurrent use.
type Table struct {
	entries atomic.Pointer[[]*entry] // never changed in place; nil: none
	mu      sync.Mutex               // held to change entries
	last    int                      // the newest ID
}

// Add puts a rule at the end of the table. From then on it acts.
func (t *Table) Add(r Rule) webhook.FaultRule {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.added(t.all(), []Rule{r})
	t.set(all)
	return all[len(all)-1].state(time.Now())
}

// Remove takes a rule away. The error wraps [ErrNoRule].
func (t *Table) Remove(id int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	left, err := without(t.all(), []int{id})
	if err != nil {
		return err
	}
	t.set(left)
	return nil
}

// Clear takes all rules away and returns how many there were.
func (t *Table) Clear() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(t.all())
	t.set(nil)
	return n
}

// Change does all of a change, at one moment, and returns the rules after it;
// with an error nothing has been changed. It is a *[RuleError] for a rule that
// cannot be read, and wraps [ErrNoRule] for one that is to be removed and is
// not there.
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
	t.set(all)
	return states(all), nil
}

// Rules returns the rules in the order in which they are tried, ended ones
// included.
func (t *Table) Rules() []webhook.FaultRule { return states(t.all()) }

// Active counts the rules that are on now: those that have not ended.
func (t *Table) Active() int {
	n, now := 0, time.Now()
	for _, e := range t.all() {
		if !e.ended(now) {
			n++
		}
	}
	return n
}

// all is the entries at this moment.
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
		return
	}
	t.entries.Store(&all)
}

// added returns entries with rules after them.
func (t *Table) added(all []*entry, rules []Rule) []*entry {
	all = slices.Clone(all)
	for _, r := range rules {
		t.last++
		all = append(all, newEntry(t.last, r))
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

// Decide says what is to be done to a received event: the first rule that
// fires decides. A rule does not fire when its filter cannot tell, because a jq
// expression fails or runs out of time, which takes 200 ms; the latter is
// counted as undecided. The event is not changed and its body not kept.
func (t *Table) Decide(e *webhook.Event) (Effect, bool) {
	// Apart from decide, so that a table without rules costs one load.
	all := t.entries.Load()
	if all == nil {
		return Effect{}, false
	}
	return decide(*all, e)
}

func decide(all []*entry, e *webhook.Event) (Effect, bool) {
	now := time.Now()
	sum := webhook.Summary{Event: *e, Outcome: webhook.Outcome{Answer: e.Answer}}
	row := filter.RowOf(&sum)
	for _, one := range all {
		if one.ended(now) || !one.selects(&row, e, now) {
			continue
		}
		if effect, fires := one.fire(now); fires {
			return effect, true
		}
	}
	return Effect{}, false
}

// entry is a rule at work.
type entry struct {
	id    int
	rule  Rule
	added time.Time // with a monotonic reading: changes of the clock move no end
	scans sync.Pool // of the rule's filter: a scan serves one goroutine at a time

	mu        sync.Mutex // guards what follows
	chance    *rand.Rand
	matched   int
	fired     int
	undecided int
}

func newEntry(id int, r Rule) *entry {
	e := &entry{
		id: id, rule: r, added: time.Now(),
		chance: rand.New(rand.NewPCG(r.seed, 0)), //nolint:gosec // faults, not secrets
	}
	e.scans.New = func() any { return r.filter.At(e.added) }
	return e
}

// received is an event as a filter reads it.
type received struct{ event *webhook.Event }

func (r received) Event() (*webhook.Event, error) { return r.event, nil }
func (r received) Body() ([]byte, error)          { return r.event.Body, nil }

// selects reports whether the rule's filter selects an event. It holds no lock:
// a filter may take its time over a body, and must not hold up others
// meanwhile.
func (e *entry) selects(row *filter.Row, event *webhook.Event, now time.Time) bool {
	scan, _ := e.scans.Get().(*filter.Scan)
	defer e.scans.Put(scan)
	scan.Move(now)
	selected, err := scan.Match(row, received{event})
	if err != nil { // filter.ErrSlow: received returns none
		e.mu.Lock()
		defer e.mu.Unlock()
		e.undecided++
		return false
	}
	return selected
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

// fire counts an event that the rule's filter selects, and says what the rule
// does to it, if it acts on this one.
func (e *entry) fire(now time.Time) (Effect, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	r := &e.rule
	if r.times > 0 && e.fired >= r.times || r.lasts > 0 && now.Sub(e.added) >= r.lasts {
		return Effect{}, false // it has ended since it was asked
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
	if s.fixed() {
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
		ID: e.id, Text: e.rule.text, Effect: e.rule.Effect(), Warning: e.rule.Warning(), AddedAt: e.added,
		Matched: e.matched, Fired: e.fired, Undecided: e.undecided, Limit: e.rule.times, Ended: ended,
	}
	if e.rule.lasts > 0 {
		r.Ends = e.added.Add(e.rule.lasts)
	}
	return r
}
