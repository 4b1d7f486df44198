package sandbox

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// Clock is the platform's time: the real one, moved. The zero value is not
// moved.
type Clock struct{ offset atomic.Int64 }

// Now is the platform's time, in UTC.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())).UTC() }

// Offset is how far ahead of the real time it is; negative: behind.
func (c *Clock) Offset() time.Duration { return time.Duration(c.offset.Load()) }

func (c *Clock) set(d time.Duration) { c.offset.Store(int64(d)) }

// Now is the sandbox's time.
func (s *Sandbox) Now() time.Time { return s.clock.Now() }

// MoveClock moves the sandbox's time by d, for good: tokens age, overlaps end
// and pending retries become due with it. It returns the time it is then.
func (s *Sandbox) MoveClock(ctx context.Context, d time.Duration) (time.Time, error) {
	err := s.change(ctx, func(m *meta) error {
		after := m.Offset + d
		if after > mostMoved || after < -mostMoved || d > 2*mostMoved || d < -2*mostMoved {
			return fmt.Errorf("the clock can be moved by %d years at most", mostMoved/year)
		}
		m.Offset = after
		return nil
	})
	if err != nil {
		return s.Now(), err
	}
	s.clock.offset.Add(int64(d))
	s.alarm()
	return s.Now(), nil
}

// The clock's limits.
const (
	year      = 365 * 24 * time.Hour
	mostMoved = 10 * year
)

// ms is a time in milliseconds, the platform's grain.
func ms(t time.Time) int64 { return t.UnixMilli() }
