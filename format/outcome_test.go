package format

import (
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestACopyDoesNotSettleTheEvent(t *testing.T) {
	sent := webhook.Attempt{EventID: 1, Trigger: webhook.TriggerResend, StatusCode: 200}
	tests := []struct {
		name   string
		state  webhook.State
		want   string
		change func(*webhook.Attempt)
	}{
		{"the event's own bytes", webhook.StateRecovered, "recovered", nil},
		{"a copy with a new ID", webhook.StateFailed, "as another event: #1 stays failed", nil},
		{"a copy that failed, too", webhook.StateFailed, "failed", func(a *webhook.Attempt) { a.StatusCode = 500 }},
		{"what was received", webhook.StateFailed, "failed", func(a *webhook.Attempt) { a.Trigger = webhook.TriggerReceived }},
	}
	for _, tt := range tests {
		a := sent
		if tt.change != nil {
			tt.change(&a)
		}
		if got := StateAfter(a, tt.state); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestAnOutcomeNeverContradictsItsStatus(t *testing.T) {
	now := time.Date(2026, 1, 28, 14, 35, 0, 0, time.UTC)
	app := func(status int) webhook.Answer { return webhook.Answer{Status: status, By: webhook.ByApp, At: now} }
	own := func(status int) webhook.Answer {
		return webhook.Answer{Status: status, By: webhook.ByTaskhook, At: now}
	}
	in := func(a webhook.Answer, d time.Duration) webhook.Answer { a.RetryAt = now.Add(d); return a }
	type sum = webhook.Summary
	of := func(a webhook.Answer) webhook.Outcome { return webhook.Outcome{Answer: a, Try: 1} }
	tests := []struct {
		want string
		sum
	}{
		{"200", sum{Attempts: 1, LastStatus: 200, Outcome: of(app(200))}},
		{"200 on try 2", sum{Event: webhook.Event{Try: 1}, Attempts: 1, LastStatus: 429, Outcome: webhook.Outcome{Answer: app(200), Try: 2}}},
		{"200 on try 2, success:false", sum{Event: webhook.Event{Try: 2}, Attempts: 1, LastStatus: 200, Unsuccessful: true, Outcome: webhook.Outcome{Answer: app(200), Try: 2}}},
		{"200 in 3.4s", sum{Attempts: 1, LastStatus: 200, Slow: true, LastDuration: 3400 * time.Millisecond, Outcome: of(app(200))}},
		{"200 success:false", sum{Attempts: 1, LastStatus: 200, Unsuccessful: true, Outcome: of(app(200))}},
		{"200", sum{Attempts: 2, LastStatus: 500, Slow: true, Outcome: of(app(200))}}, // a later resend failed
		{"429 retry 2/6 in 9m", sum{Event: webhook.Event{Try: 2}, Attempts: 1, LastStatus: 429, Outcome: webhook.Outcome{Answer: in(app(429), 9*time.Minute), Try: 2}}},
		{"429 overdue", sum{Attempts: 1, LastStatus: 429, Outcome: of(in(app(429), -time.Hour))}},
		{"429 failed", sum{Attempts: 1, LastStatus: 429, Outcome: of(app(429))}},
		{"500 failed", sum{Attempts: 1, LastStatus: 500, Outcome: of(app(500))}},
		{"500 failed", sum{Attempts: 2, LastStatus: 200, Resent: true, Outcome: of(app(500))}}, // as a new event
		{"200 recovered", sum{Attempts: 2, LastStatus: 200, Outcome: webhook.Outcome{Answer: app(500), DeliveredLater: true, Try: 1}}},
		{"recovered", sum{Attempts: 3, LastStatus: 500, Outcome: webhook.Outcome{Answer: app(500), DeliveredLater: true, Try: 1}}},
		{"no answer", sum{Attempts: 1, Outcome: of(own(502))}},
		{"no answer", sum{Attempts: 1, Outcome: of(own(408))}},
		{"no answer, retry 1/6 in 9m", sum{Attempts: 1, Outcome: of(in(own(429), 9*time.Minute))}},
		{"not forwarded, retry 1/6 in 9m", sum{Outcome: of(in(own(429), 9*time.Minute))}},
		{"not forwarded", sum{Outcome: of(own(413))}},
		{"fault 500 failed", sum{Attempts: 1, LastStatus: 500, Faulted: true, Outcome: of(own(500))}},
		{"sender gone", sum{Attempts: 1, LastStatus: 200, Outcome: of(webhook.Answer{Status: 200, By: webhook.ByApp, SenderGone: true})}},
		{"200 broken off", sum{Attempts: 1, LastStatus: 200, Outcome: of(webhook.Answer{Status: 200, By: webhook.ByApp, BrokenOff: true})}},
		{"unsigned", sum{Outcome: webhook.Outcome{Answer: own(401), Decision: webhook.RejectedUnsigned}}},
		{"bad signature", sum{Outcome: webhook.Outcome{Answer: own(401), Decision: webhook.RejectedSignature}}},
		{"loop", sum{Outcome: webhook.Outcome{Answer: own(508), Decision: webhook.RejectedLoop}}},
		{"ignored", sum{Outcome: webhook.Outcome{Answer: own(200), Decision: webhook.Ignored}}},
		{"passed", sum{Attempts: 1, LastStatus: 302, Outcome: webhook.Outcome{Answer: app(302), Decision: webhook.Passed}}},
		{"interrupted", sum{Outcome: webhook.Outcome{Interrupted: true}}},
		{"forwarding", sum{}},
	}
	for _, tt := range tests {
		if got := Outcome(tt.sum, 6, now); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
