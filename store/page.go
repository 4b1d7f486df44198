package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"taskhook/webhook"
)

const (
	defaultLimit = 50

	// One transaction looks at so many rows, and reads so many bytes of bodies.
	scanRows  = 2048
	scanBytes = 8 << 20
)

// Page returns one page of the events that a query selects, newest first. A
// long scan takes many short transactions: what is stored meanwhile is not on
// the page, what is deleted meanwhile may be.
func (s *Store) Page(ctx context.Context, q webhook.Query) (webhook.Page, error) {
	sc := newScan(q)
	var p webhook.Page
	err := s.view(func(t *txn) error {
		p.Position = t.position()
		return nil
	})
	for err == nil && !sc.ended {
		if err = ctx.Err(); err == nil {
			err = s.view(func(t *txn) error {
				sc.step(t, s.skipped)
				return nil
			})
		}
	}
	p.Events, p.Next = sc.found, sc.next
	return p, err
}

// position is where the store stands.
func (t *txn) position() webhook.Position {
	c, err := t.readCounters()
	if err != nil {
		c = counters{LastID: t.last(kindRow), LastSeq: t.last(kindLog)}
	}
	return webhook.Position{Event: webhook.ID(c.LastID), Attempt: c.LastSeq}
}

// scan walks down the events that may fit a query.
type scan struct {
	query         webhook.Query
	verdict       uint8
	noVerdict     bool // the query asks for one that rows do not know
	since, before int64
	exactType     string // "": any, or those that begin with typePrefix
	typePrefix    string // of a query's "Contact*"
	typeHash      uint64 // of exactType
	hookHash      uint64 // of the query's webhookId
	text          needle
	now           time.Time
	limit         int
	ids           []webhook.ID // of the query, newest first

	below webhook.ID // only older ones are still to be looked at; 0: all
	found []webhook.Summary
	next  webhook.ID
	ended bool
}

func newScan(q webhook.Query) *scan {
	sc := &scan{
		query: q, now: time.Now(), limit: q.Limit, below: q.Cursor,
		verdict: indexOf(verdicts[:], q.Verdict), text: newNeedle(q.Text),
		since: nanos(q.Since), before: nanos(q.Before),
	}
	if prefix, cut := strings.CutSuffix(q.Type, "*"); cut {
		sc.typePrefix = prefix
	} else {
		sc.exactType = q.Type
	}
	sc.typeHash, sc.hookHash = hash(sc.exactType), hash(q.WebhookID)
	sc.noVerdict = q.Verdict != "" && sc.verdict == 0
	if sc.limit <= 0 {
		sc.limit = defaultLimit
	}
	if q.IDs != nil {
		sc.ids = slices.Clone(q.IDs)
		slices.SortFunc(sc.ids, func(a, b webhook.ID) int { return cmp.Compare(b, a) })
		sc.ids = slices.Compact(sc.ids)
	}
	return sc
}

// step looks at as much as one transaction may.
func (sc *scan) step(t *txn, skipped func(error)) {
	rows, bytes := 0, 0
	more := sc.candidates(t, func(id webhook.ID, r *row, err error) bool {
		if rows++; rows > scanRows || bytes > scanBytes {
			return false
		}
		sc.below = id
		if err == nil {
			bytes += sc.look(t, id, r, skipped)
			return !sc.ended
		}
		skipped(err)
		return true
	})
	if !more {
		sc.ended = true
	}
}

// look takes an event that fits onto the page, and returns how many bytes of
// body it has read for that.
func (sc *scan) look(t *txn, id webhook.ID, r *row, skipped func(error)) (read int) {
	if !sc.fitsRow(t, id, r) {
		return 0
	}
	if !sc.text.empty() || sc.typePrefix != "" {
		fits, n, err := sc.fitsText(t, id)
		if read = n; err != nil {
			skipped(err)
		}
		if !fits {
			return read
		}
	}
	sum, err := t.summary(id, r)
	switch {
	case err != nil:
		skipped(err)
	case sc.exactType != "" && sum.Type != sc.exactType,
		sc.query.WebhookID != "" && sum.WebhookID != sc.query.WebhookID:
	case len(sc.found) == sc.limit:
		sc.next, sc.ended = sc.found[sc.limit-1].ID, true
	default:
		sc.found = append(sc.found, sum)
	}
	return read
}

// candidates gives the events below sc.below that may fit, newest first, until
// take returns false. It reports whether take did.
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

// fitsRow decides what a row alone can decide.
func (sc *scan) fitsRow(t *txn, id webhook.ID, r *row) bool {
	q := &sc.query
	switch {
	case sc.noVerdict, sc.verdict != 0 && r.verdict != sc.verdict,
		sc.since != 0 && r.received < sc.since,
		sc.before != 0 && r.received >= sc.before,
		sc.exactType != "" && r.typeHash != sc.typeHash,
		q.WebhookID != "" && r.hookHash != sc.hookHash:
		return false
	case !q.Status.Any() && (r.attempts == 0 || !q.Status.Contains(int(r.last))):
		return false
	case q.State == "":
		return true
	}
	_, end := t.settled(id, *r)
	return end.outcome().State(sc.now) == q.State
}
