package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

// timed is an event that fits, with what orders it.
type timed struct {
	id   webhook.ID
	took int64 // of the last attempt, in nanoseconds; -1: it has none
}

// slowest returns a page in order of duration: all events that fit are looked
// at first. A cursor names the last event of the page before; the error wraps
// webhook.ErrNotFound when that is gone or fits no more.
func (s *Store) slowest(ctx context.Context, f *filter.Filter, q webhook.Query) ([]webhook.Summary, webhook.ID, error) {
	var all []timed
	cursor := q.Cursor
	q.Cursor = 0
	sc := s.newScan(f, q)
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
			return nil, 0, err
		}
	}
	slices.SortFunc(all, func(a, b timed) int {
		return cmp.Or(cmp.Compare(b.took, a.took), cmp.Compare(b.id, a.id))
	})
	if cursor != 0 {
		at := slices.IndexFunc(all, func(t timed) bool { return t.id == cursor })
		if at < 0 {
			return nil, 0, notFound(cursor)
		}
		all = all[at+1:]
	}
	var next webhook.ID
	if len(all) > q.Limit {
		all = all[:q.Limit]
		next = all[q.Limit-1].id
	}
	events := make([]webhook.Summary, 0, len(all))
	err := s.view(func(t *txn) error {
		for _, one := range all {
			sum, err := t.summary(one.id, nil)
			if err != nil {
				s.skipped(err)
				continue
			}
			events = append(events, sum)
		}
		return nil
	})
	return events, next, err
}
