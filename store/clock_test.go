package store

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// jump sets the system's clock: what the janitor saw last is that much further
// away.
func jump(s *Store, by time.Duration) {
	synctest.Wait() // the janitor waits
	s.clock.wall = s.clock.wall.Add(-by)
	s.work <- struct{}{} // it looks
}

func TestAfterAJumpOfTheClockNothingIsDeletedForItsAgeForAnHour(t *testing.T) {
	const keep = 30 * 24 * time.Hour
	tests := []struct {
		name string
		by   time.Duration
		said string
	}{
		{"40 days ahead", 40 * 24 * time.Hour, "the clock has jumped 40d ahead"},
		{"a day ahead", 24 * time.Hour, "the clock has jumped 1d ahead"},
		{"40 days back", -40 * 24 * time.Hour, "the clock has jumped 40d back"},
		{"an hour ahead, as in summer", time.Hour, ""},
		{"an hour back", -time.Hour, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log lockedBuffer
			inBubble(t, Options{Keep: keep, Logger: logTo(&log)}, func(t *testing.T, s *Store) {
				old := newEvent("old")
				old.ReceivedAt = time.Now().Add(-keep).Add(3 * cleanEvery)
				mustPut(t, s, old)
				mustPut(t, s, newEvent("new"))
				jump(s, tt.by)
				time.Sleep(5 * cleanEvery) // by the clock it is too old now
				synctest.Wait()
				n := len(list(t, s, webhook.Query{}))
				if tt.said == "" && n != 1 || tt.said != "" && n != 2 {
					t.Errorf("after some minutes there are %d events", n)
				}
				if got := strings.Count(log.String(), "clock"); tt.said == "" && got != 0 || tt.said != "" && !strings.Contains(log.String(), tt.said) {
					t.Errorf("want %q, said: %s", tt.said, log.String())
				}
				mustPut(t, s, newEvent("newer")) // which wakes the janitor
				time.Sleep(clockWait)
				synctest.Wait()
				if n := len(list(t, s, webhook.Query{})); n != 2 {
					t.Errorf("after an hour there are %d events", n)
				}
			})
		})
	}
}

func TestAStartByAnotherClockDeletesNothingForItsAgeForAnHour(t *testing.T) {
	const keep, day = 30 * 24 * time.Hour, 24 * time.Hour
	tests := []struct {
		name    string
		oldest  time.Duration // ago, as the next
		newest  time.Duration
		said    string
		waits   bool
		remains int
	}{
		{"in a year", 366 * day, 365 * day, `level=WARN msg="by the clock the newest event is 365d old`, true, 0},
		{"after a weekend", keep + day, 3 * day, `level=INFO msg="by the clock the newest event is 3d old`, true, 1},
		{"an hour later", keep + day, time.Hour, "", false, 1},
		{"in the past", -364 * day, -365 * day, `level=WARN msg="the clock is 365d behind the newest event`, true, 2},
		{"with nothing to delete", 4 * day, 3 * day, "", true, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var log lockedBuffer
			path := newPath(t)
			synctest.Test(t, func(t *testing.T) {
				s := mustOpen(t, path, Options{})
				for _, ago := range []time.Duration{tt.oldest, tt.newest} {
					e := newEvent("")
					e.ReceivedAt = time.Now().Add(-ago)
					mustPut(t, s, e)
				}
				s = reopen(t, s, path, Options{Keep: keep, Logger: logTo(&log)})
				synctest.Wait()
				if n := len(list(t, s, webhook.Query{})); tt.waits && n != 2 || !tt.waits && n != tt.remains {
					t.Errorf("at the start there are %d events", n)
				}
				if tt.said == "" && strings.Contains(log.String(), "clock") || !strings.Contains(log.String(), tt.said) {
					t.Errorf("want %q, said: %s", tt.said, log.String())
				}
				time.Sleep(clockWait + 2*cleanEvery)
				synctest.Wait()
				if n := len(list(t, s, webhook.Query{})); n != tt.remains {
					t.Errorf("after an hour there are %d events, want %d", n, tt.remains)
				}
			})
		})
	}
}
