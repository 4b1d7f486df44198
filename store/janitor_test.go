package store

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// inBubble tests with a store whose time is virtual. The file is real: what
// writes it is not durably blocked, so time stands still meanwhile.
func inBubble(t *testing.T, o Options, test func(t *testing.T, s *Store)) {
	t.Helper()
	path := newPath(t)
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(path, o)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}()
		test(t, s)
	})
}

func TestTheJanitorRestsUntilTimeBringsSomething(t *testing.T) {
	const keep = 24 * time.Hour
	inBubble(t, Options{Keep: keep}, func(t *testing.T, s *Store) {
		synctest.Wait()
		if !s.resting.Load() || s.untilDue() != 0 {
			t.Errorf("an empty store: resting %v, due in %v", s.resting.Load(), s.untilDue())
		}
		answered(t, s, newEvent("first"), 200)
		synctest.Wait()
		if s.resting.Load() {
			t.Error("the janitor rests though something was stored")
		}
		time.Sleep(cleanEvery)
		synctest.Wait()
		if due := s.untilDue(); !s.resting.Load() || due != keep-cleanEvery {
			t.Errorf("once it has looked: resting %v, due in %v", s.resting.Load(), due)
		}
		hints := s.Watch(t.Context())
		time.Sleep(keep - 2*cleanEvery)
		synctest.Wait()
		if n := len(list(t, s, webhook.Query{})); n != 1 || len(hints) != 0 {
			t.Errorf("before its time: %d events, %d hints", n, len(hints))
		}
		time.Sleep(2 * cleanEvery)
		synctest.Wait()
		if n := len(list(t, s, webhook.Query{})); n != 0 || len(hints) != 1 {
			t.Errorf("after its time: %d events, %d hints", n, len(hints))
		}
	})
}

// TestARetryThatDoesNotComeIsHintedAt holds that a screen need not look again
// and again for an event that becomes overdue.
func TestARetryThatDoesNotComeIsHintedAt(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, s *Store) {
		id := mustPut(t, s, newEvent("w"))
		retry := time.Now().Add(10 * time.Minute)
		answer := webhook.Answer{Status: 429, By: webhook.ByApp, At: time.Now(), RetryAt: retry}
		if err := s.PutAnswer(t.Context(), id, answer); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * cleanEvery)
		synctest.Wait()
		hints := s.Watch(t.Context())
		due := retry.Add(webhook.OverdueAfter)
		time.Sleep(time.Until(due))
		synctest.Wait()
		if len(hints) != 0 || !s.resting.Load() {
			t.Errorf("%d hints before it is overdue", len(hints))
		}
		time.Sleep(cleanEvery + time.Second)
		synctest.Wait()
		if len(hints) != 1 {
			t.Error("no hint came of it")
		}
	})
}
