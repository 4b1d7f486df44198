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
	sc.found = func(_ *txn, _ webhook.ID, r *row) error {
		// Events come in order of their arrival, or nearly so.
		if sc.ended = r.received < since; !sc.ended {
			addToTally(&tally, r)
		}
		return nil
	}
	if err := sc.run(ctx); err != nil {
		return h.tally, err
	}
	h.tally, h.again = tally, time.Now().Add(tallyValid*time.Since(began))
	return tally, nil
}

// addToTally counts one event, by the answer its sender got.
func addToTally(tally *webhook.Tally, r *row) {
	a := r.answer()
	switch {
	case r.flags.has(flagUntrusted):
		return
	case decisions[r.decision] == webhook.Ignored:
	case a.SenderGone, a.BrokenOff:
		tally.Failed++
	case webhook.Delivered(a.Status):
		tally.Delivered++
	case a.Status != 0:
		tally.Failed++
	}
	tally.Events++
}
