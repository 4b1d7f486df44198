package proxy

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"time"

	"github.com/taskhook/taskhook/proxy/fault"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// Faults returns the table of rules that inject faults into received events. It
// may be changed at any time.
func (p *Proxy) Faults() *fault.Table { return &p.faults }

// forwardFaulty handles a received event as a rule says. The attempt says what
// was done, and so does the answer if the rule decided it.
func (p *Proxy) forwardFaulty(w http.ResponseWriter, r *http.Request, e *webhook.Event, app *App, t timeout, action fault.Action) {
	switch p.delay(t, action) {
	case delayTimeout:
		p.answerHung(w, r, e, app, t, action)
		return
	case delayStopped:
		p.answerUnforwarded(w, r, e, stoppingMessage())
		return
	}
	if action.Status != 0 {
		p.answerInPlace(w, r, e, app, action)
		return
	}
	req, err := p.faultyRequest(e, app, action)
	if err != nil {
		p.answerUnsigned(w, r, e)
		return
	}
	p.sendCopies(e, app, action)
	if !p.acquireSlot(w, r, e, app, t) {
		return
	}
	s := sender{w: w, ctx: r.Context()}
	buffered := bufferedAnswer{header: http.Header{}}
	switch {
	case action.Drop != "":
		s = sender{} // the sender does not get the answer
	case action.After > 0:
		s = sender{w: &buffered}
	}
	f := p.attempt(p.flight.ctx, req, e, t, s)
	f.attempt.Fault = action.String()
	if action.Signature != "" {
		f.attempt.Sent, f.attempt.Signed = req.record(), nil
	}
	switch {
	case action.Drop != "":
		p.dropAnswer(w, r, e, f, action)
	case action.After > 0 && f.failure == nil:
		p.answerLater(w, r, e, t, f, &buffered, action)
	default:
		if action.After > 0 {
			f.sender.begun = false // the buffer does not go to the sender
		}
		p.conclude(w, r, e, f)
	}
}

// bufferedAnswer is an answer for the sender that is written later.
type bufferedAnswer struct {
	header http.Header
	head   http.Header // the header when the status was written; trailers come later
	status int
	body   bytes.Buffer
}

func (b *bufferedAnswer) Header() http.Header            { return b.header }
func (b *bufferedAnswer) WriteHeader(status int)         { b.status, b.head = status, maps.Clone(b.header) }
func (b *bufferedAnswer) Write(data []byte) (int, error) { return b.body.Write(data) }

// answerLater delays the app's answer. If that exceeds the time limit, the
// sender gets the answer for an app that is too slow.
func (p *Proxy) answerLater(w http.ResponseWriter, r *http.Request, e *webhook.Event, t timeout, f *forwarded, buffered *bufferedAnswer, action fault.Action) {
	f.sender.finish() // into the buffer
	until := time.Now().Add(action.After)
	late := until.After(t.deadline)
	if late {
		until = t.deadline
	}
	if !p.pause(until) {
		late = false // the proxy is stopping: answer now
	}
	f.sender = sender{w: w}
	if late {
		f.failure = explainTimeout(&f.attempt, t.length)
		f.failure.text = faultReason(action)
		p.conclude(w, r, e, f)
		return
	}
	maps.Copy(w.Header(), buffered.head)
	w.WriteHeader(buffered.status)
	f.sender.writeLast(buffered.body.Bytes())
	maps.Copy(w.Header(), buffered.header)
	p.conclude(w, r, e, f)
}

// faultReason is the reason of an answer that a rule decided.
func faultReason(action fault.Action) string { return "fault: " + action.String() }

// faultyRequest returns the request of an event, with its signature changed if
// a rule says so.
func (p *Proxy) faultyRequest(e *webhook.Event, app *App, action fault.Action) (*request, error) {
	req, err := p.outgoing(e, app)
	if err != nil || action.Signature == "" {
		return req, err
	}
	req.header = req.header.Clone()
	if req.header == nil {
		req.header = http.Header{}
	}
	if action.Signature == fault.SignatureStrip {
		taskee.Unsign(req.header)
	} else {
		taskee.Corrupt(req.header)
	}
	return req, nil
}

// delayResult is how a delay ended.
type delayResult int

const (
	delayOver    delayResult = iota
	delayTimeout             // at the time limit
	delayStopped             // early: the proxy is stopping
)

// delay waits as long as a rule says before the app is called.
func (p *Proxy) delay(t timeout, action fault.Action) delayResult {
	until := time.Now().Add(action.Before)
	late := action.Hang || until.After(t.deadline)
	if late {
		until = t.deadline
	}
	switch {
	case !p.pause(until):
		return delayStopped
	case late:
		return delayTimeout
	}
	return delayOver
}

// pause waits until a time. It returns false if the proxy stops before that.
func (p *Proxy) pause(until time.Time) bool {
	d := time.Until(until)
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.flight.draining:
		return false
	}
}

// simulated returns an attempt in which the app was not called.
func (p *Proxy) simulated(e *webhook.Event, app *App, action fault.Action) *forwarded {
	return &forwarded{app: app, attempt: webhook.Attempt{
		EventID: e.ID, Number: 1,
		Target: p.request(e, app, app.target).url(), StartedAt: time.Now(),
		Simulated: true, Fault: action.String(),
	}}
}

// answerHung answers at the time limit, as for an app that hangs.
func (p *Proxy) answerHung(w http.ResponseWriter, r *http.Request, e *webhook.Event, app *App, t timeout, action fault.Action) {
	f := p.simulated(e, app, action)
	f.attempt.StartedAt = t.deadline.Add(-t.length)
	f.attempt.Duration = time.Since(f.attempt.StartedAt)
	f.failure = explainTimeout(&f.attempt, t.length)
	f.attempt.Error = f.failure.text
	f.failure.text = faultReason(action)
	f.failure.reached = false
	p.conclude(w, r, e, f)
}

// answerInPlace answers with the status of a rule, in place of the app.
func (p *Proxy) answerInPlace(w http.ResponseWriter, r *http.Request, e *webhook.Event, app *App, action fault.Action) {
	f := p.simulated(e, app, action)
	f.attempt.StatusCode = action.Status
	answer := webhook.Answer{Status: action.Status, By: webhook.ByTaskhook, Reason: faultReason(action)}
	writeMessage(w, action.Status, message{Error: answer.Reason, Next: "see the rules with `taskhook faults list`"})
	f.attempt.Duration = time.Since(f.attempt.StartedAt)
	p.recordReceived(r, e, f, answer)
}

// dropAnswer cuts the sender's connection before or in the middle of the app's
// answer.
func (p *Proxy) dropAnswer(w http.ResponseWriter, r *http.Request, e *webhook.Event, f *forwarded, action fault.Action) {
	answer := webhook.Answer{By: webhook.ByTaskhook, BrokenOff: true, Reason: faultReason(action)}
	if action.Drop == fault.DropMiddle && f.failure == nil {
		answer.Status, answer.By = f.attempt.StatusCode, webhook.ByApp
		// Without Content-Length the answer is chunked and visibly incomplete.
		copyEndToEnd(w.Header(), f.attempt.Header)
		w.WriteHeader(f.attempt.StatusCode)
		_, _ = w.Write(f.attempt.Body[:len(f.attempt.Body)/2])
		_ = http.NewResponseController(w).Flush()
	}
	p.recordReceived(r, e, f, answer)
	panic(http.ErrAbortHandler)
}

// sendCopies sends the app the other copies of an event. They are attempts of
// their own, and the sender does not wait for them.
func (p *Proxy) sendCopies(e *webhook.Event, app *App, action fault.Action) {
	if action.Copies < 2 {
		return
	}
	for n := range action.Copies - 1 {
		p.sendCopy(e, app, action, time.Duration(n+1)*action.Spacing)
	}
}

// sendCopy sends one copy after a while, unless the proxy stops first.
func (p *Proxy) sendCopy(e *webhook.Event, app *App, action fault.Action, after time.Duration) {
	if !p.flight.enter() {
		return
	}
	go func() { // Close waits for it
		defer p.flight.leave()
		if !p.pause(time.Now().Add(after)) {
			return
		}
		t := newTimeout(p.opts.Timeout)
		req, err := p.faultyRequest(e, app, action)
		if err == nil {
			err = app.slots.acquire(p.flight.ctx, t.deadline, p.flight.draining)
		}
		if err != nil {
			p.logger.Warn("a duplicate by a fault rule was not sent", "event", e.ID.String(), "error", err)
			return
		}
		f := p.attempt(p.flight.ctx, req, e, t, sender{})
		f.attempt.Trigger, f.attempt.Fault = webhook.TriggerReceived, action.String()
		if action.Signature != "" {
			f.attempt.Sent, f.attempt.Signed = req.record(), nil
		}
		if _, err := p.storeAttempt(context.Background(), &f.attempt); err != nil {
			p.logger.Error("a duplicate by a fault rule could not be recorded", "event", e.ID.String(), "error", err)
		}
	}()
}
