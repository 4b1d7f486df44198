package webhook

import (
	"testing"
	"time"
)

func TestStateFollowsFromTheAnswerAndTheAttemptsSince(t *testing.T) {
	now := time.Date(2026, 1, 28, 14, 35, 0, 0, time.UTC)
	retry := now.Add(10 * time.Minute)
	late := retry.Add(OverdueAfter + time.Second)
	tests := []struct {
		name string
		o    Outcome
		at   time.Time
		want State
	}{
		{"nothing answered yet", Outcome{}, now, StateForwarding},
		{"unanswered when the store was opened again", Outcome{Interrupted: true}, now, StateInterrupted},
		{"interrupted, then delivered", Outcome{Interrupted: true, DeliveredLater: true}, now, StateRecovered},
		{"200", Outcome{Answer: Answer{Status: 200, By: ByApp}}, now, StateDelivered},
		{"204", Outcome{Answer: Answer{Status: 204, By: ByApp}}, now, StateDelivered},
		{"429 with a retry to come", Outcome{Answer: Answer{Status: 429, By: ByApp, RetryAt: retry}}, now, StateRetrying},
		{"429, retry due but not overdue", Outcome{Answer: Answer{Status: 429, RetryAt: retry}}, retry.Add(OverdueAfter), StateRetrying},
		{"429, retry overdue", Outcome{Answer: Answer{Status: 429, RetryAt: retry}}, late, StateOverdue},
		{"429, overdue, then delivered by a resend", Outcome{Answer: Answer{Status: 429, RetryAt: retry}, DeliveredLater: true}, late, StateRecovered},
		{"429, delivered by a resend before the retry", Outcome{Answer: Answer{Status: 429, RetryAt: retry}, DeliveredLater: true}, now, StateRetrying},
		{"seventh 429", Outcome{Answer: Answer{Status: 429, By: ByApp}}, now, StateFailed},
		{"500", Outcome{Answer: Answer{Status: 500, By: ByApp}}, now, StateFailed},
		{"302", Outcome{Answer: Answer{Status: 302, By: ByApp}}, now, StateFailed},
		{"502 by taskhook", Outcome{Answer: Answer{Status: 502, By: ByTaskhook}}, now, StateFailed},
		{"500, then delivered by a resend", Outcome{Answer: Answer{Status: 500}, DeliveredLater: true}, now, StateRecovered},
		{"the sender had gone", Outcome{Answer: Answer{Status: 200, By: ByApp, SenderGone: true}}, now, StateFailed},
		{"a 200 that broke off", Outcome{Answer: Answer{Status: 200, By: ByApp, BrokenOff: true}}, now, StateFailed},
		{"a 429 that broke off", Outcome{Answer: Answer{Status: 429, By: ByApp, BrokenOff: true}}, now, StateFailed},
		{"unsigned", Outcome{Answer: Answer{Status: 401, By: ByTaskhook}, Decision: RejectedUnsigned}, now, StateRejected},
		{"rejected, and the sender had gone", Outcome{Answer: Answer{Status: 400, By: ByTaskhook, SenderGone: true}, Decision: RejectedMalformed}, now, StateRejected},
		{"rejected, then resent and delivered", Outcome{Answer: Answer{Status: 401, By: ByTaskhook}, Decision: RejectedSignature, DeliveredLater: true}, now, StateRejected},
		{"401 by a fault rule", Outcome{Answer: Answer{Status: 401, By: ByTaskhook}}, now, StateFailed},
		{"ignored", Outcome{Answer: Answer{Status: 200, By: ByTaskhook}, Decision: Ignored}, now, StateIgnored},
		{"ignored, then resent and delivered", Outcome{Answer: Answer{Status: 200, By: ByTaskhook}, Decision: Ignored, DeliveredLater: true}, now, StateIgnored},
		{"passed", Outcome{Answer: Answer{Status: 302, By: ByApp}, Decision: Passed}, now, StatePassed},
		{"passed, and answered 429", Outcome{Answer: Answer{Status: 429, By: ByApp, RetryAt: retry}, Decision: Passed}, late, StatePassed},
		{"passed, and unanswered when the store was opened again", Outcome{Decision: Passed, Interrupted: true}, now, StatePassed},
		{"401 by the app", Outcome{Answer: Answer{Status: 401, By: ByApp}}, now, StateFailed},
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

func TestEveryDecisionHasAStateOfItsOwnWhateverWasAnswered(t *testing.T) {
	answers := []Outcome{
		{}, {Interrupted: true}, {Answer: Answer{Status: 200}}, {Answer: Answer{Status: 500}, DeliveredLater: true},
		{Answer: Answer{Status: 429, RetryAt: time.Unix(1, 0)}}, {Answer: Answer{SenderGone: true}},
	}
	for _, d := range Decisions {
		want := StateRejected
		if !d.Rejected() {
			want = State(d)
		}
		for _, o := range answers {
			o.Decision = d
			if got := o.State(time.Unix(0, 0)); got != want {
				t.Errorf("%s, %+v: State = %q, want %q", d, o.Answer, got, want)
			}
		}
	}
}

func TestAttemptNames(t *testing.T) {
	for _, tt := range []struct {
		attempt Attempt
		want    string
	}{
		{Attempt{Trigger: TriggerReceived, Delivery: 1, Number: 1}, "received"},
		{Attempt{Trigger: TriggerResend, Delivery: 3, Number: 1, Resend: 2}, "resend 2"},
		{Attempt{Trigger: TriggerSimulation, Delivery: 4, Number: 2, Sends: 7}, "simulated 2/7"},
		{Attempt{Trigger: TriggerSimulation, Delivery: 4, Number: 2}, "simulated 2"}, // stored by an earlier version
	} {
		if got := tt.attempt.Name(); got != tt.want {
			t.Errorf("%+v is %q, want %q", tt.attempt, got, tt.want)
		}
	}
}
