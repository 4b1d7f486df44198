package proxy

import (
	"fmt"
	"maps"
	"net/http"

	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// outgoing returns the request that sends a received event to an app. With
// Options.Sign an event that was verified is signed by the development key.
func (p *Proxy) outgoing(e *webhook.Event, app *App) (*request, error) {
	r := p.request(e, app, app.target)
	if p.opts.Sign != webhook.SignDev || e.Verdict.Status != webhook.Valid {
		return r, nil
	}
	if err := p.resign(r); err != nil {
		p.degraded.begin(&p.degraded.signer, fmt.Sprintf("events cannot be signed: %v", err))
		return nil, err
	}
	p.degraded.end(&p.degraded.signer, "events can be signed again")
	return r, nil
}

// resign replaces the signatures that a request came with by those of the
// development key.
func (p *Proxy) resign(r *request) error {
	keys, err := developmentKeys(p.opts.Signer)
	if err != nil {
		return err
	}
	signed, err := keys.Sign(r.body, schemeOf(r.header))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoSigner, err)
	}
	if sameSignatures(signed, r.header) {
		return nil // of a triggered event
	}
	header := maps.Clone(r.header)
	taskee.Unsign(header)
	maps.Copy(header, signed)
	for _, name := range [...]string{taskee.HeaderRSA, taskee.HeaderEd25519} {
		if r.header[name] != nil && signed[name] == nil {
			signed[name] = []string{}
		}
	}
	r.header, r.signed = header, signed
	return nil
}

// developmentKeys are the keys that a Signer of the options gives.
func developmentKeys(signer func() (taskee.Signer, error)) (taskee.Signer, error) {
	if signer == nil {
		return taskee.Signer{}, ErrNoSigner
	}
	keys, err := signer()
	if err != nil {
		return taskee.Signer{}, fmt.Errorf("%w: %w", ErrNoSigner, err)
	}
	return keys, nil
}

// answerUnsigned answers an event that was to be signed and cannot be.
func (p *Proxy) answerUnsigned(w http.ResponseWriter, r *http.Request, e *webhook.Event) {
	p.answerUnforwarded(w, r, e, message{
		Error:  "the event cannot be signed",
		Reason: "the development key cannot be used, so the event was not forwarded",
		Next:   "see taskhook keys",
	})
}

// signsAgain reports whether a resend goes out signed by the development key as
// a received event does: nobody chose a signature, its own was verified, and
// Options.Sign replaces those.
func (p *Proxy) signsAgain(s *resending, choice webhook.Sign) bool {
	switch {
	case p.opts.Sign != webhook.SignDev,
		choice != "", // the person has chosen
		s.changed, !sameSignatures(s.event.Header, s.received.Header):
		return false
	case s.received.Verdict.Status == webhook.Valid && s.received.Source != webhook.SourceImport:
		return true
	}
	return p.opts.Check != nil && p.opts.Check(s.received).Status == webhook.Valid
}

// signAgain signs a resend by the development key if it goes out so. It is
// called when that is certain to be sent: a signature takes milliseconds.
func (p *Proxy) signAgain(s *resending) error {
	if !s.signsAgain || s.request.signed != nil {
		return nil
	}
	return p.resign(s.request)
}
