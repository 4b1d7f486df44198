package webhook

import (
	"testing"
	"time"
)

func TestStateFollowsFromTheAnswerAndTheAttemptsSince(t *testing.T) {
	now := time.Date(2026, 1, 28, 14, 35, 0, 0, time.UTC)
	retry := now.Add(10 * time.Minute)
	late := retry.Add(Overdue + time.Second)
	tests := []struct {
		name string
		o    Outcome
		at   time.Time
		want State
	}{
		{"nothing answered yet", Outcome{}, now, StateForwarding},
		{"unanswered when the store was opened again", Outcome{Interrupted: true}, now, StateInterrupted},
		{"interrupted, then accepted", Outcome{Interrupted: true, AcceptedLater: true}, now, StateRescued},
		{"200", Outcome{Answer: Answer{Status: 200, By: ByApp}}, now, StateAccepted},
		{"204", Outcome{Answer: Answer{Status: 204, By: ByApp}}, now, StateAccepted},
		{"429 with a retry to come", Outcome{Answer: Answer{Status: 429, By: ByApp, RetryAt: retry}}, now, StatePending},
		{"429, retry due but not overdue", Outcome{Answer: Answer{Status: 429, RetryAt: retry}}, retry.Add(Overdue), StatePending},
		{"429, retry overdue", Outcome{Answer: Answer{Status: 429, RetryAt: retry}}, late, StatePresumedLost},
		{"429, overdue, then accepted by a resend", Outcome{Answer: Answer{Status: 429, RetryAt: retry}, AcceptedLater: true}, late, StateRescued},
		{"429, accepted by a resend before the retry", Outcome{Answer: Answer{Status: 429, RetryAt: retry}, AcceptedLater: true}, now, StatePending},
		{"seventh 429", Outcome{Answer: Answer{Status: 429, By: ByApp}}, now, StateLost},
		{"500", Outcome{Answer: Answer{Status: 500, By: ByApp}}, now, StateLost},
		{"302", Outcome{Answer: Answer{Status: 302, By: ByApp}}, now, StateLost},
		{"502 by taskhook", Outcome{Answer: Answer{Status: 502, By: ByTaskhook}}, now, StateLost},
		{"500, then accepted by a resend", Outcome{Answer: Answer{Status: 500}, AcceptedLater: true}, now, StateRescued},
		{"the sender had gone", Outcome{Answer: Answer{Status: 200, By: ByApp, SenderGone: true}}, now, StateLost},
		{"a 200 that broke off", Outcome{Answer: Answer{Status: 200, By: ByApp, BrokenOff: true}}, now, StateLost},
		{"a 429 that broke off", Outcome{Answer: Answer{Status: 429, By: ByApp, BrokenOff: true}}, now, StateLost},
		{"refused for its signature", Outcome{Answer: Answer{Status: 401, By: ByTaskhook}}, now, StateRefused},
		{"refused, then resent and accepted", Outcome{Answer: Answer{Status: 401, By: ByTaskhook}, AcceptedLater: true}, now, StateRefused},
		{"401 by the app", Outcome{Answer: Answer{Status: 401, By: ByApp}}, now, StateLost},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.o.State(tt.at); got != tt.want {
				t.Errorf("State = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOnlyTheEventsOwnBytesCarryIt(t *testing.T) {
	own := []byte(`{"a":1}`)
	tests := []struct {
		name string
		sent *Request
		body []byte
		want bool
	}{
		{"sent as it is", nil, own, true},
		{"signed anew", &Request{Body: []byte(`{"a":1}`)}, own, true},
		{"changed", &Request{Body: []byte(`{"a":2}`)}, own, false},
		{"emptied", &Request{}, own, false},
		{"empty as it was", &Request{}, []byte{}, true},
	}
	for _, tt := range tests {
		if got := (Attempt{Sent: tt.sent}).Carries(tt.body); got != tt.want {
			t.Errorf("%s: Carries = %v", tt.name, got)
		}
	}
}
