package retry

import (
	"testing"
	"time"
)

func TestNext(t *testing.T) {
	p := Policy{
		MaxRetries: 6, Interval: 10 * time.Minute,
		JitterMin: 10 * time.Second, JitterMax: 30 * time.Second,
		Statuses: []Range{{429, 429}},
	}
	at := time.Date(2026, 1, 28, 14, 35, 0, 0, time.UTC)
	tests := []struct {
		name        string
		try, status int
		want        time.Time
	}{
		{"a retried status comes back after the interval and the mean jitter", 1, 429, at.Add(10*time.Minute + 20*time.Second)},
		{"the last retry is still to come after the sixth send", 6, 429, at.Add(10*time.Minute + 20*time.Second)},
		{"nothing comes after the last retry", 7, 429, time.Time{}},
		{"another status is final", 1, 500, time.Time{}},
		{"success is final", 1, 200, time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := p.Next(tt.try, tt.status, at); !got.Equal(tt.want) {
				t.Errorf("Next = %v, want %v", got, tt.want)
			}
		})
	}
}
