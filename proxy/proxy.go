// Package proxy receives webhooks: it has their signatures checked, stores them
// durably, forwards each of them to the app once, streams the app's answer back,
// and sends stored events again on demand.
//
// The platform does the retries of what is received, and only after a 429. So
// Taskhook makes exactly one attempt, and answers 429 whenever it cannot do its
// own work; it never answers 2xx for an event that is not stored.
package proxy

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/proxy/fault"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

// Store stores events and attempts. Its methods are safe for concurrent use.
type Store interface {
	// PutEvent is durable on return and assigns ID, RedeliveryOf, Try and
	// Altered. An Answer with a status is stored with the event.
	PutEvent(ctx context.Context, e *webhook.Event) error
	// PutAttempt is durable on return and assigns Seq, and Delivery if 0.
	PutAttempt(ctx context.Context, a *webhook.Attempt, answer *webhook.Answer) error
	// QueueAttempt returns at once and stores the attempt soon.
	QueueAttempt(a webhook.Attempt, answer webhook.Answer)
	// PutAnswer stores the answer to an event that was not forwarded.
	PutAnswer(ctx context.Context, id webhook.ID, answer webhook.Answer) error
	// Event returns an event with its headers and body, or an error that
	// wraps webhook.ErrNotFound.
	Event(ctx context.Context, id webhook.ID) (webhook.Event, error)
	// Summary returns what has become of an event.
	Summary(ctx context.Context, id webhook.ID) (webhook.Summary, error)
	// Attempts returns all attempts of an event in order.
	Attempts(ctx context.Context, id webhook.ID) ([]webhook.Attempt, error)
	// Reader selects events.
	webhook.Reader
}

// Verifier checks the signature of a body. It is called from many goroutines.
type Verifier interface {
	Verify(header http.Header, body []byte) webhook.Verdict
}

// What to do with an event whose signature is bad or missing.
const (
	ModeEnforce = "enforce" // store it, answer 401, do not forward it
	ModeWarn    = "warn"    // forward it, with its verdict
	ModeOff     = "off"     // do not check signatures
)

// Which Host header the app gets. Any other value is the header itself.
const (
	HostRewrite  = "rewrite"  // the target's
	HostPreserve = "preserve" // the one that was received
)

// Options tune a Proxy. Only Store is required; a zero value means what the
// comment says.
type Options struct {
	Store Store
	// Targets are where the apps are: events that no route takes go to the first,
	// as does such a resend that names no target. Without one, each resend needs a
	// target of its own.
	Targets []httpwire.Target
	Routes  []Route // the first one that takes an event decides who gets it
	Mode    string  // ModeEnforce, ModeWarn or ModeOff; "": enforce

	// SkipVerify has the rules for requests that are no webhooks: they go to the
	// first app at their own path, unchecked, see CheckSkipVerify.
	SkipVerify []httpwire.Pattern
	// WebhookPath is that of the webhook URL, percent-encoded; "": the first
	// target's own, or webhook.GuidePath.
	WebhookPath string

	Timeout        time.Duration // for the app's answer, with the wait for a connection; 0: 30 s
	AppWait        time.Duration // for an app nearby that is away, as while it is restarted; within Timeout; 0: none
	MaxBody        int64         // bytes of one request body; 0: 5 MiB
	MaxInFlight    int64         // bytes of all request bodies at a time; 0: 256 MiB
	MaxConnections int           // to each app at a time; 0: 50

	Host string // HostRewrite, HostPreserve or a name, which TLS asks for, too; "": rewrite
	// NoForwarded leaves out the X-Forwarded headers, those of the tunnel, too:
	// apps that check hosts trip over the public name in them.
	NoForwarded bool
	Header      http.Header // replaces the received headers of these canonical names
	Insecure    bool        // do not check the certificate of an https target
	// Via returns the proxy that leads to a URL, nil for none; nil: there never
	// is one. What is on loopback is always reached directly.
	Via func(*url.URL) (*url.URL, error)

	// Shield answers failures of every app with 429, see [Proxy.SetShield], and
	// Shielded those of the apps at these targets. Under it ShieldTimeout replaces
	// Timeout; 0: Timeout, but at most 10 s.
	Shield        bool
	Shielded      []httpwire.Target
	ShieldTimeout time.Duration

	// JQ runs the jq expressions of Routes and of the rules of Faults; nil: those
	// take nothing, and these never fire.
	JQ filter.JQ
	// PublicURL returns the URL by which the public reaches the loopback ingress,
	// "" if there is none; nil: there never is. It is called for what seems to come
	// from a web page.
	PublicURL func() string
	// Check checks a stored event against the keys that are trusted now; nil: its
	// verdict counts.
	Check func(webhook.Event) webhook.Verdict
	// Sign chooses the signature of what goes to the app. With SignDev that of
	// an event that was verified is replaced by the development key's; any other
	// value leaves it as it came.
	Sign webhook.Sign
	// Signer returns the development keys; nil: there are none. It is called
	// whenever something is signed with them, and may take seconds the first time.
	Signer func() (taskee.Signer, error)
	// Changed is called when Degraded, Shield or the rules of Faults have changed,
	// by any goroutine; it must return at once. nil: nothing is called.
	Changed func()
	Logger  *slog.Logger // nil: nothing is logged
}

// Proxy receives, forwards and resends events. All methods are safe for
// concurrent use. Close closes its connections to the app.
type Proxy struct {
	opts   Options
	policy retry.Policy
	nonce  string
	mark   string // of what this proxy has forwarded, in its Via header
	logger *slog.Logger

	bodyIdleTimeout time.Duration // of a pause within a body
	budget          budget        // for bodies in flight
	apps            []*App
	elsewhere       *App // has the connections to targets of no app
	router          router
	transport       transport
	unpacked        unpacker
	degraded        degradation
	flight          flight
	late            lateAnswers
	announced       announced
	faults          fault.Table
	skips           skips
	webhookPaths    []string // where nothing is skipped
	running         simulations
	batching        atomic.Bool
	unreadable      flood
}

// The defaults of Options.
const (
	defaultTimeout         = 30 * time.Second
	defaultMaxBody         = 5 << 20
	defaultMaxInFlight     = 256 << 20
	defaultMaxConnections  = 50
	defaultBodyIdleTimeout = 30 * time.Second
	defaultShieldTimeout   = 10 * time.Second
)

// New returns a Proxy that is ready for requests. It starts nothing. Close ends
// what requests start.
func New(o Options) *Proxy {
	setDefault(&o.Mode, ModeEnforce)
	setDefault(&o.Timeout, defaultTimeout)
	setDefault(&o.MaxBody, defaultMaxBody)
	setDefault(&o.MaxInFlight, defaultMaxInFlight)
	setDefault(&o.MaxConnections, defaultMaxConnections)
	setDefault(&o.Host, HostRewrite)
	setDefault(&o.ShieldTimeout, min(o.Timeout, defaultShieldTimeout))
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.PublicURL == nil {
		o.PublicURL = func() string { return "" }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Proxy{
		opts: o, policy: taskee.Policy(), nonce: rand.Text(), logger: o.Logger,
		mark:            "taskhook-" + strings.ToLower(rand.Text()[:10]),
		bodyIdleTimeout: defaultBodyIdleTimeout,
	}
	p.webhookPaths = o.webhookPaths()
	for _, rule := range o.SkipVerify {
		p.skips.add(rule)
	}
	p.budget.total = o.MaxInFlight
	d := &p.transport.pool.dialer
	d.insecure, d.serverName, d.via = o.Insecure, nameOf(o.Host), o.Via
	p.setApps()
	p.degraded.logger, p.degraded.changed = p.logger, o.Changed
	p.faults.Changed, p.faults.JQ = o.Changed, o.JQ
	p.flight.init()
	p.late.init()
	p.transport.pool.stopping = p.flight.draining
	return p
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Degraded says why the proxy answers 429 to events, "" if it does not.
func (p *Proxy) Degraded() string { return p.degraded.reason() }

// Mode is what is done about a signature that is bad or missing.
func (p *Proxy) Mode() string { return p.opts.Mode }

// InFlight returns the number of requests and resends in progress.
func (p *Proxy) InFlight() int { return p.flight.active() }
