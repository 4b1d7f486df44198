package inspector

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// How lines wait for an outcome.
const (
	waitGrace  = 2 * time.Second // before an event without an outcome is read anew
	waitGiveUp = 10 * time.Minute
)

// waiting are the events whose outcome is still to come. Mostly it comes as an
// attempt; one that was answered without is no news of its own, so the event
// is read anew.
type waiting struct {
	since map[webhook.ID]time.Time
	asked time.Time // when events were last read anew
}

func (w *waiting) add(id webhook.ID, now time.Time) {
	if w.since == nil {
		w.since = map[webhook.ID]time.Time{}
	}
	w.since[id] = now
}

func (w *waiting) done(id webhook.ID) { delete(w.since, id) }

func (w *waiting) has(id webhook.ID) bool {
	_, ok := w.since[id]
	return ok
}

// due is how long it takes until read reads again; 0: nothing is waited for.
func (w *waiting) due(now time.Time) time.Duration {
	if len(w.since) == 0 {
		return 0
	}
	from := now
	for _, since := range w.since {
		if since.Before(from) {
			from = since
		}
	}
	if w.asked.After(from) {
		from = w.asked
	}
	return max(from.Add(waitGrace).Sub(now), 1)
}

// read reads anew, oldest first, the events that have waited for some time;
// now and then only. Those that are gone, have an attempt or waited too long
// are waited for no more.
func (w *waiting) read(ctx context.Context, feed Feed, now time.Time, grace time.Duration) ([]webhook.Summary, error) {
	if len(w.since) == 0 || now.Sub(w.asked) < grace {
		return nil, nil
	}
	w.asked = now
	var ids []webhook.ID
	for id, since := range w.since {
		if now.Sub(since) >= grace {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	page, err := webhook.ReadPage(ctx, feed, webhook.Query{IDs: ids, Limit: len(ids)})
	if err != nil {
		return nil, fmt.Errorf("read waiting events: %w", err)
	}
	slices.Reverse(page.Events)
	found := page.Events[:0]
	for _, e := range page.Events {
		if e.Attempts == 0 && now.Sub(w.since[e.ID]) <= waitGiveUp {
			found = append(found, e)
		}
	}
	for _, id := range ids {
		if !slices.ContainsFunc(found, func(e webhook.Summary) bool { return e.ID == id }) {
			w.done(id)
		}
	}
	return found, nil
}
