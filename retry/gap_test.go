package retry

import (
	"testing"
	"time"
)

func TestAGapIsMeasuredAgainstThePolicy(t *testing.T) {
	p := Policy{MaxRetries: 6, Interval: 10 * time.Minute, JitterMin: 5 * time.Second, JitterMax: 2 * time.Minute, Statuses: []Range{{429, 429}}}
	tests := []struct {
		name   string
		policy Policy
		status int
		number int
		gap    time.Duration
		want   string

		late *time.Duration
	}{
		{"within", p, 429, 2, 10*time.Minute + 48*time.Second, "came 10m 48s after #12: retry 1 of 6", nil},
		{"the last one", p, 429, 7, 11 * time.Minute, "came 11m after #12: retry 6 of 6", nil},
		{"as early as can be", p, 429, 3, 10*time.Minute + 5*time.Second, "came 10m 5s after #12: retry 2 of 6", nil},
		{"a little late on its way", p, 429, 3, 12*time.Minute + 20*time.Second, "came 12m 20s after #12: retry 2 of 6", nil},
		{"too early", p, 429, 2, 3 * time.Second, "came 3s after #12: not a retry of the policy, which would come after 10m 5s to 12m", nil},
		{"at once", p, 429, 2, 0, "came immediately after #12: not a retry of the policy, which would come after 10m 5s to 12m", nil},
		{"too late", p, 429, 2, time.Hour, "came 1h after #12: not a retry of the policy, which would come after 10m 5s to 12m", nil},
		{"one too many", p, 429, 8, 11 * time.Minute, "came 11m after #12: send 8, but the policy has 6 retries", nil},
		{"after an answer that is not known", p, 0, 2, 11 * time.Minute, "came 11m after #12: retry 1 of 6", nil},
		{"after a 200", p, 200, 2, 11 * time.Minute, "came 11m after #12: not a retry of the policy, which does not retry after 200", nil},
		{"after no answer", p, NoResponse, 2, 11 * time.Minute, "came 11m after #12: not a retry of the policy, which does not retry after no answer", nil},
		{"the first send", p, 429, 1, time.Minute, "came 1m after #12", nil},
		{"a clock that went back", p, 429, 2, -time.Minute, "came immediately after #12: not a retry of the policy, which would come after 10m 5s to 12m", nil},
		{"without a policy", Policy{}, 429, 2, time.Minute, "came 1m after #12", nil},
		{"when it was announced", p, 429, 2, time.Second, "came 1s after #12: retry 1 of 6", new(50 * time.Millisecond)},
		{"at once, as it was announced", p, 429, 3, 0, "came immediately after #12: retry 2 of 6", new(time.Duration(0))},
		{"earlier than it was announced", p, 429, 2, time.Second, "came 1s after #12: not a retry of the policy, which would come after 10m 5s to 12m", new(-time.Minute)},
		{"when the policy allows it", p, 429, 2, 10*time.Minute + 6*time.Second, "came 10m 6s after #12: retry 1 of 6", new(-time.Minute)},
	}
	for _, tt := range tests {
		if got := tt.policy.DescribeGap("#12", tt.status, tt.number, tt.gap, tt.late); got != tt.want {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}
