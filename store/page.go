package store

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

const (
	defaultLimit = 50

	// One transaction looks at so many rows, and reads so many bytes of events
	// and bodies.
	scanRows  = 2048
	scanBytes = 8 << 20

	// pageTime is from when on a page comes before it is full.
	pageTime = 250 * time.Millisecond
)

// Page returns one page of the events that a query selects. A page that takes
// long comes before it is full; one in order of duration never does. A long
// scan takes many short transactions: what is stored meanwhile is not on the
// page, what is deleted meanwhile may be. The error is a *filter.SyntaxError,
// filter.ErrSlow, that of ctx, or webhook.ErrNotFound for a cursor in order of
// duration that is gone.
func (s *Store) Page(ctx context.Context, q webhook.Query) (webhook.Page, error) {
	f, err := filter.Parse(q.Filter)
	if err != nil {
		return webhook.Page{}, fmt.Errorf("understand the filter: %w", err)
	}
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	var p webhook.Page
	err = s.view(func(t *txn) error {
		p.Position = t.position()
		return nil
	})
	if err != nil {
		return p, err
	}
	if q.Order == webhook.OrderDuration {
		p.Events, p.Next, err = s.slowest(ctx, f, q)
		return p, err
	}
	began := time.Now()
	sc := s.newScan(f, q)
	sc.found = func(t *txn, id webhook.ID, r *row) error {
		if len(p.Events) == q.Limit {
			p.Next, sc.ended = p.Events[q.Limit-1].ID, true
			return nil
		}
		sum, err := t.summary(id, r)
		if err == nil {
			p.Events = append(p.Events, sum)
		}
		return err
	}
	for !sc.ended {
		if err := sc.step(ctx); err != nil {
			return p, err
		}
		if !sc.ended && time.Since(began) > pageTime {
			p.Next = sc.below
			break
		}
	}
	return p, nil
}

// position is where the store stands.
func (t *txn) position() webhook.Position {
	c, err := t.readCounters()
	if err != nil {
		c = counters{LastID: t.last(kindRow), LastSeq: t.last(kindLog)}
	}
	return webhook.Position{Event: webhook.ID(c.LastID), Attempt: c.LastSeq}
}

// scan walks down the events that may fit, newest first.
type scan struct {
	store  *Store
	filter *filter.Scan
	row    filter.Row
	load   loader
	ids    []webhook.ID // only these, newest first; nil: all
	below  webhook.ID   // only older ones are still to be looked at; 0: all
	until  webhook.ID   // none older than this fits
	ended  bool

	// found takes an event that fits. An error concerns that event alone.
	found func(t *txn, id webhook.ID, r *row) error
}

func (s *Store) newScan(f *filter.Filter, q webhook.Query) *scan {
	sc := &scan{store: s, filter: f.At(time.Now()), below: q.Cursor}
	if q.IDs != nil {
		sc.ids = slices.Clone(q.IDs)
		slices.Sort(sc.ids)
		slices.Reverse(sc.ids)
		sc.ids = slices.Compact(sc.ids)
	}
	bounds := sc.filter.Bounds()
	if bounds.Last != 0 && (sc.below == 0 || bounds.Last+1 < sc.below) {
		sc.below = bounds.Last + 1
	}
	sc.until, sc.ended = bounds.First, bounds.Nothing
	return sc
}

// step looks at as much as one transaction may.
func (sc *scan) step(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return sc.store.view(func(t *txn) error {
		rows := 0
		var failed error
		sc.load.read = 0
		more := sc.candidates(t, func(id webhook.ID, r *row, err error) bool {
			if rows++; rows > scanRows || sc.load.read > scanBytes || id < sc.until {
				sc.ended = sc.ended || id < sc.until
				return false
			}
			sc.below = id
			if err == nil {
				failed = sc.look(ctx, t, id, r)
				return failed == nil && !sc.ended
			}
			sc.store.skipped(err)
			return true
		})
		sc.ended = sc.ended || !more
		return failed
	})
}

// look matches one event. Its error ends the scan.
func (sc *scan) look(ctx context.Context, t *txn, id webhook.ID, r *row) error {
	if !sc.fill(t, id, r) {
		return nil
	}
	fits := sc.filter.Row(&sc.row)
	if fits == filter.Unknown {
		if err := ctx.Err(); err != nil {
			return err
		}
		sc.load.txn, sc.load.id, sc.load.row, sc.load.err = t, id, r, nil
		ok, err := sc.filter.Match(&sc.row, &sc.load)
		switch {
		case sc.load.err != nil:
			sc.store.skipped(sc.load.err)
		case err != nil:
			return err
		case ok:
			fits = filter.Yes
		}
	}
	if fits != filter.Yes {
		return nil
	}
	if err := sc.found(t, id, r); err != nil {
		sc.store.skipped(err)
	}
	return nil
}

// fill makes a row readable for the filter. A damaged event is left out: then
// it returns false.
func (sc *scan) fill(t *txn, id webhook.ID, r *row) bool {
	name, err := sc.store.types.name(t, id, r)
	if err != nil {
		sc.store.skipped(err)
		return false
	}
	_, end := t.settled(id, *r)
	sc.row = filter.Row{
		ID: id, Type: name, ReceivedAt: fromNanos(r.received), BodySize: r.bodySize,
		Verdict:  verdicts[r.verdict],
		Attempts: int(r.attempts), LastStatus: int(r.last), LastDuration: time.Duration(r.took),
		Outcome:   end.outcome(),
		Duplicate: r.earlier != 0, Redelivered: r.later != 0,
		Altered: r.flags.has(flagAltered), NoBody: r.flags.has(flagNoBody), LastError: r.flags.has(flagLastError),
		Resent: r.flags.has(flagResent), Simulated: r.flags.has(flagSimulated), Faulted: r.flags.has(flagFaulted), Slow: r.flags.has(flagSlow),
		Unsuccessful: r.flags.has(flagUnsuccessful), Marked: r.flags.has(flagMarked),
	}
	return true
}

// candidates gives the events below sc.below, newest first, until take returns
// false. It reports whether take did.
func (sc *scan) candidates(t *txn, take func(webhook.ID, *row, error) bool) (more bool) {
	if sc.ids == nil {
		return sc.rows(t, take)
	}
	for _, id := range sc.ids {
		if sc.below != 0 && id >= sc.below || !t.has(id) {
			continue
		}
		r, err := t.getRow(id)
		if !take(id, &r, err) {
			return true
		}
	}
	return false
}

// rows walks down all rows.
func (sc *scan) rows(t *txn, take func(webhook.ID, *row, error) bool) (more bool) {
	var r row
	for k, v := range t.down(kindRow, uint64(sc.below)) {
		id := webhook.ID(numberOf(k))
		err := t.decode(&r, k, v)
		if err != nil {
			err = damaged(id, err)
		}
		if !take(id, &r, err) {
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
	read int   // bytes, of all events of a step
	err  error // of the store, as opposed to the filter's
}

// Event implements filter.Loader.
func (l *loader) Event() (*webhook.Event, error) {
	e, err := l.txn.event(l.id, l.row, true)
	l.read += overhead
	l.err = err
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
	names, err := readNames(payload)
	if err != nil {
		return "", damaged(id, err)
	}
	name := string(names.eventType)
	if n.known == nil {
		n.known = map[uint64]string{}
	}
	if len(n.known) < maxTypes {
		n.known[r.typeHash] = name
	}
	return name, nil
}
