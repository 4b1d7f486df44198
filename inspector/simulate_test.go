package inspector

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

func TestASimulationIsSetUpInAForm(t *testing.T) {
	feed := many(3)
	asked, _, _ := playing(feed, 0, 200, 200, 200)
	d := simulating(t, feed, 80, 24)
	d.press("t")
	d.sees("Taskee's retries with #3 ContactCreate")
	d.sees("! delivered before: an idempotent app will just say so. f: a new ID")
	d.sees("‹ your app's own ›")
	d.press("right", "right", "down", "down", "right", "f")
	d.misses("delivered before")
	d.press("down", "space", "left", "down")
	for range 4 {
		d.press("backspace")
	}
	d.typed("4 2")
	d.press("down")
	d.typed("3001/hooks")
	d.press("enter")
	want := retry.SimulationRequest{
		Resend: webhook.Resend{EventID: 3, NewID: true, To: "3001/hooks"},
		Simulation: retry.Simulation{
			Policy: platform(), Fail: 2, Status: http.StatusTooManyRequests, Mask: true, Speed: 600, Seed: 42,
		},
	}
	if !reflect.DeepEqual(*asked, want) {
		t.Errorf("asked for %+v", *asked)
	}
	d.sees("#3 by the policy taskee, 600x, seed 42, new ID, to 3001/hooks")
	d.sees("↻ first send 14:35:00          429 in place of 200 in 3ms")
	d.sees("✓ retry 2    14:57:03 +11m 2s  200 in 3ms")
	d.sees("delivered on retry 2: 22m 3s late on Taskee")
	d.sees("! send 1: the answer took 40 s")
	d.press("t")
	d.sees("Taskee's retries with #3")
	d.press("esc")
	d.misses("Taskee's retries with")
}

func TestEveryChoiceOfTheFormIsWhatItSays(t *testing.T) {
	replaced := func(s retry.Simulation) retry.Simulation {
		if s.Policy, s.Seed = platform(), 7; s.Status == 0 {
			s.Status = http.StatusTooManyRequests
		}
		return s
	}
	tests := []struct {
		name string
		keys []string
		want retry.Simulation
	}{
		{"the app's own answers", nil, retry.Simulation{Speed: 600}},
		{"all replaced", []string{"left"}, retry.Simulation{Fail: 7, Speed: 600}},
		{"one replaced by 500", []string{"right", "down", "right"}, retry.Simulation{Fail: 1, Status: 500, Speed: 600}},
		{"one replaced by 503", []string{"right", "down", "l", "l"}, retry.Simulation{Fail: 1, Status: 503, Speed: 600}},
		{"one replaced by nothing", []string{"right", "tab", "h"}, retry.Simulation{Fail: 1, Status: retry.NoResponse, Speed: 600}},
		{"nothing to mask", []string{"down", "down", "right"}, retry.Simulation{Speed: 600}},
		{"as slow as the platform", []string{"j", "j", "j", "j", "right", "right"}, retry.Simulation{Speed: 1}},
		{"instant", []string{"up", "k", "shift+tab", "left"}, retry.Simulation{Speed: retry.Instant}},
	}
	for _, tt := range tests {
		feed := many(1)
		asked, _, _ := playing(feed, 0, 200)
		d := simulating(t, feed, 80, 24)
		d.press("t")
		d.m.dialog.(*form).settings[5].text = "7"
		if tt.name == "instant" { // upwards it goes past what is typed
			tt.keys = []string{"up", "up", "up", "left"}
		}
		d.press(tt.keys...)
		d.press("enter")
		if want := replaced(tt.want); !reflect.DeepEqual(asked.Simulation, want) {
			t.Errorf("%s: asked for %+v", tt.name, asked.Simulation)
		}
	}
}

func TestAFormDoesNotBeginWithWhatCannotBeMeant(t *testing.T) {
	feed := many(1)
	asked, _, _ := playing(feed, 0, 200)
	d := simulating(t, feed, 80, 24)
	d.press("t", "up")
	d.m.Update(tea.PasteMsg{Content: "ftp://x\x1b[2J"})
	d.press("enter")
	d.sees("✗ to: invalid target")
	for range 20 {
		d.press("backspace")
	}
	d.press("up")
	d.typed("99999999999999999999999")
	d.press("enter")
	d.sees("✗ seed: a seed is a number with at most 19 digits")
	if asked.Resend.EventID != 0 {
		t.Error("it has begun")
	}
	d.press("esc")
	if d.m.place != inList {
		t.Error("the form is still open")
	}
}

func TestARunningSimulationIsWatchedAndSteered(t *testing.T) {
	feed := many(3)
	_, held, goOn := playing(feed, 3, 429, 200)
	d := simulating(t, feed, 80, 24)
	d.m.now = noon
	d.press("t")
	d.slow = true
	d.press("enter")
	wait := d.background()
	<-held
	d.ticks(1)
	d.sees("↻ first send 14:35:00          429 in 3ms")
	d.sees("… retry 1    14:46:01 +11m 1s  in 1.5s · 15m virtual")
	d.send(tickMsg{d.m.now.Add(100 * time.Millisecond), false})
	d.sees("in 1.4s · 14m virtual")
	d.press("s", "5", "x")
	want := []retry.Steering{{EventID: 3, Skip: true}, {EventID: 3, Answer: 500}, {EventID: 3, Cancel: true}}
	if got := feed.platform.steered; !slices.Equal(got, want) {
		t.Errorf("steered %+v", got)
	}
	d.sees("virtual, then 500")
	d.press("0", "space")
	d.sees("virtual, then no answer")
	d.press("esc")
	d.sees("simulation of #3: send 2 of 7")
	d.press("t") // back to it, not a second one
	d.sees("retry 1    14:46:01")
	d.press("esc")
	goOn()
	wait()
	d.ticks(1)
	d.sees("simulation of #3: delivered on retry 1: 11m 1s late on Taskee")
	d.misses("send 2 of 7")
}

func TestASimulationThatCannotBeSteeredIsGivenUp(t *testing.T) {
	feed := many(1)
	feed.platform.steerErr = webhook.ErrNotSimulating
	_, held, _ := playing(feed, 2, 429, 200)
	d := simulating(t, feed, 80, 24)
	d.press("t")
	d.slow = true
	d.press("enter")
	wait := d.background()
	<-held
	d.press("s")
	d.sees("! no simulation of this event is running")
	d.press("x")
	wait()
	d.sees("cancelled after 1 send")
	d.misses("let it run")
}

func TestASimulationEndsWithTheScreen(t *testing.T) {
	feed := many(1)
	_, held, _ := playing(feed, 2, 429, 200)
	d := simulating(t, feed, 80, 24)
	ctx, quit := context.WithCancel(t.Context())
	d.m.background = &background{ctx: ctx}
	d.press("t")
	d.slow = true
	d.press("enter")
	d.background()
	<-held
	quit()
	d.m.background.close()
	s := d.m.acts.simulations[1]
	if got := s.report.Record.Outcome; s.running() || got != retry.OutcomeCancelled {
		t.Errorf("it ended %q", got)
	}
}

func TestATimelineIsSafeOnATerminal(t *testing.T) {
	const evil = "\x1b[2J\u202e\n語語語語語語語語語語語語語語語語語語語語"
	feed := many(1)
	feed.platform.simulate = func(_ context.Context, _ retry.SimulationRequest, watch func(retry.Progress)) (retry.Report, error) {
		send := retry.Send{Number: 1}
		sent := retry.Sent{Send: send, Called: true, App: retry.Result{Error: evil}}
		watch(retry.Progress{Step: retry.StepSend, Send: send, Notes: []string{evil}})
		watch(retry.Progress{Step: retry.StepAnswer, Send: send, Sent: &sent})
		sent.Failure = evil
		watch(retry.Progress{Step: retry.StepAnswer, Send: send, Sent: &sent})
		return retry.Report{Record: retry.Record{Sends: []retry.Sent{sent}}, Remarks: []string{evil}}, errors.New(evil)
	}
	for _, size := range [][2]int{{40, 12}, {120, 40}} {
		d := simulating(t, feed, size[0], size[1])
		d.press("t", "enter")
		for range 8 {
			d.press("up")
			d.fits()
			d.harmless()
		}
		d.press("esc")
		d.fits()
		d.harmless()
	}
}

func TestASimulationThatIsRefusedSaysWhy(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{webhook.ErrSimulating, "a simulation of #1 is running already"},
		{errors.New("the disk is full"), "nothing was sent: the disk is full"},
		{context.Canceled, "cancelled"},
	}
	for _, tt := range tests {
		feed := many(1)
		feed.platform.simulate = func(context.Context, retry.SimulationRequest, func(retry.Progress)) (retry.Report, error) {
			return retry.Report{}, tt.err
		}
		d := simulating(t, feed, 80, 24)
		d.press("t", "enter")
		d.sees(tt.want)
	}
}

func TestARefusedEventIsSimulatedOnlyWhenAskedFor(t *testing.T) {
	feed := many(1)
	feed.reject(1)
	asked, _, _ := playing(feed, 0, 200)
	d := simulating(t, feed, 80, 24)
	d.press("t")
	d.sees("#1 was rejected. Send it to the app all the same?")
	d.press("n")
	d.misses("retries with")
	d.press("t", "y", "enter")
	if !asked.Resend.Unverified {
		t.Errorf("asked for %+v", asked.Resend)
	}
	d.sees("delivered at once, nothing to retry: simulate with the first 2 answers")
}

func TestMarkedEventsAreSimulatedInOrder(t *testing.T) {
	feed := withMarks(many(5), 2, 4, 5)
	feed.reject(4)
	var asked []webhook.ID
	feed.platform.simulate = func(_ context.Context, r retry.SimulationRequest, _ func(retry.Progress)) (retry.Report, error) {
		asked = append(asked, r.Resend.EventID)
		status, outcome := 200, retry.OutcomeDelivered
		if r.Resend.EventID == 5 {
			status, outcome = 500, retry.OutcomeFailed
		}
		return retry.Report{EventID: r.Resend.EventID, Record: recordOf(r, stepsOf(r, status), outcome)}, nil
	}
	d := simulating(t, feed, 80, 24)
	d.press("t")
	d.sees("simulate the 3 marked events")
	d.press("m")
	d.sees("Taskee's retries with 2 events:") // without the refused one
	d.press("enter")
	if want := []webhook.ID{2, 5}; !slices.Equal(asked, want) {
		t.Errorf("simulated %v", asked)
	}
	d.sees("✗ 2 events simulated: 1 delivered, 1 failed; first #5: failed: 500 on send 1")
	feed.platform.simulate = func(ctx context.Context, r retry.SimulationRequest, _ func(retry.Progress)) (retry.Report, error) {
		d.ticks(1)
		d.sees("Simulating 2 events: 0 of 2")
		d.press("x")
		return retry.Report{Record: recordOf(r, nil, retry.OutcomeCancelled)}, ctx.Err()
	}
	d.press("t", "m", "enter")
	d.sees(" stopped after 1 of 2: 0 events simulated: 0 delivered, 1 unfinished\n")
	feed.platform.simulate = func(context.Context, retry.SimulationRequest, func(retry.Progress)) (retry.Report, error) {
		return retry.Report{}, webhook.ErrSimulating
	}
	d.press("t", "m", "enter")
	d.sees("0 delivered, 2 unfinished; first #2: a")
}

func TestSimulationViews(t *testing.T) {
	for _, size := range [][2]int{{40, 12}, {80, 24}, {120, 40}} {
		feed := many(5)
		_, held, goOn := playing(feed, 6, 200, 200, 500)
		d := simulating(t, feed, size[0], size[1])
		d.m.now = noon
		d.press("t")
		d.golden("simulate-form")
		d.press("right", "right", "down", "down", "right", "f")
		d.slow = true
		d.press("enter")
		wait := d.background()
		<-held
		d.ticks(1)
		d.press("4")
		d.golden("simulate-wait")
		d.press("esc")
		d.golden("simulate-behind")
		d.press("t")
		goOn()
		wait()
		d.golden("simulate-timeline")
	}
}
