package store

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

// timed is an event that fits, with what orders it.
type timed struct {
	id   webhook.ID
	took int64 // of the last attempt, in nanoseconds; -1: it has none
}

// readSlowest is read in order of duration: all events that fit are looked at
// first. A cursor names the event before the first; the error wraps
// webhook.ErrNotFound when that is gone or fits no more.
func (s *Store) readSlowest(ctx context.Context, f *filter.Filter, q webhook.Query, b *chunker, yield func(webhook.Chunk, error) bool) error {
	cursor := q.Cursor
	q.Cursor = 0
	var all []timed
	sc := s.newScan(f, q, b.Position.Event)
	sc.skipped = b.skip
	sc.found = func(_ *txn, id webhook.ID, r *row) error {
		one := timed{id, r.took}
		if r.attempts == 0 {
			one.took = -1
		}
		all = append(all, one)
		return nil
	}
	for !sc.ended {
		if err := sc.step(ctx); err != nil {
			return err
		}
	}
	slices.SortFunc(all, func(a, b timed) int {
		return cmp.Or(cmp.Compare(b.took, a.took), cmp.Compare(b.id, a.id))
	})
	if cursor != 0 {
		at := slices.IndexFunc(all, func(t timed) bool { return t.id == cursor })
		if at < 0 {
			return notFound(cursor)
		}
		all = all[at+1:]
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := 0
		err := s.view(func(t *txn) error {
			for n < len(all) && !b.full() {
				s.readOne(t, all[n].id, b)
				n++
			}
			return nil
		})
		if err != nil {
			return err
		}
		if n < len(all) {
			b.Next = all[n-1].id
		}
		all = all[n:]
		last := len(all) == 0 || b.complete()
		if !yield(b.chunk(), nil) || last {
			return nil
		}
	}
}

// readOne reads an event that may be gone by now, or damaged.
func (s *Store) readOne(t *txn, id webhook.ID, b *chunker) {
	r, err := t.getRow(id)
	if err == nil {
		err = b.add(t, id, &r)
	}
	if err != nil && !errors.Is(err, webhook.ErrNotFound) {
		s.skipped(err)
		b.skip(id, err)
	}
}
