package inspector

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"taskhook/retry"
	"taskhook/webhook"
)

// platform is the policy of the tests.
func platform() retry.Policy {
	return retry.Policy{
		Name: "taskee", MaxRetries: 6, Interval: 10 * time.Minute, JitterMin: 5 * time.Second, JitterMax: 2 * time.Minute,
		Statuses: []retry.Range{{Min: 429, Max: 429}},
	}
}

// stagesOf are the stages of a simulation whose app answers as told; each
// answer takes 3 ms, and each gap eleven minutes.
func stagesOf(ask retry.Rehearsal, answers ...int) []retry.Stage {
	var all []retry.Stage
	at := time.Duration(0)
	for i, status := range answers {
		send := retry.Send{Number: i + 1, Offset: at}
		if i > 0 {
			send.Gap = 11*time.Minute + time.Duration(i)*time.Second
			send.Offset += send.Gap
			all = append(all, retry.Stage{Progress: retry.Progress{Step: retry.StepWait, Send: send, Arrives: noon.Add(send.Offset), Due: noon.Add(2 * time.Second)}})
		}
		sent := retry.Sent{Send: send, Status: status, Called: true, App: retry.Result{Status: status, Took: 3 * time.Millisecond}}
		if i < ask.Simulation.Fail {
			sent.Status, sent.Simulated, sent.Called = ask.Simulation.Status, true, ask.Simulation.Mask
		}
		at = send.Offset + sent.App.Took
		all = append(all,
			retry.Stage{Progress: retry.Progress{Step: retry.StepSend, Send: send, Arrives: noon.Add(send.Offset)}},
			retry.Stage{Progress: retry.Progress{Step: retry.StepAnswer, Send: send, Arrives: noon.Add(send.Offset), Sent: &sent}})
	}
	return all
}

// recordOf is what those stages come to.
func recordOf(ask retry.Rehearsal, stages []retry.Stage, outcome retry.Outcome) retry.Record {
	r := retry.Record{Simulation: ask.Simulation, Start: noon, Outcome: outcome}
	for _, s := range stages {
		if s.Sent != nil {
			r.Sends = append(r.Sends, *s.Sent)
		}
	}
	return r
}

// playing has the fake play the answers, and hold after one of the stages, by
// its number, until it is let go; 0: it does not hold.
func playing(f *memory, hold int, answers ...int) (asked *retry.Rehearsal, held <-chan struct{}, goOn func()) {
	asked, released, reached := new(retry.Rehearsal), make(chan struct{}), make(chan struct{})
	f.rehearsing.simulate = func(ctx context.Context, r retry.Rehearsal, watch func(retry.Stage)) (retry.Report, error) {
		*asked = r
		stages := stagesOf(r, answers...)
		for i, s := range stages {
			watch(s)
			if i+1 != hold {
				continue
			}
			close(reached)
			select {
			case <-released:
			case <-ctx.Done():
				return retry.Report{EventID: r.Resend.EventID, Record: recordOf(r, stages[:i], retry.OutcomeCancelled)}, nil
			}
		}
		outcome := retry.OutcomeLost
		if webhook.Accepted(answers[len(answers)-1]) {
			outcome = retry.OutcomeAccepted
		}
		return retry.Report{EventID: r.Resend.EventID, Record: recordOf(r, stages, outcome), Remarks: []retry.Remark{{Kind: retry.RemarkSlow, Words: "send 1: the answer took 40 s"}}}, nil
	}
	return asked, reached, func() { close(released) }
}

// background runs what the last keys began in a goroutine of its own, and
// returns what waits for it.
func (d *driver) background() (wait func()) {
	d.slow = false
	late := d.late
	d.late = nil
	msgs := make(chan tea.Msg, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, cmd := range late {
			collect(cmd, msgs)
		}
	}()
	return func() {
		<-done
		close(msgs)
		for msg := range msgs {
			d.send(msg)
		}
	}
}

// collect runs a command, and what it is a batch of.
func collect(cmd tea.Cmd, msgs chan<- tea.Msg) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			collect(c, msgs)
		}
	case result:
		msgs <- msg
	}
}

func TestASimulationIsSetUpInAForm(t *testing.T) {
	feed := many(3)
	asked, _, _ := playing(feed, 0, 200, 200, 200)
	d := drive(t, feed, 80, 24, Options{})
	d.m.opts.Policy = platform()
	d.press("t")
	d.sees("Taskee's retries with #3 ContactCreate")
	d.sees("the app has accepted it: an idempotent one will just say so; choose fresh")
	d.sees("‹ your app's own ›")
	d.press("right", "right", "down", "down", "right", "down", "right", "down", "down", "left", "enter")
	want := retry.Simulation{Policy: platform(), Fail: 2, Status: http.StatusTooManyRequests, Mask: true, Speed: 600, Seed: asked.Simulation.Seed}
	if got := asked.Simulation; got.Fail != want.Fail || got.Status != want.Status || !got.Mask || got.Speed != want.Speed || got.Policy.Name != "taskee" {
		t.Errorf("asked for %+v", got)
	}
	if asked.Resend.EventID != 3 || !asked.Resend.Fresh {
		t.Errorf("asked for %+v", asked.Resend)
	}
	d.sees("429 in place of 200 in 3.0ms")
	d.sees("accepted on retry 2: on Taskee 22 min late")
	d.sees("! send 1: the answer took 40 s")
	d.press("esc")
	d.misses("accepted on retry 2")
}

func TestARunningSimulationIsWatchedAndSteered(t *testing.T) {
	feed := many(3)
	_, held, goOn := playing(feed, 3, 429, 200)
	d := drive(t, feed, 80, 24, Options{})
	d.m.opts.Policy = platform()
	d.press("t")
	d.slow = true
	d.press("enter")
	wait := d.background()
	<-held
	d.ticks(1)
	d.sees("↻ first send 14:35:00           429 in 3.0ms")
	d.sees("… retry 1    would arrive 14:46:01, +11m01s · in ")
	d.press("s", "5", "x")
	want := []retry.Steering{{EventID: 3, Skip: true}, {EventID: 3, Answer: 500}, {EventID: 3, Cancel: true}}
	if got := feed.rehearsing.steered; len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("steered %+v", got)
	}
	d.sees("! the next send is answered 500")
	d.press("esc")
	d.sees("simulation of #3: send 2 of 7")
	d.press("t") // back to it, not a second one
	d.sees("would arrive 14:46:01")
	d.press("esc")
	goOn()
	wait()
	d.ticks(1)
	d.sees("#3: accepted on retry 1: on Taskee 11 min late")
	d.misses("simulation of #3")
}

func TestASimulationThatIsRefusedSaysWhy(t *testing.T) {
	feed := many(1)
	feed.rehearsing.simulate = func(context.Context, retry.Rehearsal, func(retry.Stage)) (retry.Report, error) {
		return retry.Report{}, webhook.ErrSimulating
	}
	d := drive(t, feed, 80, 24, Options{})
	d.press("t", "enter")
	d.sees("a simulation of #1 is running already")
	feed.rehearsing.simulate = func(context.Context, retry.Rehearsal, func(retry.Stage)) (retry.Report, error) {
		return retry.Report{}, errors.New("the disk is full")
	}
	d.press("t", "enter")
	d.sees("#1 was not simulated: the disk is full")
}

func TestRulesAreAddedAndTakenAwayOnTheScreen(t *testing.T) {
	feed := many(2)
	feed.listener.Local = "http://127.0.0.1:4480"
	d := drive(t, feed, 80, 24, Options{})
	d.press("F")
	d.sees("No rules: nothing is injected.")
	d.press("a")
	d.typed("status:99")
	d.press("enter")
	d.sees(`status:99: status: "99" is no status from 200 to 599`)
	for range len("status:99") {
		d.press("backspace")
	}
	d.typed("type:Contact* times:2 status:429")
	d.press("enter")
	d.sees("▸ 1  0/0     after 2       type:Contact* times:2 status:429")
	d.sees("answer 429 without calling your app, for type:Contact*; a 429 spends real")
	d.sees("FAULTS 1 rule")
	d.press("a")
	d.typed("delay:1s")
	d.press("enter", "down", "d")
	d.misses("delay:1s")
	d.press("C", "y")
	if len(feed.listener.Faults) != 0 {
		t.Errorf("rules %+v", feed.listener.Faults)
	}
	d.misses("FAULTS")
}

func TestTheShieldIsAnnouncedWhileItIsUp(t *testing.T) {
	feed := many(2)
	feed.listener.Local = "http://127.0.0.1:4480"
	feed.listener.NextRetry = noon.Add(10 * time.Minute)
	feed.add(webhook.Summary{Event: webhook.Event{Type: "NoteCreate", ReceivedAt: noon}, Outcome: webhook.Outcome{
		Answer: webhook.Answer{Status: 429, By: webhook.ByTaskhook, RetryAt: noon.Add(10 * time.Minute), Shielded: true},
	}})
	d := drive(t, feed, 80, 24, Options{})
	d.press("H")
	d.sees("shield up: while the app is down or too slow")
	d.ticks(4)
	d.sees("SHIELD 1 pending, next about 14:45")
	d.press("H")
	d.sees("shield down: what the app misses is lost on Taskee")
	d.ticks(4)
	d.misses("SHIELD")
}

// rescuing has the fake rescue some events, and keep some apart.
func rescuing(f *memory, r webhook.RescueReport) {
	f.rehearsing.rescue = func(ask webhook.Rescue, watch func(webhook.Rescued)) (webhook.RescueReport, error) {
		out := r
		if ask.Unverified {
			out.Accepted, out.Refused = out.Accepted+out.Refused, 0
		}
		for n := range out.Total {
			watch(webhook.Rescued{Done: n + 1, Total: out.Total})
		}
		return out, nil
	}
}

func TestARescueIsLookedAtAndThenBegun(t *testing.T) {
	feed := many(2)
	feed.listener.Target = "http://localhost:3000"
	feed.listener.Rescuable = 12
	rescuing(feed, webhook.RescueReport{Total: 14, Accepted: 12, Refused: 2})
	d := drive(t, feed, 80, 24, Options{})
	d.sees("12 lost: ctrl+r to rescue")
	d.send(tea.KeyPressMsg{Code: 'r', Mod: tea.ModCtrl})
	d.sees("Rescue: 12 events would be sent to http://localhost:3000. Not sent: 2 refused")
	d.press("v")
	d.sees("Rescue: 14 events would be sent")
	d.press("v", "r")
	d.sees("↑ 12 events rescued; 2 refused for the signature")
	var dry []bool
	for _, r := range feed.rehearsing.rescues {
		dry = append(dry, r.DryRun)
	}
	if len(dry) != 4 || !dry[0] || !dry[1] || !dry[2] || dry[3] {
		t.Errorf("rescues %+v", feed.rehearsing.rescues)
	}
}

func TestARescueOfWhatIsShown(t *testing.T) {
	feed := many(2)
	rescuing(feed, webhook.RescueReport{Total: 1, Accepted: 1})
	d := drive(t, feed, 80, 24, Options{})
	d.press("/")
	d.typed("type:Contact*")
	d.press("enter")
	d.ticks(2)
	d.send(tea.KeyPressMsg{Code: 'r', Mod: tea.ModCtrl})
	d.press("o", "r")
	last := feed.rehearsing.rescues[len(feed.rehearsing.rescues)-1]
	if last.Filter != "type:Contact*" || last.DryRun {
		t.Errorf("rescue %+v", last)
	}
}

func TestHowARescueEndsIsSaid(t *testing.T) {
	tests := []struct {
		report webhook.RescueReport
		want   string
	}{
		{webhook.RescueReport{}, "nothing is lost"},
		{webhook.RescueReport{Total: 9, Failed: 5, Accepted: 1, Stopped: "5 failures in a row, the last: refused"}, "stopped: 5 failures in a row, the last: refused; ctrl+r goes on where it stopped"},
		{webhook.RescueReport{Total: 2, Accepted: 1, Failed: 1}, "1 event rescued, 1 failed"},
	}
	for _, tt := range tests {
		feed := many(1)
		rescuing(feed, tt.report)
		d := drive(t, feed, 120, 24, Options{})
		d.send(tea.KeyPressMsg{Code: 'r', Mod: tea.ModCtrl})
		if tt.report.Total > 0 {
			d.press("r")
		}
		d.sees(tt.want)
	}
}

func TestRehearsalViews(t *testing.T) {
	for _, size := range [][2]int{{40, 12}, {80, 24}, {120, 40}} {
		feed := many(5)
		feed.listener.Local = "http://127.0.0.1:4480"
		playing(feed, 0, 429, 429, 500)
		d := drive(t, feed, size[0], size[1], Options{})
		d.m.opts.Policy = platform()
		d.press("t")
		golden(t, fmt.Sprintf("screen-simulate-form-%dx%d.txt", size[0], size[1]), d.screen())
		d.press("enter")
		golden(t, fmt.Sprintf("screen-simulate-timeline-%dx%d.txt", size[0], size[1]), d.screen())
		d.press("esc", "F", "a")
		d.typed("type:Contact* rate:30% status:429")
		d.press("enter")
		golden(t, fmt.Sprintf("screen-faults-%dx%d.txt", size[0], size[1]), d.screen())
		d.press("esc")
		rescuing(feed, webhook.RescueReport{Total: 14, Accepted: 12, Refused: 1, Unknown: 1})
		d.send(tea.KeyPressMsg{Code: 'r', Mod: tea.ModCtrl})
		golden(t, fmt.Sprintf("screen-rescue-%dx%d.txt", size[0], size[1]), d.screen())
		d.fits()
	}
}

func TestAStoredSimulationIsToldInTheAttempts(t *testing.T) {
	feed := many(1)
	try := func(n, status, app int, at time.Duration, next bool) {
		a := webhook.Attempt{
			EventID: 1, Delivery: 2, Number: n, Trigger: webhook.TriggerSimulation, Target: "http://localhost:3000", StartedAt: noon,
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
	d := drive(t, feed, 120, 60, Options{})
	d.press("enter", "3")
	d.ticks(2)
	for _, text := range []string{
		"first send by the policy taskee: would arrive 14:35:00", "simulated: the app itself answered 200",
		"retry 1 by the policy taskee: would arrive 14:45:42,", "simulated: the app was not called",
		"cancelled here: the next send would have arrived 14:56:42", "fault: 429 by rule 2",
	} {
		if s := strings.Join(strings.Fields(d.screen()), " "); !strings.Contains(s, strings.Fields(text)[0]) {
			t.Errorf("the screen does not say %q:\n%s", text, d.screen())
		}
	}
	d.sees("cancelled here")
	d.sees("fault: 429 by rule 2")
}

func TestRedeliveriesAreOneHistory(t *testing.T) {
	feed := many(1)
	feed.events[0].Answer = webhook.Answer{Status: 429, By: webhook.ByApp, At: noon.Add(-11 * time.Minute)}
	feed.events[0].Outcome.Answer, feed.events[0].RedeliveredAs = feed.events[0].Answer, 2
	again := feed.events[0]
	again.RedeliveryOf, again.RedeliveredAs, again.Try, again.Altered, again.Duplicate = 1, 0, 2, true, true
	again.ReceivedAt = noon.Add(-12 * time.Second)
	again.Answer.Status = 200
	feed.add(again)
	d := drive(t, feed, 120, 60, Options{})
	d.m.opts.Policy = platform()
	d.press("enter", "3")
	d.ticks(2)
	for _, text := range []string{"#1 14:34:59 first send → 429", "came 10m48s after #1: retry 1 of 6", "with other bytes", "duplicate: the app had accepted it before"} {
		d.sees(text)
	}
}
