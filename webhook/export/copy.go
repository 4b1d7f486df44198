package export

import (
	"context"
	"errors"
	"fmt"

	"github.com/taskhook/taskhook/webhook"
)

// Source is where whole events are read.
type Source interface {
	// Page returns one page of the events that a query selects.
	Page(ctx context.Context, q webhook.Query) (webhook.Page, error)
	// Event returns an event with header and body. With webhook.ErrPruned it
	// returns the event without its body.
	Event(ctx context.Context, id webhook.ID) (webhook.Event, error)
	// Attempts returns all attempts of an event in order.
	Attempts(ctx context.Context, id webhook.ID) ([]webhook.Attempt, error)
}

// batch is how many rows [Copy] reads at a time.
const batch = 200

// Copy reads events from a source and writes them in the order of ids; those
// that are no longer stored are left out. After each event, left out or
// written, step is told so and may stop the copy by returning false; nil goes
// on to the end. Copy returns how many were written; it does not close w.
func Copy(ctx context.Context, w Writer, s Source, ids []webhook.ID, step func() bool) (int, error) {
	written := 0
	for len(ids) > 0 {
		some := ids[:min(batch, len(ids))]
		ids = ids[len(some):]
		rows, err := summaries(ctx, s, some)
		if err != nil {
			return written, err
		}
		for _, id := range some {
			if sum, ok := rows[id]; ok {
				ok, err := copyEvent(ctx, w, s, sum)
				if err != nil {
					return written, fmt.Errorf("export %s: %w", id, err)
				}
				if ok {
					written++
				}
			}
			if step != nil && !step() {
				return written, nil
			}
		}
	}
	return written, nil
}

// summaries reads the rows of some events; a page may come before it is full.
func summaries(ctx context.Context, s Source, ids []webhook.ID) (map[webhook.ID]webhook.Summary, error) {
	rows := make(map[webhook.ID]webhook.Summary, len(ids))
	q := webhook.Query{IDs: ids, Limit: len(ids)}
	for {
		page, err := s.Page(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, e := range page.Events {
			rows[e.ID] = e
		}
		if q.Cursor = page.Next; q.Cursor == 0 {
			return rows, nil
		}
	}
}

// copyEvent reports whether the event was still there.
func copyEvent(ctx context.Context, w Writer, s Source, sum webhook.Summary) (bool, error) {
	e, err := s.Event(ctx, sum.ID)
	switch {
	case errors.Is(err, webhook.ErrNotFound):
		return false, nil
	case errors.Is(err, webhook.ErrPruned):
		if e.ID == 0 { // a source that returns the error alone
			e = sum.Event
		}
	case err != nil:
		return false, err
	}
	attempts, err := s.Attempts(ctx, sum.ID)
	if errors.Is(err, webhook.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, w.Event(e, sum, attempts)
}
