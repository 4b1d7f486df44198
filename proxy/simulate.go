package proxy

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// Simulate plays the retries of a sender with a stored event, and returns
// once the last attempt is stored. The attempts are one delivery. Each watcher
// is called with every stage as it comes, and holds the simulation up until it
// returns.
//
// That ctx ends, or the proxy begins to stop, is no error: the report says how
// far it came. An error is one of [Proxy.Resend], retry.ErrSimulation for what
// cannot be meant, webhook.ErrSimulating while another simulation of the event
// runs, or says why an attempt could not be stored, with the report so far.
func (p *Proxy) Simulate(ctx context.Context, r retry.SimulationRequest, watch ...func(retry.Progress)) (retry.Report, error) {
	report := retry.Report{EventID: r.Resend.EventID}
	if err := r.Simulation.Validate(); err != nil {
		return report, err
	}
	if p.flight.stopping() || !p.flight.enter() {
		return report, ErrStopping
	}
	defer p.flight.leave()
	s, err := p.prepare(ctx, r.Resend)
	if err != nil {
		return report, err
	}
	earlier, err := p.earlierAnswers(ctx, s)
	if err != nil {
		return report, err
	}
	control := new(retry.Control)
	if err := p.running.begin(s.event.ID, control); err != nil {
		return report, err
	}
	defer p.running.end(s.event.ID)
	h := &simulation{proxy: p, event: s, asked: r, watch: watch}
	report.Record, err = h.run(ctx, control)
	report.Remarks = report.Record.Remarks(p.opts.Timeout, earlier)
	return report, err
}

// Steer does what a person wants of a simulation that is under way. The error
// is webhook.ErrNotSimulating when none is, or retry.ErrSimulation.
func (p *Proxy) Steer(s retry.Steering) error {
	control := p.running.of(s.EventID)
	if control == nil {
		return webhook.ErrNotSimulating
	}
	return control.Steer(s)
}

// earlierAnswers are the app's answers so far to the bytes that are to be sent.
func (p *Proxy) earlierAnswers(ctx context.Context, s *resending) ([]int, error) {
	attempts, err := p.opts.Store.Attempts(ctx, s.event.ID)
	if err != nil {
		return nil, fmt.Errorf("read the event's attempts: %w", err)
	}
	var answers []int
	for _, a := range attempts {
		if sent := a.Sent; sent == nil && s.changed || sent != nil && string(sent.Body) != string(s.event.Body) {
			continue
		}
		status := a.StatusCode
		if a.Simulated {
			status = a.AppStatus
		}
		answers = append(answers, status)
	}
	return answers, nil
}

// simulations are the simulations that are under way.
type simulations struct {
	mu  sync.Mutex
	all map[webhook.ID]*retry.Control
}

func (r *simulations) begin(id webhook.ID, c *retry.Control) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all[id] != nil {
		return webhook.ErrSimulating
	}
	if r.all == nil {
		r.all = map[webhook.ID]*retry.Control{}
	}
	r.all[id] = c
	return nil
}

func (r *simulations) end(id webhook.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, id)
}

func (r *simulations) of(id webhook.ID) *retry.Control {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all[id]
}

// simulation is one simulation under way.
type simulation struct {
	proxy *Proxy
	event *resending
	asked retry.SimulationRequest
	watch []func(retry.Progress)

	call     context.Context // of the calls to the app; it outlives the wait for the next one
	fail     context.CancelCauseFunc
	arrives  time.Time // of the send that is being made
	delivery int       // 0 until the first attempt is stored
	kept     *webhook.Attempt
	state    webhook.State
	unkept   error // why an attempt could not be stored
}

// run makes the sends. The stop of the proxy ends the waiting at once, a call
// to the app only when everything is cut.
func (h *simulation) run(ctx context.Context, control *retry.Control) (retry.Record, error) {
	call, cut := context.WithCancel(ctx)
	defer cut()
	defer context.AfterFunc(h.proxy.flight.ctx, cut)()
	h.call = call
	ctx, h.fail = context.WithCancelCause(ctx)
	var stop sync.WaitGroup
	defer stop.Wait()
	defer h.fail(nil)
	stop.Go(func() {
		select {
		case <-h.proxy.flight.draining:
			h.fail(ErrStopping)
		case <-ctx.Done():
		}
	})
	record, err := retry.Do(ctx, h.asked.Simulation, control, h.send, h.see)
	if err == nil {
		err = h.unkept
	}
	return record, err
}

// send asks the app. The attempt is stored when it returns.
func (h *simulation) send(ctx context.Context, send retry.Send) (retry.Result, error) {
	p := h.proxy
	call, cut := context.WithCancel(h.call)
	defer cut()
	// A person who cancels cuts the call; the stop of the proxy lets it end.
	defer context.AfterFunc(ctx, func() {
		if context.Cause(ctx) != ErrStopping { //nolint:errorlint // it is the cause itself
			cut()
		}
	})()
	t := newTimeout(p.opts.Timeout)
	if err := p.slotsTo(h.event.request.target).acquire(ctx, t.deadline, p.flight.draining); err != nil {
		return retry.Result{}, err
	}
	f := p.attempt(call, h.event.request, &h.event.event, t, sender{})
	a := &f.attempt
	result := retry.Result{Status: a.StatusCode, RetryAfter: a.Header.Get("Retry-After"), Took: a.Duration, Error: a.Error}
	if a.Error != "" {
		result.Status = 0 // a part of an answer is none
	}
	if send.Replaced != 0 {
		a.Simulated, a.AppStatus, a.StatusCode = true, result.Status, max(send.Replaced, 0)
	}
	return result, h.keep(ctx, a, send)
}

// keep stores the attempt of a send.
func (h *simulation) keep(ctx context.Context, a *webhook.Attempt, send retry.Send) error {
	policy := h.asked.Simulation.Policy
	a.Trigger, a.Sent = webhook.TriggerSimulation, h.event.sent()
	a.Delivery, a.Number = h.delivery, send.Number
	a.Policy, a.VirtualTime = policy.Name, h.arrives
	told := a.StatusCode
	if a.Error != "" && !a.Simulated {
		told = 0
	}
	if policy.Retries(told) && send.Number <= policy.MaxRetries {
		a.RetryAt = h.arrives.Add(a.Duration + send.NextGap)
	}
	state, err := h.proxy.keepAttempt(ctx, a)
	if err == nil {
		h.delivery, h.kept, h.state = a.Delivery, a, state
	}
	return err
}

// see follows the steps: an answer that was written without the app is stored
// here, and the watchers are told.
func (h *simulation) see(step retry.Progress) {
	switch step.Step {
	case retry.StepSend:
		h.arrives, h.kept = step.Arrives, nil
		if step.Send.Number == 1 {
			step.Notes = h.event.notes(h.asked.Resend)
		}
	case retry.StepAnswer:
		if step.Sent.Simulated && !step.Sent.Called {
			h.keepWritten(*step.Sent)
		}
		step.Attempt, step.State = h.kept, h.state
	}
	for _, watch := range h.watch {
		watch(step)
	}
}

// keepWritten stores the attempt of a send that the app was not asked for.
func (h *simulation) keepWritten(sent retry.Sent) {
	a := &webhook.Attempt{
		EventID: h.event.event.ID, Target: h.event.request.url(),
		StartedAt: time.Now(), StatusCode: sent.Status, Simulated: true,
	}
	if err := h.keep(context.Background(), a, sent.Send); err != nil {
		h.unkept = fmt.Errorf("send %d: %w", sent.Number, err)
		h.fail(err)
	}
}
