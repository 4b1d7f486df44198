package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/inspector"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/tunnel"
	"github.com/taskhook/taskhook/verify"
	"github.com/taskhook/taskhook/webhook"
)

// How long each part of an orderly end may take.
const (
	drainTime   = 5 * time.Second
	flushTime   = 2 * time.Second
	startProbe  = time.Second
	probeEvery  = 15 * time.Second
	probeIfDown = 5 * time.Second
)

// session is one running listener. openSession returns it serving; close ends
// it.
type session struct {
	app     *app
	opts    *listenOptions
	dir     string
	started time.Time

	logFile *os.File
	logger  *slog.Logger
	store   *store.Store
	proxy   *proxy.Proxy
	feed    *local
	local   string           // URL of the loopback ingress
	from    webhook.Position // where the store stood before the first request
	tunnel  *tunnel.Tunnel

	servers []*http.Server
	tasks   sync.WaitGroup
	// life is the tasks' context: it ends with close, or when a server ends by
	// itself, with that as its cause. No single call owns it.
	life context.Context
	end  context.CancelCauseFunc

	mu     sync.Mutex
	health webhook.Health
	reach  string
	// resendable is how many events were failed when the app last came back.
	resendable int
}

// gcPercent lets the heap of a listener grow further before it is collected
// than Go does by itself: it is small, and collecting 4 MB over and over costs
// a tenth of the requests. Under load it stays below 30 MB.
const gcPercent = 400

// openSession opens the store, the ingresses, the socket and the tunnel. What
// it opened is closed again when it returns an error.
func (a *app) openSession(ctx context.Context, o *listenOptions) (*session, error) {
	dir, err := a.directory()
	if err != nil {
		return nil, err
	}
	if a.env("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	s := &session{app: a, opts: o, dir: dir, started: time.Now()}
	s.life, s.end = context.WithCancelCause(context.WithoutCancel(ctx))
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *session) open(ctx context.Context) error {
	if err := s.openStore(); err != nil {
		return err
	}
	ln, err := listenLoopback(ctx, s.opts.addr, s.opts.allowRemote)
	if err != nil {
		return err
	}
	s.local = "http://" + ln.Addr().String()
	trusted := s.opts.keys
	if trusted == nil {
		if trusted, err = verify.PlatformKeys(); err != nil {
			return errors.Join(err, ln.Close())
		}
	}
	s.proxy = proxy.New(s.proxyOptions())
	for _, rule := range s.opts.traffic.rules {
		s.proxy.Faults().Add(rule)
	}
	s.feed = &local{
		Store: s.store, proxy: s.proxy, describe: s.describe, diagnose: diagnoseWith(s.dir, trusted), dir: s.dir,
		afterBatch: func() { s.countFailed(s.life) },
	}
	// Whoever reads the lines of this run sees all that it receives, from the
	// first request on.
	page, err := webhook.ReadPage(ctx, s.store, webhook.Query{Limit: 1})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	s.from = page.Position
	s.serve(ln, s.proxy.Handler(webhook.SourceLocal, newDevVerifier(s.dir, trusted, devTrusted)))
	if err := s.openControl(); err != nil {
		return err
	}
	s.probeTarget(ctx)
	s.tasks.Go(func() { s.watchTarget(s.life) })
	if err := s.openTunnel(ctx, trusted); err != nil {
		return err
	}
	return s.store.SetSetting(ctx, settingTarget, s.opts.target.String())
}

// Settings kept in the store.
const (
	settingTarget = "target"     // the last listener's target
	settingURL    = "public-url" // the last listener's public URL
)

func (s *session) openStore() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return withHint(fmt.Errorf("make the data directory: %w", err), "choose another with --data-dir DIR")
	}
	f, err := openLog(s.dir)
	if err != nil {
		return withHint(fmt.Errorf("open the log: %w", err), "choose another data directory with --data-dir DIR")
	}
	s.logFile = f
	say := func(text string) { s.app.warn("%s", text) }
	if s.opts.output.value == "screen" {
		say = nil
	}
	s.logger = newLogger(f, say)
	s.store, err = openStore(s.dir, store.Options{
		Keep:       time.Duration(s.opts.keep),
		KeepEvents: s.opts.keepEvents,
		KeepBytes:  int64(s.opts.keepBytes),
		Logger:     s.logger,
	})
	if err != nil {
		return s.app.openStoreError(err)
	}
	if aside := s.store.SetAside(); aside != "" {
		s.app.warn("%s", aside)
	}
	if n := s.store.Interrupted(); n > 0 {
		s.app.warn("%s interrupted when taskhook last ended: outcome unknown; see: taskhook events list --state interrupted", format.Plural(n, "event was", "events were"))
	}
	return nil
}

func (s *session) proxyOptions() proxy.Options {
	return proxy.Options{
		Store:          s.store,
		Targets:        []httpwire.Target{s.opts.target},
		Mode:           s.opts.verify.value,
		Timeout:        s.opts.timeout,
		MaxBody:        int64(s.opts.maxBody),
		MaxConnections: s.opts.maxConns,
		Host:           s.opts.host,
		Header:         s.opts.header,
		Insecure:       s.opts.insecure,
		Shield:         s.opts.traffic.shield,
		ShieldTimeout:  s.opts.shieldTimeout,
		Check:          s.check,
		Signer:         func() (taskee.Signer, error) { return s.app.devSigner(s.dir) },
		Logger:         s.logger,
	}
}

func (s *session) openControl() error {
	ln, err := control.Listen(s.dir)
	if err != nil {
		return fmt.Errorf("open the control socket: %w", err)
	}
	s.serve(ln, control.Handler(s.feed))
	return nil
}

// serve serves a listener until close; an end before that ends the session.
func (s *session) serve(ln net.Listener, h http.Handler) {
	srv := proxy.NewServer(h, s.logger)
	s.servers = append(s.servers, srv)
	s.tasks.Go(func() {
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			s.end(fmt.Errorf("the server on %s ended: %w", ln.Addr(), err))
		}
	})
}

// run shows events until ctx ends, the person leaves the screen, or a server
// ends by itself.
func (s *session) run(ctx context.Context) error {
	// From here on the next signal ends the program at once.
	defer s.app.releaseSignals()
	if err := s.banner(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	s.logger.Info("listening", "local", s.local, "public", s.publicURL(), "target", s.opts.target.String(), "verify", s.opts.verify.value)
	s.tasks.Go(func() { s.followURL(s.life) })
	s.tasks.Go(func() { s.watchTraffic(s.life) })
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	err := s.showAll(ctx)
	switch {
	case errors.Is(err, context.Canceled):
		err = nil
	case errors.Is(err, syscall.EPIPE):
		s.app.note("nobody reads the output any more: stopping")
	}
	return errors.Join(err, context.Cause(s.life), s.nameRetrying())
}

// showAll renders the feed until ctx ends. A screen then closes at once; lines
// go on until what was in progress has ended, so that they tell all of it.
func (s *session) showAll(ctx context.Context) error {
	if s.opts.output.value == "screen" {
		return s.show(ctx)
	}
	lines, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	s.tasks.Go(func() {
		select {
		case <-ctx.Done():
			s.settle()
			end()
		case <-lines.Done():
		}
	})
	return s.show(lines)
}

// settle lets what is in progress end, and stores it.
func (s *session) settle() {
	err := s.drain()
	if err = errors.Join(err, within(flushTime, s.store.Flush)); err != nil {
		s.logger.Error("not all could be stored before the end", "error", err)
	}
}

// drain lets what is in progress end, and says what is waited for.
func (s *session) drain() error {
	s.proxy.Drain()
	if n := s.proxy.InFlight(); n > 0 {
		s.app.note("stopping: %s in progress, up to %s; interrupt again to end at once",
			format.Plural(n, "request is", "requests are"), drainTime)
	}
	return within(drainTime, s.proxy.Close)
}

// within gives a part of the end its time.
func within(limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return do(ctx)
}

// show renders the feed until ctx ends or the person has seen enough.
func (s *session) show(ctx context.Context) error {
	out, policy := s.app.stdout, taskee.Policy()
	switch s.opts.output.value {
	case "screen":
		return s.app.showScreen(ctx, s.feed, s.dir, s.logger)
	case "json":
		return inspector.JSONLines(ctx, out, s.feed, s.from)
	case "plain":
		return inspector.Plain(ctx, out, s.feed, inspector.PlainOptions{Color: s.app.colorful(out), Policy: policy, From: &s.from})
	}
	<-ctx.Done()
	return nil
}

// close ends the session: proxy, servers, tunnel, tasks, store. What never was
// opened is passed over.
func (s *session) close() error {
	var errs []error
	if s.proxy != nil {
		// The servers go on meanwhile: what arrives now is answered 429, and
		// the platform sends it again. A closed tunnel would lose it.
		errs = append(errs, s.drain())
	}
	for _, srv := range s.servers {
		if within(flushTime, srv.Shutdown) != nil {
			_ = srv.Close()
		}
	}
	if s.tunnel != nil {
		errs = append(errs, s.tunnel.Close())
	}
	s.end(nil)
	s.tasks.Wait()
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	if s.logFile != nil {
		errs = append(errs, s.logFile.Close())
	}
	return errors.Join(errs...)
}
