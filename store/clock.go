package store

import (
	"sync"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// A clock that is set wrong would make every event too old. So events are
// deleted for their age only once the system's clock has gone steadily for a
// while: somebody may put it right by then, or keep more.
const (
	clockJump = 24 * time.Hour
	clockWait = time.Hour
)

// clock notices when the system's clock jumps.
type clock struct {
	mu           sync.Mutex
	wall, steady time.Time // of the last look, by the clock and without its jumps
	trusted      time.Time // until then, without jumps, the clock may be wrong
}

// look returns how far the clock has jumped since the last look, 0 if by less
// than a day.
func (c *clock) look(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	wall := now.Round(0)
	by := wall.Sub(c.wall) - now.Sub(c.steady)
	c.wall, c.steady = wall, now
	if by.Abs() < clockJump {
		return 0
	}
	c.trusted = now.Add(clockWait)
	return by
}

// wait is how long the clock is not to be trusted yet.
func (c *clock) wait() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return max(0, time.Until(c.trusted))
}

// startClock takes the time of the newest event as the last look: a machine
// may start with any time.
func (s *Store) startClock() {
	now := time.Now()
	s.clock.wall, s.clock.steady = now.Round(0), now
	if s.opts.Keep == 0 {
		return
	}
	var due time.Time
	err := s.view(s.life, func(t *txn) error {
		due = t.nextDue(quotas{age: s.opts.Keep})
		if r, ok := t.peek(webhook.ID(t.last(kindRow))); ok {
			s.clock.wall = fromNanos(r.received)
		}
		return nil
	})
	if err != nil {
		s.logger.Warn("the time of the newest event cannot be read", "error", err)
		return
	}
	switch by := s.clock.look(now); {
	case by < 0:
		s.logger.Warn("the clock is " + format.Duration(-by) + " behind the newest event: is it right?")
	case by > 0 && !due.IsZero() && due.Before(now):
		say := s.logger.Info // after a holiday, too
		if by > s.opts.Keep {
			say = s.logger.Warn
		}
		say("by the clock the newest event is " + format.Duration(by) + " old: events that are too old are deleted in an hour; is the clock right? --keep keeps more")
	}
}

// watchClock says when the clock has jumped. Where nothing is deleted for its
// age, it does not matter.
func (s *Store) watchClock(now time.Time) {
	by := s.clock.look(now)
	if by == 0 || s.opts.Keep == 0 {
		return
	}
	where := "ahead"
	if by < 0 {
		where = "back"
	}
	s.logger.Warn("the clock has jumped " + format.Duration(by.Abs()) + " " + where + ": for an hour no event is deleted for its age; is the clock right?")
}
