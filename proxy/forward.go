package proxy

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// forwardReceived sends a stored event to the app, once, passes the answer on
// and has the attempt recorded.
func (p *Proxy) forwardReceived(w http.ResponseWriter, r *http.Request, e *webhook.Event) {
	if p.flight.stopping() {
		p.answerUnforwarded(w, r, e, stoppingMessage())
		return
	}
	l := p.limitFor(p.patience())
	action, faulty := p.faults.Decide(e)
	if faulty {
		p.forwardFaulty(w, r, e, l, action)
		return
	}
	if !p.takeSlot(w, r, e, l) {
		return
	}
	f := p.attempt(p.flight.life, p.request(e, p.opts.Target), e, l, sender{w: w})
	p.conclude(w, r, e, f)
}

// patience is how long the app may take over what the platform waits for.
func (p *Proxy) patience() time.Duration {
	if p.Shield() {
		return p.opts.ShieldTimeout
	}
	return p.opts.Timeout
}

// takeSlot takes a connection to the app, or answers the sender itself and
// returns false.
func (p *Proxy) takeSlot(w http.ResponseWriter, r *http.Request, e *webhook.Event, l limit) bool {
	err := p.slots.take(p.flight.life, l.deadline, p.flight.draining)
	switch {
	case err == nil:
		return true
	case errors.Is(err, errCrowded):
		p.answerUnforwarded(w, r, e, crowdedMessage(p.opts.Target.String()))
	default:
		p.answerUnforwarded(w, r, e, stoppingMessage())
	}
	return false
}

// conclude answers the sender where the app did not, and has the attempt
// recorded with the answer.
func (p *Proxy) conclude(w http.ResponseWriter, r *http.Request, e *webhook.Event, f *forwarded) {
	answer := webhook.Answer{Status: f.attempt.StatusCode, By: webhook.ByApp}
	switch {
	case f.failure != nil && f.sender.begun:
		answer.BrokenOff, answer.Reason = true, f.failure.text
	case f.failure != nil:
		answer = p.answerFailure(w, f.failure)
	}
	p.recordReceived(r, e, f, answer)
	f.sender.finish()
	if f.failure != nil && f.sender.begun {
		// The sender has a part of an answer and must not take it for whole.
		panic(http.ErrAbortHandler)
	}
}

// recordReceived completes the answer to a received event and has it recorded
// with the attempt that it follows from.
func (p *Proxy) recordReceived(r *http.Request, e *webhook.Event, f *forwarded, answer webhook.Answer) {
	f.attempt.Trigger = webhook.TriggerReceived
	answer.At = time.Now()
	answer.SenderGone = f.sender.err != nil || r.Context().Err() != nil
	if !answer.SenderGone && !answer.BrokenOff {
		answer.RetryAt = p.policy.Next(e.Try, answer.Status, answer.At)
	}
	f.attempt.Answered = answer.Status
	p.opts.Store.QueueAttempt(f.attempt, answer)
}

// answerUnforwarded answers 429 to a stored event that did not reach the app:
// the platform will send it again.
func (p *Proxy) answerUnforwarded(w http.ResponseWriter, r *http.Request, e *webhook.Event, m message) {
	const status = http.StatusTooManyRequests
	answer := byTaskhook(status, m.reason())
	if answer.SenderGone = r.Context().Err() != nil; !answer.SenderGone {
		answer.RetryAt = p.policy.Next(e.Try, status, answer.At)
	}
	if err := p.opts.Store.PutAnswer(context.WithoutCancel(r.Context()), e.ID, answer); err != nil {
		p.logger.Error("an answer cannot be stored", "event", e.ID.String(), "status", status, "error", err)
	}
	writeMessage(w, status, m)
}

// forwarded is an attempt that has ended.
type forwarded struct {
	attempt webhook.Attempt
	sender  sender
	failure *failure // nil: the app's answer is whole
}

// limit is how long the app may take.
type limit struct {
	span     time.Duration
	deadline time.Time
}

// limitFor is a limit that begins now.
func (p *Proxy) limitFor(span time.Duration) limit {
	return limit{span: span, deadline: time.Now().Add(span)}
}

// attempt sends a request to the app, once, and passes its answer to s. The
// caller has taken a slot, which attempt frees.
func (p *Proxy) attempt(ctx context.Context, req *request, e *webhook.Event, l limit, s sender) *forwarded {
	defer p.slots.free()
	f := &forwarded{sender: s}
	a := &f.attempt
	a.EventID, a.Number, a.Target = e.ID, 1, req.url()
	a.StartedAt = time.Now()
	x, err := p.transport.roundTrip(ctx, req, l.deadline)
	if err == nil {
		err = x.stream(&f.sender, a)
		x.finish(err == nil)
	}
	a.Duration = time.Since(a.StartedAt)
	if err != nil {
		f.failure = explain(ctx, err, req.target, a, l.span)
		a.Error = f.failure.text
	}
	notice(a, req, e.Verdict, f.failure)
	return f
}
