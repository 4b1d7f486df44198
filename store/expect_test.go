package store

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestASenderTellsWhenItSendsAgain(t *testing.T) {
	now := time.Now()
	tests := []struct {
		name   string
		status int
		at     time.Time
		want   webhook.State
	}{
		{"later", http.StatusTooManyRequests, now.Add(time.Minute), webhook.StateRetrying},
		{"never", http.StatusTooManyRequests, time.Time{}, webhook.StateFailed},
		{"an answer that is final stays so", http.StatusInternalServerError, now.Add(time.Minute), webhook.StateFailed},
		{"what was delivered stays so", http.StatusOK, time.Time{}, webhook.StateDelivered},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t)
			e := newEvent("w-1")
			e.Answer = webhook.Answer{Status: tt.status, By: webhook.ByApp, At: now}
			if tt.status == http.StatusTooManyRequests {
				e.Answer.RetryAt = now.Add(10 * time.Minute)
			}
			id := mustPut(t, s, e)
			if err := s.ExpectRetry(t.Context(), id, tt.at); err != nil {
				t.Fatal(err)
			}
			sum, err := s.Summary(t.Context(), id)
			if err != nil || sum.State(now) != tt.want {
				t.Errorf("%s, %v; want %s", sum.State(now), err, tt.want)
			}
			if tt.want == webhook.StateRetrying && !sum.Outcome.Answer.RetryAt.Equal(tt.at) {
				t.Errorf("the retry is expected at %v, want %v", sum.Outcome.Answer.RetryAt, tt.at)
			}
			c, err := s.Counts(t.Context())
			if err != nil || (c.Failed == 1) != (tt.want == webhook.StateFailed) || (c.Retrying == 1) != (tt.want == webhook.StateRetrying) {
				t.Errorf("counts %+v, %v", c, err)
			}
		})
	}
	if err := newStore(t).ExpectRetry(t.Context(), 7, now); !errors.Is(err, webhook.ErrNotFound) {
		t.Errorf("an unknown event: %v", err)
	}
}
