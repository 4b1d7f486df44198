package proxy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// ErrNeverPasses is returned for a request that no rule lets pass unchecked.
var ErrNeverPasses = errors.New("no rule of --skip-verify lets it pass")

// skips are the rules for requests that are no webhooks, such as the redirect
// of OAuth: they go to the app unchecked. The zero value has none.
type skips struct {
	rules atomic.Pointer[[]httpwire.Pattern]
	mu    sync.Mutex // of changes
	told  map[string]bool
}

// all returns the rules; they do not change.
func (s *skips) all() []httpwire.Pattern {
	if rules := s.rules.Load(); rules != nil {
		return *rules
	}
	return nil
}

// add adds a rule and reports whether it is new.
func (s *skips) add(rule httpwire.Pattern) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	rules := s.all()
	if slices.ContainsFunc(rules, func(r httpwire.Pattern) bool { return r.String() == rule.String() }) {
		return false
	}
	rules = append(slices.Clone(rules), rule)
	s.rules.Store(&rules)
	return true
}

// maxTold bounds how many flags are logged: anybody can ask for any path.
const maxTold = 100

// untold reports, once for each flag, that it has not been logged.
func (s *skips) untold(flag string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told[flag] || len(s.told) >= maxTold {
		return false
	}
	if s.told == nil {
		s.told = map[string]bool{}
	}
	s.told[flag] = true
	return true
}

// webhookPaths are where webhooks come in, and where they go to: signatures are
// checked there, whatever the rules.
func (o *Options) webhookPaths() []string {
	asked := o.WebhookPath
	if asked == "" && len(o.Targets) > 0 {
		asked = o.Targets[0].Path()
	}
	if asked == "" {
		asked = webhook.GuidePath
	}
	paths := []string{asked}
	targets := slices.Clone(o.Targets)
	for _, r := range o.Routes {
		targets = append(targets, r.Target)
	}
	for _, t := range targets {
		if t.Path() != "" {
			paths = append(paths, t.Path())
		}
	}
	return paths
}

// CheckSkipVerify says that a rule of SkipVerify covers a path of webhooks, which
// must not go unchecked. New expects rules of which it says nothing.
func (o *Options) CheckSkipVerify(rule httpwire.Pattern) error {
	for _, path := range o.webhookPaths() {
		if rule.Covers(path) {
			return fmt.Errorf("it covers %s, where webhooks arrive: their signatures are always checked", path)
		}
	}
	return nil
}

// SkipVerify lists the rules for requests that pass unchecked.
func (p *Proxy) SkipVerify() []string {
	var all []string
	for _, rule := range p.skips.all() {
		all = append(all, rule.String())
	}
	return all
}

// SkipVerifyLike lets requests with the method and the path of a stored one pass
// unchecked from now on, and returns the rule that says so. The error wraps
// webhook.ErrNotFound, or ErrNeverPasses.
func (p *Proxy) SkipVerifyLike(ctx context.Context, id webhook.ID) (string, error) {
	e, err := p.opts.Store.Event(ctx, id)
	if err != nil {
		return "", err
	}
	rule, why := p.skipRule(&e)
	if why != "" {
		return "", fmt.Errorf("%s: %w: %s", id, ErrNeverPasses, why)
	}
	if p.skips.add(rule) {
		p.opts.Changed()
	}
	return rule.String(), nil
}

// skipRule is the rule that lets exactly such requests pass, or why there is none.
func (p *Proxy) skipRule(e *webhook.Event) (rule httpwire.Pattern, why string) {
	if why := disguise(e, e.BodySize != 0); why != "" {
		return rule, why
	}
	rule, ok := httpwire.ExactPattern(e.Method, e.Path)
	if !ok {
		return rule, "servers may read its path in different ways"
	}
	if err := p.opts.CheckSkipVerify(rule); err != nil {
		return rule, err.Error()
	}
	return rule, ""
}

// adviseSkip names the flag that lets such a rejected request pass, unless there
// is none or the request looks like a webhook: to its sender, who may be a person
// at a browser, in the event and in the log.
func (p *Proxy) adviseSkip(e *webhook.Event, m *message) {
	if e.Verdict.Status != webhook.Unsigned || e.Type != "" && !readsOnly(e.Method) {
		return
	}
	rule, why := p.skipRule(e)
	if why != "" {
		return
	}
	flag := "--skip-verify " + format.ShellQuote(rule.String())
	e.Verdict.Next = fmt.Sprintf("if it is no webhook, let it pass: taskhook listen %s %s", p.target().Short(), flag)
	if readsOnly(e.Method) {
		m.Next = e.Verdict.Next
	} else {
		m.Next += "; " + e.Verdict.Next
	}
	if p.skips.untold(flag) {
		p.logger.Info("rejected a request without a signature; if it is no webhook, let it pass", "flag", flag)
	}
}

// decidePassed finds out by the head of a request whether it is one that passes
// unchecked, and says so in the event.
func (p *Proxy) decidePassed(e *webhook.Event, r *http.Request) {
	rules := p.skips.all()
	unchecked := p.opts.Mode == ModeOff && readsOnly(e.Method)
	if len(rules) == 0 && !unchecked {
		return
	}
	fits := func(rule httpwire.Pattern) bool { return rule.Matches(e.Method, e.Path) }
	skipped := slices.ContainsFunc(rules, fits) &&
		!slices.ContainsFunc(p.webhookPaths, func(path string) bool { return httpwire.SamePath(path, e.Path) })
	if !skipped && !unchecked || disguise(e, r.ContentLength != 0) != "" {
		return
	}
	e.Decision = webhook.Passed
	if skipped {
		e.Verdict.Status = webhook.Skipped
	}
}

// forwardPassed sends a request that is no webhook to the app that gets what no
// route takes, at its own path: without faults, shield and retries.
func (p *Proxy) forwardPassed(w http.ResponseWriter, r *http.Request, e *webhook.Event) {
	if p.flight.stopping() {
		p.answerUnforwarded(w, r, e, stoppingMessage())
		return
	}
	app, t := p.router.rest, newTimeout(p.opts.Timeout)
	if !p.acquireSlot(w, r, e, app, t) {
		return
	}
	req := p.request(e, app, app.target.Root())
	p.conclude(w, r, e, p.attempt(p.flight.ctx, req, e, t, sender{w: w}))
}

// readsOnly reports whether a method is one of pages and redirects, and never of
// webhooks.
func readsOnly(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// overrides are the headers that make another request of this one, in
// applications that know them.
var overrides = map[string]bool{
	"X-Http-Method-Override": true, "X-Http-Method": true, "X-Method-Override": true,
	"X-Original-Url": true, "X-Rewrite-Url": true,
}

// disguise says why a request may be a webhook to the app though its method and
// path say otherwise; "" if nothing speaks for it.
func disguise(e *webhook.Event, body bool) string {
	if body && readsOnly(e.Method) {
		return "it has a body, as no " + e.Method + " needs one"
	}
	for name := range e.Header {
		// To many servers an underscore in a name is a dash.
		switch canonical := http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-")); {
		case canonical == taskee.HeaderRSA, canonical == taskee.HeaderEd25519:
			return "it has the signature header " + name
		case overrides[canonical]:
			return "its header " + name + " may make another request of it"
		}
	}
	if e.RawQuery != "" && namesMethod(e.RawQuery) {
		return "its query may make another request of it"
	}
	return ""
}

// namesMethod reports whether a query has a parameter that applications may read
// as _method: PHP takes some other characters in a name for an underscore.
func namesMethod(query string) bool {
	fields := strings.FieldsFunc(query, func(c rune) bool { return c == '&' || c == ';' })
	return slices.ContainsFunc(fields, func(field string) bool {
		name, _, _ := strings.Cut(field, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil {
			return false // it is something else, whoever reads it
		}
		plain = strings.TrimLeft(plain, " ")
		return len(plain) == len(methodField) && strings.ContainsAny(plain[:1], "_.[ ") && strings.EqualFold(plain[1:], methodField[1:])
	})
}

// methodField is the parameter that has the method of forms, which know but two.
const methodField = "_method"
