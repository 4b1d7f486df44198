package store

import (
	"context"
	"sync"
	"time"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

// hourTally caches the counts of the last hour. Counting scans the rows of that
// hour, so it is done only so often that it takes little of the time.
type hourTally struct {
	mu    sync.Mutex
	tally webhook.Tally
	again time.Time
}

// tallyValid is for how many times its own duration a count is used.
const tallyValid = 200

// lastHour counts the events of the last hour.
func (s *Store) lastHour(ctx context.Context) (webhook.Tally, error) {
	h := &s.hour
	h.mu.Lock()
	defer h.mu.Unlock()
	began := time.Now()
	if began.Before(h.again) {
		return h.tally, nil
	}
	var tally webhook.Tally
	since := nanos(began.Add(-time.Hour))
	sc := s.newScan(&filter.Filter{}, webhook.Query{}, noEvent)
	sc.found = func(t *txn, id webhook.ID, r *row) error {
		// Events come in order of their arrival, or nearly so.
		if sc.ended = r.received < since; !sc.ended {
			_, end := t.chainEnd(id, *r)
			addToTally(&tally, &end, began)
		}
		return nil
	}
	if err := sc.run(ctx); err != nil {
		return h.tally, err
	}
	h.tally, h.again = tally, time.Now().Add(tallyValid*time.Since(began))
	return tally, nil
}

// addToTally counts one event by the row whose outcome it shares.
func addToTally(tally *webhook.Tally, r *row, now time.Time) {
	if r.flags.has(flagUntrusted) {
		return
	}
	tally.Events++
	switch r.outcome().State(now) {
	case webhook.StateDelivered, webhook.StateRecovered:
		tally.Delivered++
	case webhook.StateFailed, webhook.StateOverdue, webhook.StateInterrupted:
		tally.Failed++
	}
}
