package proxy

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/taskhook/taskhook/httpwire"
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

// Resend sends a stored event to the app again and returns when the attempt is
// stored. The app may take as long as it wants unless r.Timeout says otherwise;
// when ctx ends, the attempt is given up and stored as cancelled. The app's answer, or that it cannot be reached, is not an error: it is
// in the attempt.
//
// An edited JSON body that is signed with the development key is sent as
// JSON.stringify writes it, so that it also verifies for receivers that serialise
// it again; a note says whether that changed its bytes. Only whole numbers that
// JavaScript would round stay as they are, and another note says so.
//
// An error wraps webhook.ErrNotFound for an unknown event,
// webhook.ErrUnverified for one that was rejected unless
// r.Unverified, webhook.ErrPruned for one whose body was not stored,
// webhook.ErrIgnored for one that a route sends to no app, httpwire.ErrTarget or ErrNoTarget, ErrNoSigner, ErrStopping, ErrUnsendable, or jsjson's error
// for an edit of a value that does not exist.
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
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.flight.ctx, func() { cancel(ErrStopping) })()
	if err := p.signAgain(s); err != nil {
		return nil, "", err
	}
	t := newTimeout(s.timeout)
	if err := s.request.app.slots.acquire(ctx, t.deadline, p.flight.draining); err != nil {
		return nil, "", err
	}
	f := p.attempt(ctx, s.request, &s.event, t, sender{})
	a := &f.attempt
	a.Trigger, a.Sent = webhook.TriggerResend, s.sent()
	state, err := p.storeAttempt(ctx, a)
	return a, state, err
}

// storeAttempt stores an attempt durably, even if ctx has ended, and returns the
// state of its event after it.
func (p *Proxy) storeAttempt(ctx context.Context, a *webhook.Attempt) (webhook.State, error) {
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

// hints are the notes that an attempt itself leads to.
func hints(a *webhook.Attempt) []string {
	if a.Hint == "" {
		return a.Notes
	}
	return append(slices.Clip(a.Notes), a.Hint)
}

// resending is an event that is ready to be sent again.
type resending struct {
	event    webhook.Event // as it is sent, with the verdict of that
	received webhook.Event // as it is stored
	before   webhook.Summary
	request  *request
	edited   bool          // a person has changed the body
	changed  bool          // the body differs from the received one
	timeout  time.Duration // for the app; 0: none
	replaced bool          // method, path, headers or signature may differ from the received ones
	remarks  []string
	// signsAgain: it goes out signed by the development key, see signAgain.
	signsAgain bool
}

// prepare loads an event and makes the request for it.
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
	s := &resending{event: e, received: e, timeout: r.Timeout}
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
	app := p.appAt(t)
	if r.To == "" {
		if app, t, err = p.recipient(s); err != nil {
			return nil, err
		}
	}
	s.request = p.request(&s.event, app, t)
	s.request.mark = "" // a person may send it through the own public URL
	if why := s.request.writable(); why != "" {
		return nil, fmt.Errorf("%w: %s", ErrUnsendable, why)
	}
	s.signsAgain = p.signsAgain(s, r.Sign)
	s.remarkOwnHeaders(r.Edited)
	return s, nil
}

// recipient decides who gets a resend that names no target, and where: a request
// that is no webhook keeps its own path, and no route takes it.
func (p *Proxy) recipient(s *resending) (*App, httpwire.Target, error) {
	if s.event.Decision == webhook.Passed {
		return p.router.rest, p.router.rest.target.Root(), nil
	}
	app, err := p.whereto(s)
	if err != nil {
		return nil, httpwire.Target{}, err
	}
	return app, app.target, nil
}

// targetNamed parses the named target, or returns that of the app which gets
// what no route takes if none is named.
func (p *Proxy) targetNamed(to string) (httpwire.Target, error) {
	if to != "" {
		return httpwire.ParseTarget(to)
	}
	if p.target().IsZero() {
		return httpwire.Target{}, ErrNoTarget
	}
	return p.target(), nil
}

// edit changes values of the body and leaves its other bytes as they are.
func (s *resending) edit(r webhook.Resend) error {
	if r.NewID || len(r.Set) > 0 {
		if err := s.unpack(); err != nil {
			return err
		}
	}
	body := s.event.Body
	var err error
	if r.NewID {
		if body, err = taskee.WithNewID(body, taskee.NewWebhookID(), time.Now()); err != nil {
			return fmt.Errorf("put in a new webhookId and timestamp: %w", s.named(err))
		}
	}
	body, notes, err := taskee.EditAll(body, r.Set)
	if err != nil {
		return fmt.Errorf("edit the body: %w", s.named(err))
	}
	s.edited = s.edited || len(r.Set) > 0
	s.remarks = append(s.remarks, notes...)
	s.changed = !bytes.Equal(body, s.received.Body)
	s.event.Body = body
	if s.changed {
		s.event.Trailer = nil // it may tell of the received body
	}
	return nil
}

// sign makes the signature headers.
func (s *resending) sign(choice webhook.Sign, signer func() (taskee.Signer, error)) error {
	if choice == "" {
		choice = webhook.SignOriginal
		if s.changed {
			choice = webhook.SignDev
		}
	}
	original := choice == webhook.SignOriginal
	if !original || s.changed || !sameSignatures(s.event.Header, s.received.Header) {
		s.event.Verdict.Key = "" // it is not known who signed this, if anybody did
	}
	if original {
		return nil
	}
	s.replaced = true
	scheme := schemeOf(s.event.Header, s.received.Header)
	s.event.Header = s.event.Header.Clone()
	if s.event.Header == nil {
		s.event.Header = http.Header{}
	}
	switch choice {
	case webhook.SignNone:
		taskee.Unsign(s.event.Header)
	case webhook.SignCorrupt:
		taskee.Corrupt(s.event.Header)
	case webhook.SignDev:
		return s.signDev(scheme, signer)
	default:
		return fmt.Errorf("unknown way to sign %q: want original, dev, none or corrupt", choice)
	}
	return nil
}

// signDev signs with the development key.
func (s *resending) signDev(scheme string, signer func() (taskee.Signer, error)) error {
	keys, err := developmentKeys(signer)
	if err != nil {
		return err
	}
	if s.edited && s.changed {
		s.stringify()
	}
	signed, err := keys.Sign(s.event.Body, scheme)
	if err != nil {
		return fmt.Errorf("sign with the development key: %w", err)
	}
	taskee.Unsign(s.event.Header)
	maps.Copy(s.event.Header, signed)
	s.event.Verdict.Key = devKey
	return nil
}

// schemeOf is the scheme of the signatures in the first of the headers that has
// any; RSA if none does.
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

// sent records what was sent; nil: what was received. Headers that Taskhook adds
// to every request are left out.
func (s *resending) sent() *webhook.Request {
	if !s.changed && !s.replaced {
		return nil
	}
	return s.request.record()
}

// record is the request as it is stored with an attempt.
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

// notes are what a person may not expect of this resend.
func (s *resending) notes(r webhook.Resend) []string {
	var notes []string
	o := s.before.Outcome
	delivered := webhook.Delivered(o.Answer.Status) && !o.Answer.SenderGone && !o.Answer.BrokenOff || o.DeliveredLater
	if delivered && !s.renamed() && s.received.Decision != webhook.Passed {
		notes = append(notes, webhook.NoteSameID)
	}
	if s.changed && r.Sign == webhook.SignOriginal && sameSignatures(s.event.Header, s.received.Header) {
		notes = append(notes, webhook.NoteSameSignature)
	}
	return append(notes, s.remarks...)
}

// renamed reports whether the webhookId differs from the received one.
func (s *resending) renamed() bool {
	return s.changed && webhookID(&s.event) != webhookID(&s.received)
}

func sameSignatures(a, b http.Header) bool {
	return slices.Equal(a[taskee.HeaderRSA], b[taskee.HeaderRSA]) && slices.Equal(a[taskee.HeaderEd25519], b[taskee.HeaderEd25519])
}
