package cli

import (
	"testing"

	"github.com/taskhook/taskhook/webhook"
)

func TestTheSummaryOfARunSaysWhatToDo(t *testing.T) {
	type states = map[webhook.State]int
	tests := []struct {
		name        string
		states      states
		words, next string
	}{
		{"nothing came", nil, "this run: no events", ""},
		{"all is well", states{webhook.StateDelivered: 1}, "this run: 1 event, 1 delivered", ""},
		{"what failed comes first", states{webhook.StateDelivered: 1200, webhook.StateFailed: 2, webhook.StateRejected: 1},
			"this run: 1,203 events, 1,200 delivered, 2 failed, 1 rejected", "send what failed again with: taskhook resend --failed"},
		{"an overdue retry counts as failed", states{webhook.StateOverdue: 1}, "this run: 1 event, 1 overdue", "send what failed again with: taskhook resend --failed"},
		{"a retry is the platform's", states{webhook.StateRetrying: 3}, "this run: 3 events, 3 retrying", ""},
		{"only strangers", states{webhook.StateRejected: 4}, "this run: 4 events, 4 rejected", "see why with: taskhook events list --state rejected"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tally := runTally{states: tt.states}
			for _, n := range tt.states {
				tally.events += n
			}
			if got := tally.words(); got != tt.words {
				t.Errorf("words %q, want %q", got, tt.words)
			}
			if got := tally.next(); got != tt.next {
				t.Errorf("next %q, want %q", got, tt.next)
			}
		})
	}
}
