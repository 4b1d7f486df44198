package store

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

// One transaction looks at so many rows, and reads so many bytes of events and
// bodies to match them.
const (
	scanRows  = 2048
	scanBytes = 8 << 20
)

// scan walks over the events that may fit, in many short transactions.
type scan struct {
	store   *Store
	filter  *filter.Scan
	row     filter.Row
	load    loader
	arrival bool         // oldest first; else newest first
	ids     []webhook.ID // only these, in that order; nil: all
	hides   bool         // leave out what is no webhook
	cursor  webhook.ID   // only what comes after this event is still to be looked at; 0: all
	first   webhook.ID   // no older event fits
	last    webhook.ID   // no newer event fits
	ended   bool

	// found is given an event that fits. An error concerns that event alone.
	found func(t *txn, id webhook.ID, r *row) error
	// skipped is given an event that is damaged; nil: it is only logged.
	skipped func(id webhook.ID, err error)
	// damaged is given what a damaged page costs; nil: it is only logged.
	damaged func(webhook.DamagedError)
	pages   map[uint64]bool // those that damaged was given
	paused  bool            // found wants no more in this transaction

	undecided undecided
}

// noEvent is the newest event of a scan that has no such bound.
const noEvent = webhook.ID(math.MaxUint64)

// newScan begins a scan of the events that q selects, none of them newer than
// newest.
func (s *Store) newScan(f *filter.Filter, q webhook.Query, newest webhook.ID) *scan {
	sc := &scan{store: s, filter: f.At(time.Now(), s.opts.JQ), cursor: q.Cursor, arrival: q.Order == webhook.OrderArrival}
	sc.hides = q.IDs == nil && !f.ShowsPassed()
	if q.IDs != nil {
		sc.ids = slices.Clone(q.IDs)
		slices.Sort(sc.ids)
		sc.ids = slices.Compact(sc.ids)
		if !sc.arrival {
			slices.Reverse(sc.ids)
		}
	}
	first, last := f.Bounds()
	sc.first, sc.last, sc.ended = first, min(newest, last), last < first
	switch {
	case sc.arrival && sc.first > 0:
		sc.cursor = max(sc.cursor, sc.first-1)
	case !sc.arrival && (sc.cursor == 0 || sc.cursor > sc.last):
		sc.cursor = sc.last + 1 // 0 for noEvent
	}
	return sc
}

// run looks at all there is.
func (sc *scan) run(ctx context.Context) error {
	for !sc.done() {
		if err := sc.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// done reports whether there is nothing left to look at.
func (sc *scan) done() bool { return sc.ended && len(sc.undecided.queue) == 0 }

// step looks at as much as one transaction may. What takes jq is decided, and
// found, after it.
func (sc *scan) step(ctx context.Context) error {
	if len(sc.undecided.queue) == 0 && !sc.ended {
		if err := sc.lookOn(ctx); err != nil {
			return err
		}
		if err := sc.decide(ctx); err != nil {
			return err
		}
	}
	return sc.deliver(ctx)
}

func (sc *scan) lookOn(ctx context.Context) error {
	return sc.store.view(ctx, func(t *txn) error {
		rows := 0
		var failed error
		sc.load.read, sc.paused = 0, false
		more := sc.candidates(t, func(id webhook.ID, r *row, err error) bool {
			if sc.ended = id < sc.first || id > sc.last; sc.ended {
				return false
			}
			if rows++; rows > scanRows || sc.load.read > scanBytes || sc.paused || sc.undecided.enough() {
				return false
			}
			sc.undecided.follow(sc.cursor)
			sc.cursor = id
			if err != nil {
				sc.skip(id, err)
				return true
			}
			failed = sc.look(ctx, t, id, r)
			return failed == nil && !sc.ended
		})
		sc.ended = sc.ended || !more
		sc.tell(t)
		return failed
	})
}

// tell tells of the damaged pages that were met.
func (sc *scan) tell(t *txn) {
	for _, d := range t.snap.Damage() {
		if sc.damaged == nil || sc.pages[d.Page] {
			continue
		}
		if sc.pages == nil {
			sc.pages = map[uint64]bool{}
		}
		sc.pages[d.Page] = true
		sc.damaged(report(d, sc.last))
	}
}

// skip leaves a damaged event out.
func (sc *scan) skip(id webhook.ID, err error) {
	sc.store.skipped(err)
	if sc.skipped != nil {
		sc.skipped(id, err)
	}
}

// look matches one event. Its error ends the scan.
func (sc *scan) look(ctx context.Context, t *txn, id webhook.ID, r *row) error {
	if sc.hides && decisions[r.decision] == webhook.Passed {
		return nil
	}
	if err := sc.fill(t, id, r); err != nil {
		sc.skip(id, err)
		return nil
	}
	var pending *filter.Pending
	fits := sc.filter.Row(&sc.row)
	if fits == filter.Unknown {
		if err := ctx.Err(); err != nil {
			return err
		}
		sc.load.txn, sc.load.id, sc.load.row = t, id, r
		var err error
		if fits, pending, err = sc.filter.Begin(&sc.row, &sc.load); err != nil {
			sc.skip(id, err)
			return nil
		}
	}
	switch {
	case fits == filter.No, sc.undecided.add(id, pending):
		return nil
	}
	if err := sc.found(t, id, r); err != nil {
		sc.skip(id, err)
	}
	return nil
}

// fill makes a row readable for the filter.
func (sc *scan) fill(t *txn, id webhook.ID, r *row) error {
	name, err := sc.store.types.name(t, id, r)
	if err != nil {
		return err
	}
	_, end := t.chainEnd(id, *r)
	sc.row = filter.Row{
		ID: id, Type: name, ReceivedAt: fromNanos(r.received), BodySize: r.bodySize,
		Verdict:  verdicts[r.verdict],
		Attempts: int(r.attempts), LastStatus: int(r.last), LastDuration: time.Duration(r.took),
		Outcome:   end.outcome(),
		Duplicate: r.earlier != 0, Redelivered: r.later != 0,
		Altered: r.flags.has(flagAltered), NoBody: r.flags.has(flagNoBody), LastError: r.flags.has(flagLastError),
		Resent: r.flags.has(flagResent), Simulated: r.flags.has(flagSimulated), Faulted: r.flags.has(flagFaulted), Slow: r.flags.has(flagSlow),
		Unsuccessful: r.flags.has(flagUnsuccessful), Marked: r.flags.has(flagMarked),
		PossiblyDeleted: r.flags.has(flagPossiblyDeleted),
	}
	return nil
}

// candidates gives the events after sc.cursor, in order, until visit returns
// false. It reports whether visit did.
func (sc *scan) candidates(t *txn, visit func(webhook.ID, *row, error) bool) (more bool) {
	if sc.ids == nil {
		return sc.rows(t, visit)
	}
	for _, id := range sc.ids {
		if sc.passed(id) {
			continue
		}
		r, err := t.getRow(id)
		if errors.Is(err, webhook.ErrNotFound) {
			continue
		}
		if !visit(id, &r, err) {
			return true
		}
	}
	return false
}

// passed reports whether the scan has come past an event.
func (sc *scan) passed(id webhook.ID) bool {
	if sc.arrival {
		return id <= sc.cursor
	}
	return sc.cursor != 0 && id >= sc.cursor
}

// rows walks over all rows.
func (sc *scan) rows(t *txn, visit func(webhook.ID, *row, error) bool) (more bool) {
	table := t.down(kindRow, uint64(sc.cursor))
	if sc.arrival {
		table = t.up(kindRow, uint64(sc.cursor)+1)
	}
	var r row
	for k, v := range table {
		id := webhook.ID(numberOf(k))
		err := t.decode(&r, k, v)
		if !visit(id, &r, err) {
			return true
		}
	}
	return false
}

// loader reads for the filter what a row does not hold. What it returns is
// valid as long as the transaction.
type loader struct {
	txn  *txn
	id   webhook.ID
	row  *row
	read int // bytes, of all events of a step
}

// Event implements filter.Loader.
func (l *loader) Event() (*webhook.Event, error) {
	e, err := l.txn.event(l.id, l.row, true)
	l.read += overhead
	return &e, err
}

// Body implements filter.Loader.
func (l *loader) Body() ([]byte, error) {
	if l.row.flags.has(flagNoBody) {
		return nil, nil
	}
	body := l.txn.record(recordKey(l.id, kindBody))
	l.read += len(body)
	return body, nil
}

// typeNames knows the types behind the hashes of rows: there are few.
type typeNames struct {
	mu    sync.Mutex
	known map[uint64]string
}

// maxTypes bounds what is remembered of senders who make types up.
const maxTypes = 4096

// name returns the type of an event.
func (n *typeNames) name(t *txn, id webhook.ID, r *row) (string, error) {
	if r.typeHash == 0 {
		return "", nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if name, ok := n.known[r.typeHash]; ok {
		return name, nil
	}
	payload, err := t.eventRecord(id)
	if err != nil {
		return "", err
	}
	var name string
	record := newReader(payload)
	if text(record, &name); record.err != nil { // the first of its texts
		return "", damaged(id, record.err)
	}
	if len(n.known) < maxTypes {
		n.known[r.typeHash] = name
	}
	return name, nil
}
