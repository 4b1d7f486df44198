package proxy

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/taskhook/taskhook/proxy/fault"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// Faults is the table of rules that inject faults into what is received. It
// may be changed at any time.
func (p *Proxy) Faults() *fault.Table { return &p.faults }

// forwardFaulty does to a received event what a rule says. What was done
// stands in the attempt, and in the answer where the rule decided that.
func (p *Proxy) forwardFaulty(w http.ResponseWriter, r *http.Request, e *webhook.Event, l limit, effect fault.Effect) {
	switch p.holdUp(l, effect) {
	case heldTooLong:
		p.answerHung(w, r, e, l, effect)
		return
	case cutShort:
		p.answerUnforwarded(w, r, e, stoppingMessage())
		return
	}
	if effect.Status != 0 {
		p.answerInPlace(w, r, e, effect)
		return
	}
	p.sendCopies(e, effect)
	if !p.takeSlot(w, r, e, l) {
		return
	}
	s := sender{w: w}
	held := heldAnswer{header: http.Header{}}
	switch {
	case effect.Drop != "":
		s = sender{} // nobody hears the answer
	case effect.After > 0:
		s = sender{w: &held}
	}
	req := p.faultyRequest(e, effect)
	f := p.attempt(p.flight.life, req, e, l, s)
	f.attempt.Fault = effect.Words()
	if effect.Signature != "" {
		f.attempt.Sent = req.record()
	}
	switch {
	case effect.Drop != "":
		p.dropAnswer(w, r, e, f, effect)
	case effect.After > 0 && f.failure == nil:
		p.passOnLater(w, r, e, l, f, &held, effect)
	default:
		if effect.After > 0 {
			f.sender.begun = false // nothing of it has been passed on
		}
		p.conclude(w, r, e, f)
	}
}

// heldAnswer keeps an answer that is passed on later.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (h *heldAnswer) Header() http.Header         { return h.header }
func (h *heldAnswer) WriteHeader(status int)      { h.status = status }
func (h *heldAnswer) Write(b []byte) (int, error) { return h.body.Write(b) }

// passOnLater holds the app's answer back, and passes it on unless the time
// limit has passed by then: to the sender that is an app which takes too long.
func (p *Proxy) passOnLater(w http.ResponseWriter, r *http.Request, e *webhook.Event, l limit, f *forwarded, held *heldAnswer, effect fault.Effect) {
	f.sender.finish() // to held
	until := time.Now().Add(effect.After)
	late := until.After(l.deadline)
	if late {
		until = l.deadline
	}
	if !p.pause(until) {
		late = false // the proxy stops: the answer is passed on now
	}
	f.sender = sender{w: w}
	if late {
		f.failure = explainTimeout(&f.attempt, l.span)
		f.failure.text = "fault: " + effect.Words()
		p.conclude(w, r, e, f)
		return
	}
	for name, values := range held.header {
		w.Header()[name] = values
	}
	w.WriteHeader(held.status)
	f.sender.writeLast(held.body.Bytes())
	p.conclude(w, r, e, f)
}

// faultyRequest is the request of an event with its signature spoiled, if a
// rule says so.
func (p *Proxy) faultyRequest(e *webhook.Event, effect fault.Effect) *request {
	req := p.request(e, p.opts.Target)
	if effect.Signature == "" {
		return req
	}
	req.header = req.header.Clone()
	if req.header == nil {
		req.header = http.Header{}
	}
	if effect.Signature == fault.SignatureStrip {
		taskee.Unsign(req.header)
	} else {
		taskee.Corrupt(req.header)
	}
	return req
}

// held is how a delay before the app is called ended.
type held int

const (
	heldAsAsked held = iota
	heldTooLong      // the time limit has passed
	cutShort         // the proxy stops
)

// holdUp lets the delay before the app pass.
func (p *Proxy) holdUp(l limit, effect fault.Effect) held {
	until := time.Now().Add(effect.Before)
	late := effect.Hang || until.After(l.deadline)
	if late {
		until = l.deadline
	}
	switch {
	case !p.pause(until):
		return cutShort
	case late:
		return heldTooLong
	}
	return heldAsAsked
}

// pause waits until a time; false: the proxy stops.
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

// written is an attempt in which the app was not called.
func (p *Proxy) written(e *webhook.Event, effect fault.Effect) *forwarded {
	return &forwarded{attempt: webhook.Attempt{
		EventID: e.ID, Number: 1,
		Target: p.request(e, p.opts.Target).url(), StartedAt: time.Now(),
		Simulated: true, Fault: effect.Words(),
	}}
}

// answerHung answers for an app that a rule has hang: as for one that does.
func (p *Proxy) answerHung(w http.ResponseWriter, r *http.Request, e *webhook.Event, l limit, effect fault.Effect) {
	f := p.written(e, effect)
	f.attempt.StartedAt = l.deadline.Add(-l.span)
	f.attempt.Duration = time.Since(f.attempt.StartedAt)
	f.failure = explainTimeout(&f.attempt, l.span)
	f.attempt.Error = f.failure.text
	f.failure.text = "fault: " + effect.Words()
	f.failure.reached = false
	p.conclude(w, r, e, f)
}

// answerInPlace gives the answer of a rule.
func (p *Proxy) answerInPlace(w http.ResponseWriter, r *http.Request, e *webhook.Event, effect fault.Effect) {
	f := p.written(e, effect)
	f.attempt.StatusCode = effect.Status
	answer := webhook.Answer{Status: effect.Status, By: webhook.ByTaskhook, Reason: "fault: " + effect.Words()}
	if effect.RetryAfter != "" {
		w.Header().Set("Retry-After", effect.RetryAfter)
	}
	if effect.Body == "" {
		writeMessage(w, effect.Status, message{Error: answer.Reason, Next: "see the rules with `taskhook faults list`"})
	} else {
		w.Header().Set("Content-Type", effect.ContentType())
		w.WriteHeader(effect.Status)
		_, _ = io.WriteString(w, effect.Body)
	}
	f.attempt.Duration = time.Since(f.attempt.StartedAt)
	p.recordReceived(r, e, f, answer)
}

// dropAnswer cuts the sender's connection before or in the middle of the app's
// answer.
func (p *Proxy) dropAnswer(w http.ResponseWriter, r *http.Request, e *webhook.Event, f *forwarded, effect fault.Effect) {
	answer := webhook.Answer{By: webhook.ByTaskhook, BrokenOff: true, Reason: "fault: " + effect.Words()}
	if effect.Drop == fault.DropMiddle && f.failure == nil {
		answer.Status, answer.By = f.attempt.StatusCode, webhook.ByApp
		// Without its length the answer is chunked, and plainly unfinished.
		copyEndToEnd(w.Header(), f.attempt.Header)
		w.WriteHeader(f.attempt.StatusCode)
		_, _ = w.Write(f.attempt.Body[:len(f.attempt.Body)/2])
		_ = http.NewResponseController(w).Flush()
	}
	p.recordReceived(r, e, f, answer)
	panic(http.ErrAbortHandler)
}

// sendCopies sends the app the further copies of an event. They are attempts
// of their own that no sender waits for.
func (p *Proxy) sendCopies(e *webhook.Event, effect fault.Effect) {
	if effect.Copies < 2 {
		return
	}
	for n := range effect.Copies - 1 {
		p.sendCopy(e, effect, time.Duration(n+1)*effect.Spacing)
	}
}

// sendCopy sends one copy after a while, unless the proxy stops before.
func (p *Proxy) sendCopy(e *webhook.Event, effect fault.Effect, after time.Duration) {
	if !p.flight.enter() {
		return
	}
	go func() { // Close waits for it
		defer p.flight.leave()
		if !p.pause(time.Now().Add(after)) {
			return
		}
		l := p.limitFor(p.opts.Timeout)
		if err := p.slots.take(p.flight.life, l.deadline, p.flight.draining); err != nil {
			p.logger.Warn("a copy by a fault rule was not sent", "event", e.ID.String(), "error", err)
			return
		}
		req := p.faultyRequest(e, effect)
		f := p.attempt(p.flight.life, req, e, l, sender{})
		f.attempt.Trigger, f.attempt.Fault = webhook.TriggerReceived, effect.Words()
		if effect.Signature != "" {
			f.attempt.Sent = req.record()
		}
		if _, err := p.keepAttempt(context.Background(), &f.attempt); err != nil {
			p.logger.Error("a copy by a fault rule could not be recorded", "event", e.ID.String(), "error", err)
		}
	}()
}
