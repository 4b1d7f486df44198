package proxy

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// Simulate plays the retries of a sender with a stored event, and returns once
// the last attempt is stored. The attempts are one delivery. Each watcher is
// called at every step, and the simulation waits until it returns.
//
// It is not an error when ctx ends or the proxy begins to stop: the report says
// how far the simulation got. An error is one of [Proxy.Resend],
// retry.ErrSimulation for an invalid request, webhook.ErrSimulating while
// another simulation of the event runs, or says why an attempt could not be
// stored; then the report covers what was done before.
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
	if err := p.signAgain(s); err != nil {
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
	run := &simulation{proxy: p, resending: s, asked: r, watch: watch}
	report.Record, err = run.run(ctx, control)
	report.Remarks = report.Record.Remarks(p.opts.Timeout, earlier)
	return report, err
}

// Steer does what a person asks of a running simulation. The error is
// webhook.ErrNotSimulating if there is none, or retry.ErrSimulation.
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

// simulations are the running simulations.
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

// simulation is one running simulation.
type simulation struct {
	proxy     *Proxy
	resending *resending
	asked     retry.SimulationRequest
	watch     []func(retry.Progress)

	calls    context.Context // of the calls to the app: it outlives the waits between them
	end      context.CancelCauseFunc
	arrives  time.Time        // when the send in progress would arrive
	delivery int              // 0 until the first attempt is stored
	stored   *webhook.Attempt // of the send in progress; nil: not yet
	state    webhook.State    // of the event after it
	storeErr error
}

// run makes the sends. When the proxy stops, a wait ends at once, and a call to
// the app when everything in flight is cut.
func (s *simulation) run(ctx context.Context, control *retry.Control) (retry.Record, error) {
	calls, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	defer context.AfterFunc(s.proxy.flight.ctx, func() { cut(ErrStopping) })()
	s.calls = calls
	ctx, s.end = context.WithCancelCause(ctx)
	var stop sync.WaitGroup
	defer stop.Wait()
	defer s.end(nil)
	stop.Go(func() {
		select {
		case <-s.proxy.flight.draining:
			s.end(ErrStopping)
		case <-ctx.Done():
		}
	})
	record, err := retry.Do(ctx, s.asked.Simulation, control, s.send, s.observe)
	if err == nil {
		err = s.storeErr
	}
	return record, err
}

// send calls the app. The attempt is stored when it returns.
func (s *simulation) send(ctx context.Context, send retry.Send) (retry.Result, error) {
	p := s.proxy
	call, cut := context.WithCancel(s.calls)
	defer cut()
	// A person who cancels cuts the call; a proxy that stops lets it finish.
	defer context.AfterFunc(ctx, func() {
		if context.Cause(ctx) != ErrStopping { //nolint:errorlint // it is the cause itself
			cut()
		}
	})()
	t := newTimeout(p.opts.Timeout)
	if err := s.resending.request.app.slots.acquire(ctx, t.deadline, p.flight.draining); err != nil {
		return retry.Result{}, err
	}
	f := p.attempt(call, s.resending.request, &s.resending.event, t, sender{})
	a := &f.attempt
	result := retry.Result{Status: a.StatusCode, RetryAfter: a.Header.Get("Retry-After"), Took: a.Duration, Error: a.Error}
	if a.Error != "" {
		result.Status = 0 // a broken answer counts as none
	}
	if send.Replaced != 0 {
		a.Simulated, a.AppStatus, a.StatusCode = true, result.Status, max(send.Replaced, 0)
	}
	return result, s.store(ctx, a, send)
}

// store stores the attempt of a send.
func (s *simulation) store(ctx context.Context, a *webhook.Attempt, send retry.Send) error {
	policy := s.asked.Simulation.Policy
	a.Trigger, a.Sent = webhook.TriggerSimulation, s.resending.sent()
	a.Delivery, a.Number, a.Sends = s.delivery, send.Number, policy.MaxRetries+1
	a.Policy, a.VirtualTime = policy.Name, s.arrives
	told := a.StatusCode
	if a.Error != "" && !a.Simulated {
		told = 0
	}
	if policy.Retries(told) && send.Number <= policy.MaxRetries {
		a.RetryAt = s.arrives.Add(a.Duration + send.NextGap)
	}
	state, err := s.proxy.storeAttempt(ctx, a)
	if err == nil {
		s.delivery, s.stored, s.state = a.Delivery, a, state
	}
	return err
}

// observe follows the steps: it stores an answer that was made up without
// calling the app, and tells the watchers.
func (s *simulation) observe(step retry.Progress) {
	switch step.Step {
	case retry.StepSend:
		s.arrives, s.stored = step.Arrives, nil
		if step.Send.Number == 1 {
			step.Notes = s.resending.notes(s.asked.Resend)
		}
	case retry.StepAnswer:
		if step.Sent.Simulated && !step.Sent.Called {
			s.storeUncalled(*step.Sent)
		}
		step.Attempt, step.State = s.stored, s.state
	}
	for _, watch := range s.watch {
		watch(step)
	}
}

// storeUncalled stores the attempt of a send for which the app was not called.
func (s *simulation) storeUncalled(sent retry.Sent) {
	a := &webhook.Attempt{
		EventID: s.resending.event.ID, Target: s.resending.request.url(),
		StartedAt: time.Now(), StatusCode: sent.Status, Simulated: true,
	}
	if err := s.store(context.Background(), a, sent.Send); err != nil {
		s.storeErr = fmt.Errorf("send %d: %w", sent.Number, err)
		s.end(err)
	}
}
