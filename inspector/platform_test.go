package inspector

import (
	"context"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// fakePlatform is what the fake does where the platform is played.
type fakePlatform struct {
	simulate func(ctx context.Context, r retry.SimulationRequest, watch func(retry.Progress)) (retry.Report, error)
	steered  []retry.Steering
	steerErr error
	batch    func(ctx context.Context, r webhook.Batch, watch func(webhook.BatchItem)) (webhook.BatchReport, error)
	batches  []webhook.Batch
	// faultsErr and shieldErr are what changes of the rules and the shield return.
	faultsErr, shieldErr error
	// skip is what lets requests pass.
	skip func(webhook.ID) (string, error)
}

func (f *memory) Simulate(ctx context.Context, r retry.SimulationRequest, watch ...func(retry.Progress)) (retry.Report, error) {
	return f.platform.simulate(ctx, r, func(s retry.Progress) {
		for _, w := range watch {
			w(s)
		}
	})
}

func (f *memory) Steer(_ context.Context, s retry.Steering) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.platform.steered = append(f.platform.steered, s)
	return f.platform.steerErr
}

func (f *memory) ResendBatch(ctx context.Context, r webhook.Batch, watch func(webhook.BatchItem)) (webhook.BatchReport, error) {
	f.mu.Lock()
	f.platform.batches = append(f.platform.batches, r)
	f.mu.Unlock()
	return f.platform.batch(ctx, r, watch)
}

func (f *memory) ChangeFaults(_ context.Context, c webhook.FaultChange) ([]webhook.FaultRule, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.platform.faultsErr; err != nil {
		return nil, err
	}
	rules, err := f.rules.Change(c)
	if err != nil {
		return nil, err
	}
	f.listener.Faults = rules
	return rules, nil
}

func (f *memory) SetShield(_ context.Context, on bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.platform.shieldErr; err != nil {
		return err
	}
	f.listener.Shield = on
	return nil
}

func (f *memory) SkipVerifyLike(_ context.Context, id webhook.ID) (string, error) {
	return f.platform.skip(id)
}

// platform is the policy of the tests.
func platform() retry.Policy {
	return retry.Policy{
		Name: "taskee", MaxRetries: 6, Interval: 10 * time.Minute, JitterMin: 5 * time.Second, JitterMax: 2 * time.Minute,
		Statuses: []retry.Range{{Min: 429, Max: 429}},
	}
}

// simulating drives a screen with the whole policy and a listener that runs.
func simulating(t *testing.T, feed *memory, width, height int) *driver {
	t.Helper()
	feed.listener.Local, feed.listener.Target = "http://127.0.0.1:4480", "http://localhost:3000"
	d := drive(t, feed, width, height, Options{})
	d.m.opts.Policy = platform()
	d.ticks(2)
	return d
}

// stepsOf are the steps of a simulation whose app answers as told; each
// answer takes 3 ms, and each gap eleven minutes.
func stepsOf(ask retry.SimulationRequest, answers ...int) []retry.Progress {
	var all []retry.Progress
	at := time.Duration(0)
	for i, status := range answers {
		send := retry.Send{Number: i + 1, Offset: at}
		if i > 0 {
			send.Gap = 11*time.Minute + time.Duration(i)*time.Second
			send.Offset += send.Gap
			all = append(all, retry.Progress{Step: retry.StepWait, Send: send, Arrives: noon.Add(send.Offset), Due: noon.Add(2 * time.Second)})
		}
		sent := retry.Sent{Send: send, Status: status, Called: true, App: retry.Result{Status: status, Took: 3 * time.Millisecond}}
		if i < ask.Simulation.Fail {
			sent.Status, sent.Simulated, sent.Called = ask.Simulation.Status, true, ask.Simulation.Mask
		}
		if sent.Status = max(sent.Status, 0); !sent.Called {
			sent.App = retry.Result{}
		}
		at = send.Offset + sent.App.Took
		all = append(all,
			retry.Progress{Step: retry.StepSend, Send: send, Arrives: noon.Add(send.Offset)},
			retry.Progress{Step: retry.StepAnswer, Send: send, Arrives: noon.Add(send.Offset), Sent: &sent})
	}
	return all
}

// recordOf is what those steps come to.
func recordOf(ask retry.SimulationRequest, steps []retry.Progress, outcome retry.Outcome) retry.Record {
	r := retry.Record{Simulation: ask.Simulation, Start: noon, Outcome: outcome}
	for _, s := range steps {
		if s.Sent != nil {
			r.Sends = append(r.Sends, *s.Sent)
		}
	}
	return r
}

// playing has the fake play the answers, and hold after one of the steps, by
// its number, until it is let go; 0: it does not hold.
func playing(f *memory, hold int, answers ...int) (asked *retry.SimulationRequest, held <-chan struct{}, goOn func()) {
	asked, released, reached := new(retry.SimulationRequest), make(chan struct{}), make(chan struct{})
	f.platform.simulate = func(ctx context.Context, r retry.SimulationRequest, watch func(retry.Progress)) (retry.Report, error) {
		*asked = r
		steps := stepsOf(r, answers...)
		for i, s := range steps {
			watch(s)
			if i+1 != hold {
				continue
			}
			close(reached)
			select {
			case <-released:
			case <-ctx.Done():
				return retry.Report{EventID: r.Resend.EventID, Record: recordOf(r, steps[:i+1], retry.OutcomeCancelled)}, nil
			}
		}
		outcome := retry.OutcomeFailed
		if webhook.Delivered(answers[len(answers)-1]) {
			outcome = retry.OutcomeDelivered
		}
		return retry.Report{EventID: r.Resend.EventID, Record: recordOf(r, steps, outcome), Remarks: []string{"send 1: the answer took 40 s"}}, nil
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
