package retry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// Do plays the sender: it makes the first send and, while the policy retries
// the answers, up to MaxRetries more. A control that is not nil steers it.
//
// The virtual clock starts at 0 with the first send. It advances by the time
// each answer took and by the planned gap after it, since a sender cannot
// begin to wait before it has its answer; the offsets are those of [Plan]
// plus the time of the answers so far. Only the gaps are divided by the speed:
// the app works in real time. Clock changes have no effect: apart from
// Record.Start only the monotonic clock is read.
//
// Do calls send for every send that reaches the app, never two at a time, and
// returns after the last call has returned. A transport that fails, a refused
// connection for example, is a Result with Status 0. An error means that the
// send could not be made or stored: it ends the simulation, and Do returns it
// wrapped, with the record so far. The context of send is cancelled with the
// simulation; an answer that arrives nevertheless still counts. Do calls each
// watcher with every step from its own goroutine and waits until it returns.
//
// Cancelling ctx is not an error: the record says how far the simulation got,
// and why it ended if ctx has a cause of its own. For an invalid simulation Do
// returns an [ErrSimulation] and sends nothing.
func Do(ctx context.Context, s Simulation, control *Control, send func(context.Context, Send) (Result, error), watch ...func(Progress)) (Record, error) {
	if err := s.Validate(); err != nil {
		return Record{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if control == nil {
		control = new(Control)
	}
	control.begin(cancel)
	defer control.end()
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
		case webhook.Delivered(sent.Status):
			r.record.Outcome = OutcomeDelivered
			return nil
		case !policy.Retries(sent.Status) || sent.Number == len(r.plan):
			r.record.Outcome = OutcomeFailed
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

// one makes one send. An error ends the simulation.
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
		sent.Simulated = false // the sender never heard an answer
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

// wait waits for the gap before a send at the simulation's speed, until
// somebody skips it or ctx ends.
func (r *run) wait(ctx context.Context, next Send) {
	pause := r.record.Simulation.Speed.Wait(next.Gap)
	if pause <= 0 {
		r.tell(Progress{Step: StepWait, Send: next, Due: time.Now()})
		return
	}
	skipped := r.control.wait()
	defer r.control.waited()
	// The timer starts before the watchers run, which may take a while.
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
