package inspector

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// twice is a feed with an event that came again, and again with other bytes.
func twice() *memory {
	f := many(1)
	f.events[0].Answer = webhook.Answer{Status: 429, By: webhook.ByTaskhook, Shielded: true, Reason: "shielded: the app is down", At: noon.Add(-12 * time.Minute), RetryAt: noon.Add(-2 * time.Minute)}
	f.events[0].Outcome.Answer, f.events[0].Resent, f.events[0].RedeliveredAs = f.events[0].Answer, true, 2
	again := f.events[0]
	again.RedeliveryOf, again.RedeliveredAs, again.Try, again.Resent, again.Duplicate, again.Simulated = 1, 3, 2, false, true, true
	again.ReceivedAt = noon.Add(-72 * time.Second)
	again.Answer = webhook.Answer{Status: 200, By: webhook.ByApp, At: noon.Add(-71 * time.Second)}
	f.add(again)
	altered := again
	altered.RedeliveryOf, altered.RedeliveredAs, altered.Try, altered.Duplicate, altered.Altered, altered.Simulated = 2, 0, 3, false, true, false
	altered.ReceivedAt = noon
	f.add(altered)
	return f
}

func TestRedeliveriesAreOneHistory(t *testing.T) {
	history := []string{
		"#1 14:34:59 first send → 429, shielded · resent from here",
		"#2 14:33:48 came 10m 48s after #1: retry 1 of 6 → 200 · simulated from here",
		"  ! duplicate: it was delivered before",
		"#3 14:35:00 came 1m 11s after #2: not a retry of the policy, which does not retry after 200 → 200",
		"  ! the same webhookId as #2 with other bytes",
	}
	for n := range 3 { // it is the same from each of them
		d := simulating(t, twice(), 104, 60)
		for range n {
			d.press("down")
		}
		d.press("enter", "3")
		d.ticks(2)
		d.sees("sent with this webhookId")
		at := 0
		for _, line := range history {
			i := strings.Index(d.screen()[at:], line)
			if i < 0 {
				t.Fatalf("the screen does not say %q there:\n%s", line, d.screen())
			}
			at += i
		}
		d.sees("▸ " + d.selected().String() + " ")
	}
}

// TestARedeliveryThatWasAnnouncedIsARetry has a sandbox, whose clock is faster
// than the platform's.
func TestARedeliveryThatWasAnnouncedIsARetry(t *testing.T) {
	before, again := webhook.Summary{}, webhook.Summary{}
	before.ID, again.Try, again.ReceivedAt = 3, 2, noon.Add(time.Second)
	before.Answer = webhook.Answer{Status: 429, By: webhook.ByApp, At: noon, RetryAt: noon.Add(900 * time.Millisecond)}
	if got := gapWords(taskee.Policy(), before, again); got != "came 1s after #3: retry 1 of 6" {
		t.Error(got)
	}
}

func TestAShieldedAnswerSaysWhenTheEventComesAgain(t *testing.T) {
	f := twice()
	f.events[0].Answer.RetryAt = noon.Add(10 * time.Minute)
	d := simulating(t, f, 100, 60)
	d.press("end", "enter", "3")
	d.ticks(2)
	d.sees("Shielded: Taskhook answered 429 in place of the failure, so that the event comes again, about\n 14:45.\n")
	d.sees(" the app is down\n")
}

func TestAHistoryWhoseBeginningIsGoneBeginsLater(t *testing.T) {
	f := twice()
	f.events = f.events[1:]
	d := simulating(t, f, 100, 60)
	d.press("enter", "3")
	d.ticks(2)
	d.sees("#2 14:33:48 send 2 → 200")
	d.sees("#3 14:35:00 came 1m 11s after #2")
}

func TestAStoredSimulationIsToldInTheAttempts(t *testing.T) {
	feed := many(1)
	try := func(n, status, app int, at time.Duration, next bool) {
		a := webhook.Attempt{
			EventID: 1, Delivery: 2, Number: n, Trigger: webhook.TriggerSimulation, Sends: 7, Target: "http://localhost:3000", StartedAt: noon,
			Duration: 2 * time.Millisecond, StatusCode: status, Simulated: app != status, AppStatus: app, VirtualTime: noon.Add(at), Policy: "taskee",
		}
		if next {
			a.RetryAt = noon.Add(at + 11*time.Minute)
		}
		feed.try(a)
	}
	try(1, 429, 200, 0, true)
	try(2, 429, 0, 10*time.Minute+42*time.Second, true)
	feed.try(webhook.Attempt{EventID: 1, Delivery: 3, Number: 1, Trigger: webhook.TriggerReceived, StartedAt: noon, StatusCode: 429, Simulated: true, Fault: "429 by rule 2"})
	feed.try(webhook.Attempt{EventID: 1, Delivery: 4, Number: 1, Trigger: webhook.TriggerSimulation, Sends: 7, StartedAt: noon, Simulated: true, VirtualTime: noon, Policy: "taskee"})
	d := simulating(t, feed, 100, 60)
	d.press("enter", "3")
	d.ticks(2)
	for _, text := range []string{
		"simulated 1/7 · 14:35:00.000\n by the policy taskee: would arrive 14:35:00\n",
		"↻ 429 in 2ms, simulated: the app itself answered 200\n",
		"by the policy taskee: would arrive 14:45:42, +10m 42s\n",
		"↻ 429 in 2ms, simulated: the app was not called\n",
		"↻ cancelled here: the next send would have arrived 14:56:42\n",
		"fault: 429 by rule 2\n",
		"✗ no answer, simulated: the app was not called\n",
	} {
		d.sees(text)
	}
	if n := strings.Count(d.screen(), "cancelled here"); n != 1 {
		t.Errorf("%d simulations were cancelled:\n%s", n, d.screen())
	}
}

// play has the feed live through shield, faults, a redelivery and a simulation.
func play(f *memory) {
	time.Sleep(time.Second / 2) // what happens at one time is between two looks at the feed
	valid := webhook.Verdict{Status: webhook.Valid, Scheme: "rsa", Key: "taskee"}
	event := webhook.Event{Type: "ContactCreate", WebhookID: "5f3a91c0", Method: "POST", Verdict: valid, Source: webhook.SourceLocal, ReceivedAt: time.Now()}
	first := f.add(webhook.Summary{Event: event})
	f.try(webhook.Attempt{EventID: first, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, StartedAt: time.Now(), Error: "connection refused"})
	f.answer(first, webhook.Answer{
		Status: 429, By: webhook.ByTaskhook, Shielded: true, Reason: "shielded: connection refused", At: time.Now(), RetryAt: time.Now().Add(11 * time.Minute),
	})
	time.Sleep(10*time.Minute + 48*time.Second)
	event.RedeliveryOf, event.Try, event.Duplicate, event.ReceivedAt = first, 2, true, time.Now()
	second := f.add(webhook.Summary{Event: event})
	f.try(webhook.Attempt{
		EventID: second, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, StartedAt: time.Now(), StatusCode: 503, Answered: 503,
		Simulated: true, Fault: "503 by rule 2",
	})
	time.Sleep(time.Minute)
	event.RedeliveryOf, event.Try, event.Duplicate, event.Altered, event.ReceivedAt = second, 3, false, true, time.Now()
	third := f.add(webhook.Summary{Event: event})
	f.try(webhook.Attempt{EventID: third, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, StartedAt: time.Now(), StatusCode: 200, Answered: 200})
	time.Sleep(time.Minute)
	for n, app := range []int{0, 200, 200} {
		a := webhook.Attempt{
			EventID: second, Delivery: 2, Number: n + 1, Trigger: webhook.TriggerSimulation, Sends: 7, StartedAt: time.Now(), Policy: "taskee",
			StatusCode: 429, Simulated: true, AppStatus: app, VirtualTime: time.Now().Add(time.Duration(n) * 11 * time.Minute),
		}
		if n == 2 {
			a.StatusCode, a.Simulated, a.AppStatus = app, false, 0
		}
		f.try(a)
	}
	time.Sleep(time.Second)
}

func TestPlainTellsTheSimulatedFromTheReal(t *testing.T) {
	f := &memory{}
	got := follows(t, func(ctx context.Context, w *lockedBuffer) error {
		return Plain(ctx, w, f, PlainOptions{Location: time.UTC, Policy: platform()})
	}, func() { play(f) })
	golden(t, "plain-simulation.txt", got)
}

func TestJSONLinesTellTheSimulatedFromTheReal(t *testing.T) {
	f := &memory{}
	got := follows(t, func(ctx context.Context, w *lockedBuffer) error { return jsonLinesFromNow(ctx, w, f) }, func() { play(f) })
	type line struct {
		Kind         string
		EventID      webhook.ID
		Trigger      webhook.Trigger
		Status       int
		Simulated    bool
		AppStatus    int
		VirtualTime  *time.Time
		Policy       string
		Fault        string
		RedeliveryOf webhook.ID
		Altered      bool
		Duplicate    bool
	}
	var faults, simulated, altered, duplicates int
	for _, text := range strings.Split(strings.TrimSpace(got), "\n") {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		switch {
		case l.Fault == "503 by rule 2" && l.Simulated && l.EventID == 2 && l.VirtualTime == nil:
			faults++
		case l.Trigger == webhook.TriggerSimulation && l.VirtualTime != nil && l.Policy == "taskee" && l.Simulated == (l.Status == 429):
			simulated++
		case l.Altered && l.RedeliveryOf == 2:
			altered++
		case l.Duplicate && l.RedeliveryOf == 1:
			duplicates++
		}
	}
	if faults != 1 || simulated != 3 || altered != 1 || duplicates != 1 {
		t.Errorf("%d faults, %d simulated, %d altered, %d duplicates:\n%s", faults, simulated, altered, duplicates, got)
	}
}
