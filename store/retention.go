package store

import (
	"errors"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// Events that nobody vouches for have a quota of their own: anybody may find
// the public URL, and must not push out real events.
const (
	maxUntrusted      = 1000
	maxUntrustedBytes = 64 << 20
)

// cleanEvery is how often the janitor looks for what time alone changes while
// the store is written to.
const cleanEvery = time.Minute

// cleanBytes bounds what one transaction deletes, beyond its first event.
const cleanBytes = 8 << 20

// quotas say how much is kept; 0: any amount.
type quotas struct {
	age            time.Duration
	events, bytes  int64
	untrusted      int64
	untrustedBytes int64
}

func newQuotas(o Options) quotas {
	return quotas{o.Keep, int64(o.KeepEvents), o.KeepBytes, maxUntrusted, maxUntrustedBytes}
}

// slack is how far a number may go over its quota before the oldest are
// deleted together: one deletion for each event would double the writes.
func slack(quota int64) int64 { return min(quota/64, deleteAtOnce) }

func over(have, quota int64) bool { return quota > 0 && have > quota }

// full reports whether it is time to delete.
func (q quotas) full(c *counters) bool {
	return over(c.Events-c.Untrusted, q.events+slack(q.events)) ||
		over(c.Bytes, q.bytes+q.bytes/64) ||
		over(c.Untrusted, q.untrusted+slack(q.untrusted)) ||
		over(c.UntrustedBytes, q.untrustedBytes+q.untrustedBytes/64)
}

// clean is the janitor: it deletes what is over a quota or too old, and marks
// events whose retry is overdue, in transactions small enough to share with
// writes. While the store changes it looks once a minute; when nothing has
// changed since it last looked, it sleeps until time alone brings something.
func (s *Store) clean() {
	complained := false
	for timely := true; ; {
		before := s.version.Load()
		err := s.cleanNow(timely)
		if err != nil && s.life.Err() == nil && !complained {
			s.logger.Warn("old events cannot be deleted", "error", err)
		}
		complained = err != nil
		pause := cleanEvery
		s.resting.Store(true) // before the look at the version: nothing is missed in between
		if timely && err == nil && s.version.Load() == before {
			pause = s.untilDue()
		} else {
			s.resting.Store(false)
		}
		var more bool
		if timely, more = s.awaitWork(pause); !more {
			return
		}
	}
}

// awaitWork waits until something is over its quota, or stored after a rest, or
// until time may have brought something; 0: it does not. more is false once the
// store is being closed.
func (s *Store) awaitWork(pause time.Duration) (timely, more bool) {
	var due <-chan time.Time
	if pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-s.life.Done():
		return false, false
	case <-due:
		return true, true
	case <-s.work:
		return false, true
	}
}

// untilDue is how long it takes until time alone has made something too old or
// overdue; 0: nothing is stored that could be.
func (s *Store) untilDue() time.Duration {
	var next time.Time
	err := s.view(s.life, func(t *txn) error {
		next = t.nextDue(s.quotas)
		return nil
	})
	switch {
	case err != nil:
		return cleanEvery
	case next.IsZero():
		return 0
	}
	return max(time.Until(next), s.clock.wait(), cleanEvery)
}

// nextDue is when time alone makes the next event too old or overdue; zero: it
// makes none.
func (t *txn) nextDue(q quotas) (next time.Time) {
	if k, _ := t.cursor(bucketRetries).First(); k != nil {
		next = fromNanos(nanosOf(firstOf(k))).Add(webhook.OverdueAfter)
	}
	if q.age == 0 {
		return next
	}
	for k, v := range t.up(kindRow, 0) {
		var r row
		if r.decode(k, v) != nil {
			break // a damaged one goes when the store is full
		}
		if old := fromNanos(r.received).Add(q.age); next.IsZero() || old.Before(next) {
			next = old
		}
		break // the others are newer
	}
	return next
}

// cleanNow does what there is to do; timely includes what time changes.
func (s *Store) cleanNow(timely bool) error {
	for s.life.Err() == nil {
		now := time.Now()
		q := s.quotas
		s.watchClock(now)
		if s.clock.wait() > 0 {
			q.age, timely = 0, false
		}
		due := false
		err := s.view(s.life, func(t *txn) error {
			c, err := t.readCounters()
			if err != nil {
				return err
			}
			next := t.nextDue(q)
			due = q.full(&c) || timely && !next.IsZero() && next.Before(now)
			return nil
		})
		if err != nil || !due {
			return err
		}
		did := 0
		err = s.updateAnyway(s.life, 0, func(t *txn) (err error) {
			did, err = t.tidy(q, now)
			return err
		})
		if err != nil || did == 0 {
			return err
		}
	}
	return s.life.Err()
}

func (q quotas) old(r *row, now time.Time) bool {
	return q.age > 0 && r.received < nanos(now.Add(-q.age))
}

// tidy does one transaction's worth of cleaning, and returns how many events
// that was.
func (t *txn) tidy(q quotas, now time.Time) (int, error) {
	victims := t.victims(q, now)
	for _, id := range victims {
		if _, err := t.delete(id); err != nil {
			return 0, err
		}
	}
	var overdue []webhook.ID
	for id := range t.overdue(now) {
		if overdue = append(overdue, id); len(overdue) == deleteAtOnce {
			break
		}
	}
	for _, id := range overdue {
		if err := t.markOverdue(id); err != nil {
			return 0, err
		}
	}
	return len(victims) + len(overdue), nil
}

// markOverdue takes an event out of bucketRetries, also when its row does not
// know that it is there.
func (t *txn) markOverdue(id webhook.ID) error {
	before, err := t.getRow(id)
	if err == nil && before.class() == classRetrying {
		return t.amend(id, before, func(r *row) { r.flags |= flagOverdue })
	}
	if err != nil && !errors.Is(err, webhook.ErrNotFound) && !errors.Is(err, webhook.ErrDamaged) {
		return err
	}
	cur := t.in(bucketRetries).Cursor()
	for k, _ := cur.First(); k != nil; k, _ = cur.Next() {
		if webhook.ID(secondOf(k)) == id {
			return cur.Delete()
		}
	}
	return nil
}

// victims are the oldest events that are over a quota or too old, as many as
// one transaction deletes.
func (t *txn) victims(q quotas, now time.Time) []webhook.ID {
	c := t.counts
	var ids []webhook.ID
	var size int64
	take := func(id webhook.ID, stored int64) {
		ids = append(ids, id)
		size += stored
	}
	more := func() bool { return len(ids) < deleteAtOnce && size < cleanBytes }

	cur := t.cursor(bucketUntrusted)
	for k, _ := cur.First(); k != nil && more() && (over(c.Untrusted, q.untrusted) || over(c.UntrustedBytes, q.untrustedBytes)); k, _ = cur.Next() {
		id := webhook.ID(firstOf(k))
		r, _ := t.getRow(id)
		take(id, int64(r.stored))
		c.Events--
		c.Untrusted--
		c.UntrustedBytes -= int64(r.stored)
	}
	for k, v := range t.up(kindRow, 0) {
		if !more() {
			break
		}
		var r row
		id := webhook.ID(numberOf(k))
		err := r.decode(k, v)
		full := over(c.Events-c.Untrusted, q.events) || over(c.Bytes, q.bytes)
		switch {
		case err != nil && full:
			take(id, 0)
			c.Events--
		case err != nil, r.flags.has(flagUntrusted) && !q.old(&r, now):
		case r.flags.has(flagUntrusted):
			take(id, int64(r.stored))
			c.Events--
			c.Untrusted--
		case q.old(&r, now), full:
			take(id, int64(r.stored))
			c.Events--
			c.Bytes -= int64(r.stored)
		default:
			return ids // what follows is newer
		}
	}
	return ids
}
