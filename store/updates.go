package store

import (
	"context"

	"github.com/taskhook/taskhook/webhook"
)

// updatesAtOnce bounds the events, and the attempts, of one Updates.
const updatesAtOnce = 500

// Updates returns what was stored since a position, in order, an attempt never
// before its event. Attempts come without what the app answered and without
// what was sent: see Attempts. What was deleted since is left out. A position
// beyond the store's own is moved back to that.
func (s *Store) Updates(ctx context.Context, from webhook.Position) (webhook.Updates, error) {
	var n webhook.Updates
	err := s.view(ctx, func(t *txn) error {
		now := t.position()
		n = webhook.Updates{Position: webhook.Position{
			Event: min(from.Event, now.Event), Attempt: min(from.Attempt, now.Attempt),
		}}
		t.newEvents(&n, now, s.skipped)
		t.newAttempts(&n, now, s.skipped)
		n.More = n.Position != now
		return nil
	})
	return n, err
}

func (t *txn) newEvents(n *webhook.Updates, now webhook.Position, skipped func(error)) {
	for k := range t.up(kindRow, uint64(n.Position.Event)+1) {
		if len(n.Events) == updatesAtOnce {
			return
		}
		id := webhook.ID(numberOf(k))
		n.Position.Event = id
		sum, err := t.summarize(id)
		if err != nil {
			skipped(err)
			continue
		}
		n.Events = append(n.Events, sum)
	}
	n.Position.Event = now.Event
}

func (t *txn) newAttempts(n *webhook.Updates, now webhook.Position, skipped func(error)) {
	for k, v := range t.up(kindLog, n.Position.Attempt+1) {
		id := webhook.ID(firstOf(v))
		if len(n.Attempts) == updatesAtOnce || id > n.Position.Event {
			return
		}
		n.Position.Attempt = numberOf(k)
		one, err := t.attempted(id, n.Position.Attempt)
		if err != nil {
			skipped(err)
			continue
		}
		n.Attempts = append(n.Attempts, one)
	}
	n.Position.Attempt = now.Attempt
}

func (t *txn) attempted(id webhook.ID, seq uint64) (webhook.Attempted, error) {
	a, err := t.attempt(id, seq, t.get(bucketEvents, attemptKey(id, kindAttempt, seq)), false)
	if err != nil {
		return webhook.Attempted{}, err
	}
	a.Resend = t.resend(&a)
	r, err := t.getRow(id)
	if err != nil {
		return webhook.Attempted{}, err
	}
	o, err := t.outcome(id, &r)
	return webhook.Attempted{Attempt: a, Outcome: o}, err
}
