package retry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// Do plays the sender: it makes the first send and, as long as the policy
// retries what it is told, up to MaxRetries more.
//
// The virtual clock starts at 0 with the first send. It advances by the time
// each answer took and by the planned gap after it, since a sender cannot
// begin to wait before it has its answer; the offsets are those of [Plan]
// plus the answers' times so far. Only the gaps are divided by the speed: the
// app works in real time. Clock changes have no effect: nothing but the
// monotonic clock is read, and Record.Start once.
//
// Do calls send for every send that the app is to see, never two at a time,
// and returns after the last has returned. A transport that fails, a refused
// connection say, is a Result with Status 0. An error means that the send
// could not be made or kept: it cancels the simulation and Do returns it
// wrapped, beside the record so far. The context that send gets is cancelled
// with the simulation; an answer that comes all the same still counts. Each
// watcher is called with every step, from Do's own goroutine: it holds the
// simulation up until it returns.
//
// To cancel ctx is no error: the record says how far it came, and why when
// ctx has a cause other than its own. An invalid simulation is an
// [ErrSimulation]; nothing was sent then.
func Do(ctx context.Context, s Simulation, send func(context.Context, Send) (Result, error), watch ...func(Progress)) (Record, error) {
	if err := s.Validate(); err != nil {
		return Record{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	control := s.Control
	if control == nil {
		control = new(Control)
	}
	if err := control.begin(cancel); err != nil {
		return Record{}, err
	}
	defer control.end()
	s.Control = nil
	plan := Plan(s.Policy, s.Seed)
	r := run{
		control: control, plan: plan, send: send, watch: watch,
		record: Record{Simulation: s, Start: time.Now(), Sends: make([]Sent, 0, min(len(plan), 8))},
	}
	err := r.drive(ctx)
	return r.record, err
}

// run is one simulation under way.
type run struct {
	control *Control
	plan    Schedule
	send    func(context.Context, Send) (Result, error)
	watch   []func(Progress)
	record  Record
}

// drive makes the sends and leaves the record complete.
func (r *run) drive(ctx context.Context) error {
	policy := r.record.Simulation.Policy
	next := Send{Number: 1, NextGap: r.plan.Gap(2)}
	for ctx.Err() == nil {
		sent, err := r.one(ctx, next)
		r.record.Sends = append(r.record.Sends, sent)
		r.record.Duration = sent.Offset + sent.App.Took
		r.tell(Progress{Step: StepAnswer, Send: sent.Send, Due: time.Now(), Sent: &sent})
		switch {
		case err != nil:
			r.record.Outcome, r.record.Reason = OutcomeCancelled, err.Error()
			return fmt.Errorf("send %d: %w", sent.Number, err)
		case sent.Interrupted:
			r.cancelled(ctx)
			return nil
		case webhook.Accepted(sent.Status):
			r.record.Outcome = OutcomeAccepted
			return nil
		case !policy.Retries(sent.Status) || sent.Number == len(r.plan):
			r.record.Outcome = OutcomeLost
			return nil
		}
		next = Send{Number: sent.Number + 1, Gap: sent.NextGap, NextGap: r.plan.Gap(sent.Number + 2)}
		next.Offset = r.record.Duration + next.Gap
		r.wait(ctx, next)
	}
	r.cancelled(ctx)
	return nil
}

// cancelled ends the record before its outcome was known.
func (r *run) cancelled(ctx context.Context) {
	r.record.Outcome = OutcomeCancelled
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		r.record.Reason = cause.Error()
	}
}

// one makes one send. Its error means that there is no going on.
func (r *run) one(ctx context.Context, next Send) (Sent, error) {
	next.Replaced = r.control.forced()
	if next.Replaced == 0 {
		next.Replaced = r.record.Simulation.replacement(next.Number)
	}
	r.tell(Progress{Step: StepSend, Send: next, Due: time.Now()})
	sent := Sent{Send: next, Simulated: next.Replaced != 0}
	if !sent.Simulated || r.record.Simulation.Mask {
		if err := r.call(ctx, &sent); err != nil {
			sent.Failure = err.Error()
			return sent, err
		}
	}
	switch {
	case sent.Interrupted:
		sent.Simulated = false // nobody was told anything
	case sent.Simulated:
		sent.Status = max(next.Replaced, 0)
	default:
		sent.Status = sent.App.Status
	}
	return sent, nil
}

// call asks the app and times it.
func (r *run) call(ctx context.Context, sent *Sent) error {
	begin := time.Now()
	result, err := r.send(ctx, sent.Send)
	if result.Took <= 0 {
		result.Took = time.Since(begin)
	}
	result.Status = max(result.Status, 0)
	sent.Called, sent.App = true, result
	switch {
	case err == nil:
		sent.Interrupted = ctx.Err() != nil && result.Status == 0
	case ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx))):
		sent.Interrupted, err = result.Status == 0, nil
	default:
		sent.Simulated = false
	}
	return err
}

// wait lets the gap before a send pass, at the simulation's speed, until it is
// skipped or ctx ends.
func (r *run) wait(ctx context.Context, next Send) {
	pause := r.record.Simulation.Speed.Wait(next.Gap)
	if pause <= 0 {
		r.tell(Progress{Step: StepWait, Send: next, Due: time.Now()})
		return
	}
	skipped := r.control.wait()
	defer r.control.waited()
	// The timer runs before the watchers are told: what they do is no part
	// of the wait.
	timer := time.NewTimer(pause)
	defer timer.Stop()
	r.tell(Progress{Step: StepWait, Send: next, Due: time.Now().Add(pause)})
	select {
	case <-timer.C:
	case <-skipped:
	case <-ctx.Done():
	}
}

// tell tells every watcher about a step.
func (r *run) tell(p Progress) {
	p.Arrives = r.record.Start.Add(p.Send.Offset)
	for _, watch := range r.watch {
		watch(p)
	}
}
