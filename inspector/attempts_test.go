package inspector

import (
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestTheWaitForAnAppIsShownWithItsAttempt(t *testing.T) {
	const want = ", waited 1.2s for the app"
	a := webhook.Attempt{StatusCode: 200, Duration: 3 * time.Millisecond, Waited: 1200 * time.Millisecond}
	if got, _ := attemptOutcome(webhook.DecisionNone, a); !strings.HasSuffix(got, want) {
		t.Errorf("the attempts say %q", got)
	}
	if got, _ := outcomeOf(a); !strings.HasSuffix(got, want) {
		t.Errorf("a resend says %q", got)
	}
	before := webhook.Attempt{StartedAt: time.Unix(0, 0)}
	a.StartedAt = time.Unix(10, 0)
	if got := gap(before, a); got != "8.8s later" {
		t.Errorf("the wait counts as a gap: %s", got)
	}
}
