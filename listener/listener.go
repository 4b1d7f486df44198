// Package listener is one running listener: it opens a project's store, an
// ingress on loopback, the tunnel and the control socket, forwards what comes
// in, and probes the apps. `taskhook listen`, the demo and tests run the same
// one; who shows it, and how, it does not know.
//
// Whatever changes is told at once through [Listener.Watch]. A listener that
// has nothing to do sleeps until its next probe.
package listener

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/proxy/fault"
	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/tunnel"
	"github.com/taskhook/taskhook/verify"
	"github.com/taskhook/taskhook/webhook"
)

// How long each part of an orderly end may take.
const (
	drainTime = 5 * time.Second
	flushTime = 2 * time.Second
)

// Options say what a listener receives on, where events go, and what is kept.
// Dir is required; a zero value elsewhere means what the comment says.
type Options struct {
	Dir     string // the project's data directory; it is made if there is none
	Project string // the name that people know the project by
	Version string // of the program

	// Addr is the address of the loopback ingress; "": any free port.
	Addr string
	// NextPort takes the next free port where that of Addr is in use.
	NextPort bool
	// Tunnel says how ngrok is reached; nil: there is no tunnel. Version,
	// Changed and Logger are the listener's.
	Tunnel *tunnel.Options
	// PublicURL is the URL of what leads here instead of the tunnel's own.
	PublicURL string
	// Path is that of the webhook URL, percent-encoded and with a slash in
	// front; "": the target's own, or /webhooks.
	Path string

	Trusted []verify.Key // keys of the platform; nil: those that are built in
	Faults  []fault.Rule // rules that inject faults from the beginning

	// Proxy says where the apps are and how they are treated. Store, Check,
	// PublicURL, WebhookPath, Changed and Logger are the listener's.
	Proxy proxy.Options
	// Store says how much is kept. ReadOnly and Logger are the listener's.
	Store store.Options

	// Notify hears what a person should know, from any goroutine; it must
	// return soon. nil: that is only logged.
	Notify func(Notice)
}

// Listener is a running listener; [Open] makes one. Its methods are safe for
// concurrent use.
type Listener struct {
	*Stored
	opts    Options
	started time.Time
	logger  *slog.Logger
	local   string                        // URL of the loopback ingress
	start   webhook.Position              // where the store stood before the first request
	tunnel  atomic.Pointer[tunnel.Tunnel] // nil: none, or not yet

	logFile   *os.File
	ingresses []*proxy.Server
	stopShare func()

	tasks sync.WaitGroup
	// life is the tasks' context: it ends with Close, or when a server ends by
	// itself, with that as its cause. No single call owns it.
	life context.Context
	end  context.CancelCauseFunc

	offered atomic.Bool // failed events were offered to be resent

	trafficChanged signal // rules, shield
	tunnelChanged  signal
	urlChanged     signal

	closing  sync.Once
	closeErr error

	mu         sync.Mutex
	reach      string                // what the last call to the public URL found
	resendable int                   // events that a resend of all failed ones would send
	besides    map[*proxy.App]string // who else answers to the name of an app
}

// Open opens everything and returns a listener that receives. What it opened
// is closed again when it returns an error: one that wraps [ErrDirectory], a
// *[PortError], a *[LoopError], an error of [store.Open], or a *[tunnel.Error].
// The caller owes a Close.
func Open(ctx context.Context, o Options) (*Listener, error) {
	l := &Listener{opts: o, started: time.Now(), trafficChanged: newSignal(), tunnelChanged: newSignal(), urlChanged: newSignal(), besides: map[*proxy.App]string{}}
	if l.opts.Notify == nil {
		l.opts.Notify = func(Notice) {}
	}
	l.life, l.end = context.WithCancelCause(context.WithoutCancel(ctx))
	if err := l.open(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Listener) open(ctx context.Context) error {
	if err := l.openStored(); err != nil {
		return err
	}
	ln, err := l.listenLoopback(ctx)
	if err != nil {
		return err
	}
	if err := l.checkLoop(ln.Addr()); err != nil {
		return errors.Join(err, ln.Close())
	}
	l.local = "http://" + ln.Addr().String()
	// Whoever reads the lines of this run sees all that it receives, from the
	// first request on.
	page, err := webhook.ReadPage(ctx, l, webhook.Query{Limit: 1})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	l.start = page.Position
	l.receive(ln, webhook.SourceLocal)
	if l.stopShare, err = l.share(l, l.logger, l.end); err != nil {
		return err
	}
	l.probeAll(ctx)
	if err := l.openTunnel(ctx); err != nil {
		return err
	}
	return l.rememberApps(ctx)
}

// openStored opens the log, the store and the proxy on it.
func (l *Listener) openStored() error {
	file, err := openLog(l.opts.Dir)
	if err != nil {
		return err
	}
	l.logFile = file
	l.logger = newLogger(file, l.opts.Notify)
	o := l.opts.Store
	o.ReadOnly, o.Logger = false, l.logger
	p := l.opts.Proxy
	p.WebhookPath = l.opts.Path
	p.Changed, p.Logger, p.PublicURL = l.proxyChanged, l.logger, l.publicURL
	l.Stored, err = openStored(l.opts.Dir, l.opts.Trusted, o, &p)
	if err != nil {
		return err
	}
	for _, rule := range l.opts.Faults {
		l.proxy.Faults().Add(rule)
	}
	if aside := l.SetAside(); aside != "" {
		l.warn("%s", aside)
	}
	if n := l.Interrupted(); n > 0 {
		l.warn("%s interrupted when taskhook last ended: outcome unknown; see: taskhook events list --state interrupted", format.Plural(n, "event was", "events were"))
	}
	return nil
}

// receive serves an ingress: what is received there comes from source.
func (l *Listener) receive(ln net.Listener, source webhook.Source) {
	l.ingresses = append(l.ingresses, l.proxy.Serve(ln, source, l.keys.verifier(source), l.end))
}

// openTunnel opens ngrok, when asked for, and serves what comes through it.
func (l *Listener) openTunnel(ctx context.Context) error {
	if l.opts.Tunnel == nil {
		return nil
	}
	o := *l.opts.Tunnel
	o.Version, o.Changed, o.Logger = l.opts.Version, l.tunnelStatusChanged, l.logger
	t, err := tunnel.Open(ctx, o)
	if err != nil {
		return fmt.Errorf("open the tunnel: %w", err)
	}
	l.tunnel.Store(t)
	l.changed()
	l.receive(t.Listener(), webhook.SourceTunnel)
	return nil
}

// Run watches over the apps, the public URL and the fault rules until ctx
// ends; then it lets what is in progress end and stores it, and returns nil.
// A server that ends by itself ends Run, too, with an error.
func (l *Listener) Run(ctx context.Context) error {
	l.logger.Info("listening", "local", l.local, "public", l.publicURL(), "target", format.MaskURLs(l.target().String()), "verify", l.proxy.Mode())
	for _, app := range l.proxy.Apps() {
		l.tasks.Go(func() { l.watchApp(l.life, app) })
	}
	l.tasks.Go(func() { l.followTunnel(l.life) })
	l.tasks.Go(func() { l.followURL(l.life) })
	l.tasks.Go(func() { l.followTraffic(l.life) })
	l.tasks.Go(func() { l.followFailed(l.life) })
	select {
	case <-ctx.Done():
	case <-l.life.Done():
	}
	l.finish()
	if cause := context.Cause(l.life); cause != nil && !errors.Is(cause, errClosed) {
		return cause
	}
	return nil
}

// errClosed is the cause of the end of what Close ended.
var errClosed = errors.New("the listener is closed")

// finish lets what is in progress end, and stores it.
func (l *Listener) finish() {
	err := l.drain()
	if err = errors.Join(err, within(flushTime, l.Flush)); err != nil {
		l.logger.Error("not all could be stored before the end", "error", err)
	}
}

// drain lets what is in progress end, and says what is waited for. The
// ingresses go on meanwhile: what arrives is answered 429, and the platform
// sends it again. A closed tunnel would lose it.
func (l *Listener) drain() error {
	l.proxy.Drain()
	if n := l.proxy.InFlight(); n > 0 {
		l.tell("stopping: %s in progress, up to %s; interrupt again to end at once", format.Plural(n, "request is", "requests are"), format.Duration(drainTime))
	}
	return within(drainTime, l.proxy.Close)
}

// Close ends the listener and everything that it started: what is in progress,
// the ingresses, the tunnel, the control socket, the store. It waits for all of
// them, may be called again, and returns what the first call returned.
func (l *Listener) Close() error {
	l.closing.Do(func() { l.closeErr = l.close() })
	return l.closeErr
}

// close passes over what never was opened.
func (l *Listener) close() error {
	var errs []error
	if l.Stored != nil {
		errs = append(errs, l.drain())
	}
	for _, s := range l.ingresses {
		s.Close()
	}
	if t := l.tunnel.Load(); t != nil {
		errs = append(errs, t.Close())
	}
	if l.stopShare != nil {
		l.stopShare()
	}
	l.end(errClosed)
	l.tasks.Wait()
	if l.Stored != nil {
		errs = append(errs, l.Stored.Close())
	}
	if l.logFile != nil {
		errs = append(errs, l.logFile.Close())
	}
	return errors.Join(errs...)
}

// within gives a part of the end its time.
func within(limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return do(ctx)
}

// signal says that something has changed; several that nobody has heard are
// one.
type signal chan struct{}

func newSignal() signal { return make(signal, 1) }

// raise never blocks.
func (s signal) raise() {
	select {
	case s <- struct{}{}:
	default:
	}
}

// wait returns when it is raised, and at a time unless that is zero. false:
// ctx has ended.
func (s signal) wait(ctx context.Context, until time.Time) bool {
	var due <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case <-ctx.Done():
		return false
	case <-s:
	case <-due:
	}
	return true
}
