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
// first.
func (s *Store) readSlowest(ctx context.Context, f *filter.Filter, q webhook.Query, c *chunker, yield func(webhook.Chunk, error) bool) error {
	left, err := s.bySlowness(ctx, f, q, c)
	if err != nil {
		return err
	}
	for {
		n := 0
		err := s.view(ctx, func(t *txn) error {
			for ; n < len(left) && !c.full(); n++ {
				s.readOne(t, left[n].id, c)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if n < len(left) {
			c.Next = left[n-1].id
		}
		left = left[n:]
		last := len(left) == 0 || c.complete()
		if !yield(c.chunk(), nil) || last {
			return nil
		}
	}
}

// bySlowness returns the events that q selects, the slowest first, after its
// cursor. The error wraps webhook.ErrNotFound when that is gone or does not fit
// any more.
func (s *Store) bySlowness(ctx context.Context, f *filter.Filter, q webhook.Query, c *chunker) ([]timed, error) {
	cursor := q.Cursor
	q.Cursor = 0
	var all []timed
	sc := s.newScan(f, q, c.Position.Event)
	sc.skipped, sc.damaged, sc.undecided.leftOut = c.skip, c.note, c.leaveOut
	sc.found = func(_ *txn, id webhook.ID, r *row) error {
		one := timed{id, r.took}
		if r.attempts == 0 {
			one.took = -1
		}
		all = append(all, one)
		return nil
	}
	if err := sc.run(ctx); err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b timed) int {
		return cmp.Or(cmp.Compare(b.took, a.took), cmp.Compare(b.id, a.id))
	})
	if cursor == 0 {
		return all, nil
	}
	at := slices.IndexFunc(all, func(t timed) bool { return t.id == cursor })
	if at < 0 {
		return nil, notFound(cursor)
	}
	return all[at+1:], nil
}

// readOne reads an event that may be gone by now, or damaged.
func (s *Store) readOne(t *txn, id webhook.ID, c *chunker) {
	r, err := t.getRow(id)
	if err == nil {
		err = c.add(t, id, &r)
	}
	if err != nil && !errors.Is(err, webhook.ErrNotFound) {
		s.skipped(err)
		c.skip(id, err)
	}
}
