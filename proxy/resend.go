package proxy

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// Errors of Resend.
var (
	// ErrNoTarget is returned when a resend names no target and the proxy has none.
	ErrNoTarget = errors.New("no target is known")
	// ErrNoSigner is returned when a resend needs the development key and there is none.
	ErrNoSigner = errors.New("there is no development key to sign with")
	// ErrUnsendable is returned when a stored event cannot be written as an HTTP request.
	ErrUnsendable = errors.New("the event cannot be sent as an HTTP request")
)

// Resend sends a stored event to the app once more and returns when the
// attempt is stored. What the app answers, and that it cannot be reached, is
// no error but stands in the attempt.
//
// A JSON body that a person has edited, and that is signed here, is sent as
// JSON.stringify writes it, so that it also verifies for receivers that
// serialise it again; a note says when that changed its bytes.
//
// An error wraps webhook.ErrNotFound for an unknown event,
// webhook.ErrUnverified for one that was rejected unless
// r.Unverified, webhook.ErrPruned for one whose body was not kept, httpwire.ErrTarget
// or ErrNoTarget, ErrNoSigner, ErrStopping, ErrUnsendable, or jsjson's error
// for an edit that leads nowhere.
func (p *Proxy) Resend(ctx context.Context, r webhook.Resend) (webhook.Resent, error) {
	if p.flight.stopping() || !p.flight.enter() {
		return webhook.Resent{}, ErrStopping
	}
	defer p.flight.leave()
	s, err := p.prepare(ctx, r)
	if err != nil {
		return webhook.Resent{}, err
	}
	a, state, err := p.sendAgain(ctx, s)
	if err != nil {
		return webhook.Resent{}, err
	}
	return webhook.Resent{Attempt: *a, State: state, Notes: append(s.notes(r), hints(a)...)}, nil
}

// sendAgain sends a prepared event and returns the attempt once it is stored,
// with the event's state after it.
func (p *Proxy) sendAgain(ctx context.Context, s *resending) (*webhook.Attempt, webhook.State, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.flight.ctx, cancel)()
	t := newTimeout(p.opts.Timeout)
	if err := p.slotsTo(s.request.target).acquire(ctx, t.deadline, p.flight.draining); err != nil {
		return nil, "", err
	}
	f := p.attempt(ctx, s.request, &s.event, t, sender{})
	a := &f.attempt
	a.Trigger, a.Sent = webhook.TriggerResend, s.sent()
	state, err := p.keepAttempt(ctx, a)
	return a, state, err
}

// keepAttempt stores an attempt that nobody waits for, durably, and returns
// the state of its event after it.
func (p *Proxy) keepAttempt(ctx context.Context, a *webhook.Attempt) (webhook.State, error) {
	ctx = context.WithoutCancel(ctx)
	if err := p.opts.Store.PutAttempt(ctx, a, nil); err != nil {
		return "", fmt.Errorf("store the attempt: %w", err)
	}
	after, err := p.opts.Store.Summary(ctx, a.EventID)
	if err != nil {
		return "", fmt.Errorf("read the event's state: %w", err)
	}
	return after.State(time.Now()), nil
}

// hints is what was noticed about an attempt.
func hints(a *webhook.Attempt) []string {
	if a.Hint == "" {
		return nil
	}
	return []string{a.Hint}
}

// resending is an event on its way to be sent again.
type resending struct {
	event    webhook.Event // as it is sent; its verdict is that of what is sent
	received webhook.Event // as it is stored
	before   webhook.Summary
	request  *request
	edited   bool // a person has changed the body
	changed  bool // the body is not as received
	replaced bool // method, path, headers or signature may not be as received
	remarks  []string
}

// prepare loads an event and makes the request that was asked for.
func (p *Proxy) prepare(ctx context.Context, r webhook.Resend) (*resending, error) {
	t, err := p.targetNamed(r.To)
	if err != nil {
		return nil, err
	}
	e, err := p.opts.Store.Event(ctx, r.EventID)
	if err != nil {
		return nil, err
	}
	switch {
	case e.NoBody || e.Body == nil && e.BodySize != 0:
		return nil, webhook.ErrPruned
	case e.Decision.Rejected() && !r.Unverified:
		return nil, fmt.Errorf("%w: %s", webhook.ErrUnverified, cmp.Or(e.Verdict.Reason, string(e.Decision)))
	}
	s := &resending{event: e, received: e}
	if s.before, err = p.opts.Store.Summary(ctx, e.ID); err != nil {
		return nil, err
	}
	if err := s.replace(r.Edited); err != nil {
		return nil, err
	}
	if err := s.edit(r); err != nil {
		return nil, err
	}
	if err := s.sign(r.Sign, p.opts.Signer); err != nil {
		return nil, err
	}
	s.request = p.request(&s.event, t)
	if why := s.request.writable(); why != "" {
		return nil, fmt.Errorf("%w: %s", ErrUnsendable, why)
	}
	s.remarkOwnHeaders(r.Edited)
	return s, nil
}

// targetNamed is the target that a resend names, or that of the app.
func (p *Proxy) targetNamed(to string) (httpwire.Target, error) {
	if to != "" {
		return httpwire.ParseTarget(to)
	}
	if p.target().IsZero() {
		return httpwire.Target{}, ErrNoTarget
	}
	return p.target(), nil
}

// edit changes the body in place.
func (s *resending) edit(r webhook.Resend) error {
	body := s.event.Body
	var err error
	if r.NewID {
		if body, err = taskee.WithNewID(body, taskee.NewWebhookID(), time.Now()); err != nil {
			return fmt.Errorf("put in a new webhookId and timestamp: %w", err)
		}
	}
	for _, set := range r.Set {
		if body, err = jsjson.Set(body, set.Path, set.Value); err != nil {
			return fmt.Errorf("set %s: %w", set.Path, err)
		}
		s.edited = true
	}
	s.changed = !bytes.Equal(body, s.received.Body)
	s.event.Body = body
	return nil
}

// sign makes the signature headers that were asked for.
func (s *resending) sign(choice webhook.Sign, signer func() (taskee.Signer, error)) error {
	if choice == "" {
		choice = webhook.SignOriginal
		if s.changed {
			choice = webhook.SignDev
		}
	}
	kept := choice == webhook.SignOriginal
	if !kept || s.changed || !sameSignatures(s.event.Header, s.received.Header) {
		s.event.Verdict.Key = "" // who signed this, if anybody, is not known
	}
	if kept {
		return nil
	}
	s.replaced = true
	scheme := schemeOf(s.event.Header, s.received.Header)
	h := s.event.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	s.event.Header = h
	switch choice {
	case webhook.SignNone:
		taskee.Unsign(h)
	case webhook.SignCorrupt:
		taskee.Corrupt(h)
	case webhook.SignDev:
		if signer == nil {
			return ErrNoSigner
		}
		keys, err := signer()
		if err != nil {
			return fmt.Errorf("%w: %w", ErrNoSigner, err)
		}
		if s.edited && s.changed {
			s.stringify()
		}
		signed, err := keys.Sign(s.event.Body, scheme)
		if err != nil {
			return fmt.Errorf("sign with the development key: %w", err)
		}
		taskee.Unsign(h)
		for name, values := range signed {
			h[name] = values
		}
		s.event.Verdict.Key = devKey
	default:
		return fmt.Errorf("unknown way to sign %q: want original, dev, none or corrupt", choice)
	}
	return nil
}

// schemeOf is the scheme of the signatures in the first of some headers that
// has any, RSA if none has.
func schemeOf(headers ...http.Header) string {
	for _, h := range headers {
		present := func(name string) bool {
			v := h.Get(name)
			return v != "" && v != taskee.Absent
		}
		rsa, ed := present(taskee.HeaderRSA), present(taskee.HeaderEd25519)
		switch {
		case rsa && ed:
			return taskee.SchemeBoth
		case ed:
			return taskee.SchemeEd25519
		case rsa:
			return taskee.SchemeRSA
		}
	}
	return taskee.SchemeRSA
}

// sent records what was sent when that is not what was received. Headers that
// Taskhook puts into every request are left out, as they are where it is.
func (s *resending) sent() *webhook.Request {
	if !s.changed && !s.replaced {
		return nil
	}
	return s.request.record()
}

// record is the request as it is kept with an attempt.
func (r *request) record() *webhook.Request {
	h := http.Header{}
	named := r.header["Connection"]
	for name, values := range r.header {
		switch {
		case http.CanonicalHeaderKey(name) == "Content-Length" && (r.length || len(r.body) > 0):
			h["Content-Length"] = []string{strconv.Itoa(len(r.body))}
		case r.passes(name, named):
			h[name] = values
		}
	}
	return &webhook.Request{Method: r.method, Path: r.path, RawQuery: r.query, Header: h, Body: r.body}
}

// notes says what a person may not expect of this resend.
func (s *resending) notes(r webhook.Resend) []string {
	var notes []string
	o := s.before.Outcome
	accepted := webhook.Delivered(o.Answer.Status) && !o.Answer.SenderGone && !o.Answer.BrokenOff || o.DeliveredLater
	if accepted && !s.renamed() {
		notes = append(notes, "this event was delivered before: with the same webhookId an idempotent app answers 200 without processing; use --new-id")
	}
	if s.changed && r.Sign == webhook.SignOriginal && sameSignatures(s.event.Header, s.received.Header) {
		notes = append(notes, "the body is changed and the signature is not: an app that verifies will refuse it; use --sign dev")
	}
	return append(notes, s.remarks...)
}

// renamed reports whether the body has another webhookId than was received.
func (s *resending) renamed() bool {
	return s.changed && taskee.Parse(s.event.Body).WebhookID != taskee.Parse(s.received.Body).WebhookID
}

func sameSignatures(a, b http.Header) bool {
	return slices.Equal(a[taskee.HeaderRSA], b[taskee.HeaderRSA]) && slices.Equal(a[taskee.HeaderEd25519], b[taskee.HeaderEd25519])
}
