package store

import (
	"context"

	"taskhook/webhook"
)

// newsAtOnce bounds the events, and the attempts, of one News.
const newsAtOnce = 500

// News returns what was stored since a position, in order, an attempt never
// before its event. Attempts come without what the app answered and without
// what was sent: see Attempts. What was deleted since is left out. A position
// beyond the store's own is moved back to that.
func (s *Store) News(ctx context.Context, from webhook.Position) (webhook.News, error) {
	var n webhook.News
	if err := ctx.Err(); err != nil {
		return n, err
	}
	err := s.view(func(t *txn) error {
		now := t.position()
		n = webhook.News{Position: webhook.Position{
			Event: min(from.Event, now.Event), Attempt: min(from.Attempt, now.Attempt),
		}}
		t.newEvents(&n, now, s.skipped)
		t.newAttempts(&n, now, s.skipped)
		n.More = n.Position != now
		return nil
	})
	return n, err
}

func (t *txn) newEvents(n *webhook.News, now webhook.Position, skipped func(error)) {
	cur := t.in(bucketRows).Cursor()
	for k, v := cur.Seek(idKey(n.Position.Event + 1)); k != nil; k, v = cur.Next() {
		if len(n.Events) == newsAtOnce {
			return
		}
		id := webhook.ID(firstOf(k))
		n.Position.Event = id
		var r row
		err := r.decode(k, v)
		if err != nil {
			err = damaged(id, err)
		}
		var sum webhook.Summary
		if err == nil {
			sum, err = t.summary(id, &r)
		}
		if err != nil {
			skipped(err)
			continue
		}
		n.Events = append(n.Events, sum)
	}
	n.Position.Event = now.Event
}

func (t *txn) newAttempts(n *webhook.News, now webhook.Position, skipped func(error)) {
	cur := t.in(bucketLog).Cursor()
	for k, v := cur.Seek(idKey(webhook.ID(n.Position.Attempt + 1))); k != nil; k, v = cur.Next() {
		id := webhook.ID(firstOf(v))
		if len(n.Attempts) == newsAtOnce || id > n.Position.Event {
			return
		}
		n.Position.Attempt = firstOf(k)
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
	key := pairKey(uint64(id), seq)
	a, err := t.attempt(key, t.in(bucketAttempts).Get(key), false)
	if err != nil {
		return webhook.Attempted{}, err
	}
	r, err := t.getRow(id)
	if err != nil {
		return webhook.Attempted{}, err
	}
	o, err := t.outcome(id, &r)
	return webhook.Attempted{Attempt: a, Outcome: o}, err
}
