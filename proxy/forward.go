package proxy

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// forwardReceived sends a stored event to an app once, streams the answer to the
// sender and records the attempt.
func (p *Proxy) forwardReceived(w http.ResponseWriter, r *http.Request, e *webhook.Event, app *App) {
	if p.flight.stopping() {
		p.answerUnforwarded(w, r, e, stoppingMessage())
		return
	}
	t := newTimeout(p.appTimeout(app))
	action, faulty := p.faults.Decide(e)
	if faulty {
		p.forwardFaulty(w, r, e, app, t, action)
		return
	}
	req, err := p.outgoing(e, app)
	if err != nil {
		p.answerUnsigned(w, r, e)
		return
	}
	if !p.acquireSlot(w, r, e, app, t) {
		return
	}
	f := p.attempt(p.flight.ctx, req, e, t, sender{w: w, ctx: r.Context()})
	p.conclude(w, r, e, f)
}

// appTimeout is how long an app may take to answer a received event.
func (p *Proxy) appTimeout(app *App) time.Duration {
	if app.Shield() {
		return p.opts.ShieldTimeout
	}
	return p.opts.Timeout
}

// acquireSlot waits for a connection to an app. If there is none, it answers the
// sender and returns false.
func (p *Proxy) acquireSlot(w http.ResponseWriter, r *http.Request, e *webhook.Event, app *App, t timeout) bool {
	err := app.slots.acquire(p.flight.ctx, t.deadline, p.flight.draining)
	switch {
	case err == nil:
		return true
	case errors.Is(err, errBusy):
		p.answerUnforwarded(w, r, e, busyMessage(app.target.String()))
	default:
		p.answerUnforwarded(w, r, e, stoppingMessage())
	}
	return false
}

// conclude answers the sender if the app did not, and records the attempt with
// the answer.
func (p *Proxy) conclude(w http.ResponseWriter, r *http.Request, e *webhook.Event, f *forwarded) {
	answer := webhook.Answer{Status: f.attempt.StatusCode, By: webhook.ByApp}
	switch {
	case f.failure != nil && f.sender.begun:
		answer.BrokenOff, answer.Reason = true, f.failure.text
	case f.failure != nil:
		answer = p.answerFailure(w, e, f)
	}
	late := p.keepWaiting(e, f)
	p.recordReceived(r, e, f, answer)
	if late != nil {
		late.await(f.attempt)
	}
	f.sender.finish()
	if f.failure != nil && f.sender.begun {
		// The sender has a part of an answer and must see that it is incomplete.
		panic(http.ErrAbortHandler)
	}
}

// recordReceived completes the answer to a received event and records it with
// the attempt.
func (p *Proxy) recordReceived(r *http.Request, e *webhook.Event, f *forwarded, answer webhook.Answer) {
	f.attempt.Trigger = webhook.TriggerReceived
	answer.At = time.Now()
	if answer.SenderGone = f.sender.err != nil || r.Context().Err() != nil; answer.SenderGone && f.sender.told {
		// Many read the status alone.
		answer.SenderGone = false
		f.attempt.Notes = append(f.attempt.Notes, "the sender hung up when it had the status, and not all of the answer")
	}
	answer.RetryAt = p.nextRetry(e, answer)
	if f.attempt.Answered = answer.Status; answer.SenderGone {
		f.attempt.Answered = 0
	}
	p.opts.Store.QueueAttempt(f.attempt, answer)
}

// answerUnforwarded answers 429 to a stored event that did not reach the app:
// the platform will send it again.
func (p *Proxy) answerUnforwarded(w http.ResponseWriter, r *http.Request, e *webhook.Event, m message) {
	const status = http.StatusTooManyRequests
	answer := byTaskhook(status, m.reason())
	answer.SenderGone = r.Context().Err() != nil
	answer.RetryAt = p.nextRetry(e, answer)
	if err := p.opts.Store.PutAnswer(context.WithoutCancel(r.Context()), e.ID, answer); err != nil {
		p.logger.Error("an answer cannot be stored", "event", e.ID.String(), "status", status, "error", err)
	}
	writeMessage(w, status, m)
}

// forwarded is an attempt that has ended.
type forwarded struct {
	app     *App
	attempt webhook.Attempt
	sender  sender
	failure *failure // nil: the app's answer is complete
	// pending is the exchange with an app that took longer than its sender waits,
	// nil if there is none. Request is what was sent to it.
	pending *exchange
	request *request
}

// timeout is how long the app may take.
type timeout struct {
	length   time.Duration
	deadline time.Time
}

// unlimited is the length of a timeout that nobody lives to see.
const unlimited = 100 * 365 * 24 * time.Hour

// newTimeout returns a timeout that begins now; 0: there is no limit.
func newTimeout(length time.Duration) timeout {
	if length <= 0 {
		length = unlimited
	}
	return timeout{length: length, deadline: time.Now().Add(length)}
}

// attempt sends a request to the app once and streams its answer to s. The caller
// has acquired a slot, which attempt releases.
func (p *Proxy) attempt(ctx context.Context, req *request, e *webhook.Event, t timeout, s sender) *forwarded {
	defer req.app.slots.release()
	f := &forwarded{app: req.app, sender: s, request: req}
	a := &f.attempt
	a.EventID, a.Number, a.Target = e.ID, 1, req.url()
	a.Signed, a.Unforwarded = req.signed, req.hidden
	if host := req.sentHost(); host != req.target.Origin().Authority() {
		a.Host = host
	}
	a.StartedAt = time.Now()
	x, waited, err := p.transport.roundTrip(ctx, req, t.deadline)
	a.Waited, a.StartedAt = waited, a.StartedAt.Add(waited)
	switch {
	case err == nil:
		err = x.stream(&f.sender, a)
		x.finish(err == nil)
	case x != nil && s.w != nil:
		f.pending = x
	case x != nil:
		x.abort()
	}
	a.Duration = time.Since(a.StartedAt)
	if err != nil {
		f.failure = explain(ctx, err, req.target, a, t.length)
		a.Error = f.failure.text
	}
	if f.failure != nil || e.Decision != webhook.Passed { // what the app answers to such a request says nothing of webhooks
		annotate(a, req, e.Verdict, f.failure)
	}
	return f
}
