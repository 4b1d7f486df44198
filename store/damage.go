package store

import (
	"bytes"
	"fmt"

	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
)

// A damaged page costs what stood in it: rows, which name their events, or
// records, which are missed when their events are read.

// lostRows are the events whose rows may have stood on a damaged page. last is
// 0 when all that follow may have.
func lostRows(d boltfile.PageError) (first, last webhook.ID, ok bool) {
	from, to := rowKey(1), recordKey(0, kindRow+1)
	if d.Whole || d.Bucket != bucketNames[bucketEvents] && d.Bucket != "" {
		return 0, 0, false
	}
	if bytes.Compare(d.From, from) > 0 {
		from = d.From
	}
	if d.To != nil && bytes.Compare(d.To, to) < 0 {
		to = d.To
	}
	if bytes.Compare(from, to) >= 0 {
		return 0, 0, false
	}
	first = max(1, webhook.ID(numberOf(from)))
	if n := numberOf(to); n > 0 {
		last = max(first, webhook.ID(n-1))
	}
	return first, last, true
}

// lost is the error of an event whose row may have stood on a damaged page; nil:
// on none.
func (t *txn) lost(id webhook.ID) error {
	if t.snap == nil {
		return nil
	}
	for _, d := range t.snap.Damage() {
		if first, last, ok := lostRows(d); ok && id >= first && (last == 0 || id <= last) {
			return damaged(id, &d)
		}
	}
	return nil
}

// report is what a reader is told of a damaged page.
func report(d boltfile.PageError, newest webhook.ID) webhook.DamagedError {
	first, last, ok := lostRows(d)
	if last == 0 {
		last = max(first, newest)
	}
	switch {
	case d.Whole:
		return webhook.DamagedError{Reason: fmt.Sprintf("%v; what stands in it could be read", &d)}
	case !ok:
		return webhook.DamagedError{Reason: d.Error()}
	}
	return webhook.DamagedError{ID: first, Last: last, Reason: d.Error()}
}

// noteDamage logs damaged pages, each once.
func (s *Store) noteDamage(found []boltfile.PageError) {
	for _, d := range found {
		s.skipped(&d)
	}
}
