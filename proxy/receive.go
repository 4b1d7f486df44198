package proxy

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/taskhook/taskhook/files"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// Handler receives webhooks from one ingress. The verifier checks the signatures
// there; nil: nobody does. [Proxy.Serve] serves it.
func (p *Proxy) Handler(source webhook.Source, v Verifier) http.Handler {
	if p.opts.Mode == ModeOff {
		v = nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if t := tapOf(r); t != nil {
			t.enter(r)
		}
		if !p.handle(w, r, source, v) {
			discardBody(w, r) // not in flight: a stop does not wait for it
		}
	})
}

// handle answers one request. It returns false when that was before the whole
// body had arrived.
func (p *Proxy) handle(w http.ResponseWriter, r *http.Request, source webhook.Source, v Verifier) (whole bool) {
	switch {
	case p.answerProbe(w, r):
		return true
	case r.ProtoMajor != 1:
		p.rejectHTTP2(w, r, source)
		return true
	case r.Method == http.MethodConnect:
		p.rejectConnect(w, r, source)
		return false
	case !p.flight.enter():
		answerEarly(w)
		writeMessage(w, http.StatusTooManyRequests, stoppingMessage())
		return false
	}
	defer p.flight.leave()
	return p.receive(w, r, source, v)
}

// receive handles one request: it reads, verifies and stores it, and only then
// forwards or answers it. It returns whether the whole body had arrived.
func (p *Proxy) receive(w http.ResponseWriter, r *http.Request, source webhook.Source, v Verifier) (whole bool) {
	e := newEvent(r, source)
	if r.TransferEncoding != nil {
		noteBothLengths(w, r, e)
	}
	p.decidePassed(e, r)
	b := bodyReader{proxy: p, w: w, r: r}
	body, failed := b.read()
	defer func() {
		p.budget.release(b.reserved)
		if p.budget.halfFree() {
			p.degraded.end(&p.degraded.memory, "there is memory for request bodies again")
		}
	}()
	received, r := r, b.r
	if failed != nil {
		answerEarly(w)
		p.answerUnread(w, r, e, failed)
		return false
	}
	e.Body, e.BodySize = body, int64(len(body))
	if r.TransferEncoding != nil {
		e.Trailer = cameTrailer(received.Trailer)
	}
	if e.Decision != webhook.Passed {
		p.inspect(e, v)
	}
	if no := p.rejects(e); no != nil {
		e.Decision, e.Answer = no.decision, byTaskhook(no.status, no.message.Reason)
		e.Answer.RetryAt = p.nextRetry(e, e.Answer)
		if p.store(w, r, e) {
			writeMessage(w, no.status, no.message)
		}
		return true
	}
	if e.Decision == webhook.Passed {
		if p.store(w, r, e) {
			p.forwardPassed(w, r, e)
		}
		return true
	}
	to := p.router.of(e)
	if to.app == nil {
		p.ignore(w, r, e, to.by)
		return true
	}
	if to.note != "" {
		e.Notes = append(e.Notes, to.note)
	}
	if p.store(w, r, e) {
		p.forwardReceived(w, r, e, to.app)
	}
	return true
}

func newEvent(r *http.Request, source webhook.Source) *webhook.Event {
	e := &webhook.Event{
		ReceivedAt: time.Now(),
		Method:     r.Method,
		Host:       r.Host,
		RemoteAddr: r.RemoteAddr,
		Header:     r.Header,
		Source:     source,
		Verdict:    webhook.Verdict{Status: webhook.Unchecked},
	}
	// The parsed URL has lost how the path was encoded.
	if strings.HasPrefix(r.RequestURI, "/") {
		e.Path, e.RawQuery, _ = strings.Cut(r.RequestURI, "?")
	} else {
		e.Path, e.RawQuery = r.URL.EscapedPath(), r.URL.RawQuery
	}
	if e.Path == "" {
		e.Path = "/"
	}
	return e
}

// inspect adds to an event what its body and signature say.
func (p *Proxy) inspect(e *webhook.Event, v Verifier) {
	fields := taskee.Parse(p.unpacked.read(e))
	e.Type, e.WebhookID, e.SentAt = fields.Type, fields.WebhookID, fields.SentAt
	if v != nil {
		e.Verdict = v.Verify(e.Header, e.Body)
	}
	if !e.SentAt.IsZero() {
		e.Verdict.Age = e.ReceivedAt.Sub(e.SentAt)
	}
}

// answerUnread answers a request whose body was not read to its end.
func (p *Proxy) answerUnread(w http.ResponseWriter, r *http.Request, e *webhook.Event, b *bodyError) {
	if b.store {
		e.NoBody, e.BodySize = true, r.ContentLength
		e.Verdict.Reason = "not checked without the whole body"
		if b.decision != webhook.DecisionNone {
			e.Decision = b.decision
		}
		if b.unreadable {
			e.Head = keptHead(r)
		}
		e.Answer = byTaskhook(b.status, b.reason())
		if b.status == http.StatusTooManyRequests && e.Decision != webhook.Passed {
			e.Answer.RetryAt = p.policy.Next(1, b.status, e.Answer.At)
		}
		e.Answer.SenderGone = r.Context().Err() != nil
		if !p.store(w, r, e) {
			return
		}
	}
	writeMessage(w, b.status, b.message)
}

// store stores an event durably. If it cannot, it answers 429, the only answer
// that makes the platform send the event again, and returns false.
func (p *Proxy) store(w http.ResponseWriter, r *http.Request, e *webhook.Event) bool {
	err := p.opts.Store.PutEvent(context.WithoutCancel(r.Context()), e)
	if err == nil {
		p.degraded.end(&p.degraded.store, "events can be stored again")
		return true
	}
	m := message{
		Error:  "the event cannot be stored",
		Reason: storeFailure(err),
		Next:   "free disk space or check the data directory; taskhook then continues by itself",
	}
	if p.flight.stopping() {
		m = stoppingMessage()
	} else {
		p.degraded.begin(&p.degraded.store, fmt.Sprintf("events cannot be stored: %v", err))
	}
	writeMessage(w, http.StatusTooManyRequests, m)
	return false
}

// storeFailure says why the store cannot write, for the sender: without paths.
func storeFailure(err error) string {
	if files.Full(err) {
		return "the disk is full"
	}
	return "the store cannot be written"
}

// rejection is why a request is turned away, and the answer to it.
type rejection struct {
	decision webhook.Decision
	status   int
	message  message
}

// rejects returns why an event is turned away; nil: it goes to the app.
func (p *Proxy) rejects(e *webhook.Event) *rejection {
	enforced := p.opts.Mode == ModeEnforce
	switch {
	case p.isLoop(e.Header):
		return &rejection{webhook.RejectedLoop, http.StatusLoopDetected, loopMessage()}
	case asksForWebSocket(e.Header):
		return &rejection{webhook.RejectedWebSocket, http.StatusBadRequest, p.webSocketMessage(e)}
	case enforced && e.Verdict.Status == webhook.Unsigned:
		m := p.signatureMessage(e)
		p.adviseSkip(e, &m)
		return &rejection{webhook.RejectedUnsigned, http.StatusUnauthorized, m}
	case enforced && e.Verdict.Status == webhook.Invalid:
		return &rejection{webhook.RejectedSignature, http.StatusUnauthorized, p.signatureMessage(e)}
	case p.fromForeignPage(e):
		return &rejection{webhook.RejectedBrowser, http.StatusForbidden, pageMessage(e)}
	}
	return nil
}

// signatureMessage is the answer to an event that is rejected for its signature.
func (p *Proxy) signatureMessage(e *webhook.Event) message {
	v := e.Verdict
	m := message{Error: "invalid signature", Verdict: v.Status, Reason: v.Reason, Next: v.Next}
	if v.Status == webhook.Unsigned {
		m.Error = "unsigned request"
		if e.Source != webhook.SourceTunnel {
			// A person who posts by hand wants to know what to do.
			m.Next = fmt.Sprintf("allow it with `taskhook listen %s --verify warn`, or send a signed event with `taskhook trigger`", p.target().Short())
		}
	}
	if m.Reason == "" {
		m.Reason = "the request has no signature that can be trusted"
	}
	if m.Next == "" {
		m.Next = "look at it with `taskhook events show latest`"
	}
	return m
}
