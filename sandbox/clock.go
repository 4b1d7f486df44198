package sandbox

import (
	"context"
	"fmt"
	"time"
)

// The clock's limits.
const (
	year      = 365 * 24 * time.Hour
	maxOffset = 10 * year
)

// Now is the sandbox's time, in UTC: the real one plus ClockOffset.
func (s *Sandbox) Now() time.Time { return time.Now().Add(s.ClockOffset()).UTC() }

// ClockOffset is how far the sandbox's time is ahead of the real one; below 0:
// behind.
func (s *Sandbox) ClockOffset() time.Duration { return time.Duration(s.offset.Load()) }

// MoveClock moves the sandbox's time by d, for good: tokens age, overlaps end
// and retries become due with it. It returns the new time. The error says that
// it would be more than ten years from the real one.
func (s *Sandbox) MoveClock(ctx context.Context, d time.Duration) (time.Time, error) {
	err := s.changeMeta(ctx, func(m *meta) error {
		after := m.Offset + d
		if d.Abs() > 2*maxOffset || after.Abs() > maxOffset {
			return fmt.Errorf("the clock can be moved by %d years at most", maxOffset/year)
		}
		m.Offset = after
		return nil
	})
	if err != nil {
		return s.Now(), err
	}
	s.offset.Add(int64(d))
	s.wakeUp()
	return s.Now(), s.tellRescheduled(ctx)
}

// tellRescheduled says anew when each webhook will be sent again.
func (s *Sandbox) tellRescheduled(ctx context.Context) error {
	if s.opts.Rescheduled == nil {
		return nil
	}
	var all []Delivery
	err := s.view(func(t *txn) error {
		for k := range t.each(bucketDue, nil) {
			if d, err := t.delivery(numberOf(k[stampSize:])); err == nil && len(d.Attempts) > 0 {
				all = append(all, d)
			}
		}
		return nil
	})
	for _, d := range all {
		s.opts.Rescheduled(ctx, d.WebhookID, d.NextRetry.Add(-s.ClockOffset()))
	}
	return err
}
