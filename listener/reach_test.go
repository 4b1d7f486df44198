package listener

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestReachTriesAgainWithGrowingPauses(t *testing.T) {
	notYet := errors.New("unknown host")
	tests := []struct {
		name   string
		answer int // the try that is answered; 0: none
		want   []time.Duration
	}{
		{"at once", 1, []time.Duration{0}},
		{"once the name is known", 3, []time.Duration{0, 2 * time.Second, 6 * time.Second}},
		{"never", 0, []time.Duration{0, 2 * time.Second, 6 * time.Second, 12 * time.Second}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				var at []time.Duration
				took, err := reach(t.Context(), func(context.Context) (time.Duration, error) {
					at = append(at, time.Since(start))
					if len(at) == tt.answer {
						return time.Millisecond, nil
					}
					return 0, notYet
				})
				if len(at) != len(tt.want) || at[len(at)-1] != tt.want[len(at)-1] {
					t.Errorf("called at %v, want %v", at, tt.want)
				}
				if answered := err == nil && took == time.Millisecond; answered != (tt.answer > 0) || !answered && !errors.Is(err, notYet) {
					t.Errorf("%v, %v", took, err)
				}
			})
		})
	}
}

func TestReachEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		calls := 0
		_, err := reach(ctx, func(context.Context) (time.Duration, error) { calls++; return 0, errors.New("no") })
		if calls != 1 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%d calls, %v", calls, err)
		}
	})
}

func TestASignalIsHeardOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSignal()
		s.raise()
		s.raise() // never blocks
		start := time.Now()
		if !s.wait(t.Context(), time.Time{}) || time.Since(start) != 0 {
			t.Error("it was not heard")
		}
		if !s.wait(t.Context(), start.Add(time.Minute)) || time.Since(start) != time.Minute {
			t.Errorf("it was heard again after %v", time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if s.wait(ctx, time.Time{}) || time.Since(start) != 2*time.Minute {
			t.Errorf("the end of the context: %v", time.Since(start))
		}
	})
}
