package proxy

import (
	"context"
	"errors"
	"net/http"
	"time"

	"taskhook/webhook"
)

// forwardReceived sends a stored event to the app, once, passes the answer on
// and has the attempt recorded.
func (p *Proxy) forwardReceived(w http.ResponseWriter, r *http.Request, e *webhook.Event) {
	deadline := time.Now().Add(p.opts.Timeout)
	if p.flight.stopping() {
		p.answerUnforwarded(w, r, e, stoppingMessage())
		return
	}
	switch err := p.slots.take(p.flight.life, deadline, p.flight.draining); {
	case errors.Is(err, errCrowded):
		p.answerUnforwarded(w, r, e, crowdedMessage(p.opts.Target.String()))
		return
	case err != nil:
		p.answerUnforwarded(w, r, e, stoppingMessage())
		return
	}
	f := p.attempt(p.flight.life, p.request(e, p.opts.Target), e, deadline, sender{w: w})
	f.attempt.Trigger = webhook.TriggerReceived

	answer := webhook.Answer{Status: f.attempt.StatusCode, By: webhook.ByApp}
	switch {
	case f.failure != nil && f.sender.begun:
		answer.BrokenOff, answer.Reason = true, f.failure.text
	case f.failure != nil:
		answer = webhook.Answer{Status: f.failure.status, By: webhook.ByTaskhook, Reason: f.failure.text}
		writeMessage(w, f.failure.status, f.failure.message(p.opts.Target))
	}
	answer.At = time.Now()
	answer.SenderGone = f.sender.err != nil || r.Context().Err() != nil
	if !answer.SenderGone && !answer.BrokenOff {
		answer.RetryAt = p.policy.Next(e.Try, answer.Status, answer.At)
	}
	f.attempt.Answered = answer.Status
	p.opts.Store.QueueAttempt(f.attempt, answer)
	if f.failure != nil && f.sender.begun {
		// The sender has a part of an answer and must not take it for whole.
		panic(http.ErrAbortHandler)
	}
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

// attempt sends a request to the app, once, and passes its answer to s. The
// caller has taken a slot, which attempt frees.
func (p *Proxy) attempt(ctx context.Context, req *request, e *webhook.Event, deadline time.Time, s sender) *forwarded {
	defer p.slots.free()
	f := &forwarded{sender: s}
	a := &f.attempt
	a.EventID, a.Number, a.Target = e.ID, 1, req.url()
	a.StartedAt = time.Now()
	x, err := p.transport.roundTrip(ctx, req, deadline)
	if err == nil {
		err = x.stream(&f.sender, a)
		x.finish(err == nil)
	}
	a.Duration = time.Since(a.StartedAt)
	if err != nil {
		f.failure = p.explain(ctx, err, req.target, a)
		a.Error = f.failure.text
	}
	notice(a, req, e.Verdict, f.failure)
	return f
}
