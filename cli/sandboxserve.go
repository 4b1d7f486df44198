package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/taskhook/taskhook/files"
	"github.com/taskhook/taskhook/listener"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/sandbox"
	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/taskee"
)

// serveSandbox runs a sandbox until ctx ends.
func (a *app) serveSandbox(ctx context.Context, o *sandboxOptions) error {
	pair, err := a.devPair()
	if err != nil {
		return err
	}
	dir := pair.dir
	logger, log, err := listener.OpenLog(dir, a.notify)
	if err != nil {
		return a.openError(err)
	}
	defer func() { _ = log.Close() }()
	path := filepath.Join(dir, sandboxDB)
	if o.memory {
		path = ""
	}
	restore, err := a.claimSandbox(ctx, dir, o.memory)
	if err != nil {
		return err
	}
	defer restore()
	o.Signer, o.Scheme, o.Shape = pair.signer, o.scheme.value, taskee.Shape(o.shape.value)
	o.Target, o.Logger = a.webhookTarget(dir, o.webhookURL), logger
	a.tellSchedules(dir, &o.Options)
	s, err := sandbox.Open(ctx, path, o.Options)
	if err != nil {
		return a.openSandboxError(err, o)
	}
	if aside := s.SetAside(); aside != "" {
		a.warn("%s", aside)
	}
	return errors.Join(a.runSandbox(ctx, s, dir, o), s.Close())
}

// openSandboxError says in words why the project's sandbox could not be opened.
func (a *app) openSandboxError(err error, o *sandboxOptions) error {
	var locked *store.LockedError
	switch {
	case errors.As(err, &locked):
		return a.alreadyRunning("")
	case errors.Is(err, files.ErrShared):
		return withHint(err, sharedHint)
	case errors.Is(err, sandbox.ErrNewerSchema):
		return withHint(err, "update taskhook, or use another project with --project NAME")
	case o.Fixtures != nil:
		return withHint(err, "correct "+o.fixtures)
	}
	return err
}

// alreadyRunning is the error of a second sandbox of the project; where is ""
// if the address of the first is not known.
func (a *app) alreadyRunning(where string) error {
	if where != "" {
		where = " at " + where
	}
	return withHint(fmt.Errorf("a sandbox of project %q is already running%s", a.projectName(), where),
		"use it: taskhook contacts list; or use another project with --project NAME")
}

// claimSandbox fails if a sandbox of the project is running. A sandbox that
// stores nothing writes its address all the same: restore undoes that.
func (a *app) claimSandbox(ctx context.Context, dir string, memory bool) (restore func(), err error) {
	path := filepath.Join(dir, sandboxFile)
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if st, err := readSandboxState(dir); err == nil && st.API != "" {
		if a.askSandbox(ctx, http.MethodGet, "tokens", nil, nil) == nil {
			return nil, a.alreadyRunning(st.API)
		}
	}
	if !memory {
		return func() {}, nil
	}
	return func() {
		if before == nil {
			_ = os.Remove(path)
			return
		}
		_ = files.Write(path, before, 0o600)
	}, nil
}

// runSandbox serves an open sandbox.
func (a *app) runSandbox(ctx context.Context, s *sandbox.Sandbox, dir string, o *sandboxOptions) error {
	ln, err := listener.ListenLoopback(ctx, o.addr)
	if err != nil {
		return a.openError(err)
	}
	st, err := a.sandboxReady(ctx, s, dir, "http://"+ln.Addr().String())
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	srv := proxy.Serve(ln, s.Handler(sandbox.HandlerOptions{Secret: st.Secret, AllowRemote: o.allowRemote}), nil, stop)
	var tasks sync.WaitGroup
	tasks.Go(func() {
		if err := s.Run(ctx); err != nil {
			stop(fmt.Errorf("webhooks cannot be delivered: %w", err))
		}
	})
	err = a.sandboxBanner(s, dir, st, o)
	if err == nil {
		<-ctx.Done()
		if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
			err = cause
		}
	}
	a.releaseSignals()
	stop(nil)
	srv.Close()
	tasks.Wait()
	st.API = "" // the next run uses token and secret again
	return errors.Join(err, writeSandboxState(dir, st))
}

// sandboxReady makes the start token if there is none that works, and writes
// the files that other commands find the sandbox by.
func (a *app) sandboxReady(ctx context.Context, s *sandbox.Sandbox, dir, api string) (sandboxState, error) {
	st, err := readSandboxState(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		a.warn("%s is written again: %v", sandboxFile, err)
	}
	if st.LocationID, err = s.StartLocation(); err != nil {
		return st, err
	}
	if st.Token == "" || !s.Works(st.Token) {
		_, text, err := s.CreateToken(ctx, sandbox.TokenRequest{
			Name: new("start"), Description: new("made with the sandbox"), Scopes: taskee.Scopes(), LocationID: st.LocationID,
		})
		if err != nil {
			return st, fmt.Errorf("make the start token: %w", err)
		}
		st.Token = text
	}
	if st.Secret == "" {
		st.Secret = rand.Text() + rand.Text()
	}
	st.API = api
	keys, err := s.PublicKeys()
	if err != nil {
		return st, err
	}
	return st, errors.Join(writeSandboxKeys(dir, keys), writeSandboxState(dir, st))
}

// writeSandboxKeys writes the public keys of what webhooks are signed with.
func writeSandboxKeys(dir string, keys map[string][]byte) error {
	return errors.Join(
		files.Write(filepath.Join(dir, listener.SandboxRSAFile), keys[taskee.SchemeRSA], 0o644),
		files.Write(filepath.Join(dir, listener.SandboxEd25519File), keys[taskee.SchemeEd25519], 0o644),
	)
}

// sandboxBanner prints where everything is.
func (a *app) sandboxBanner(s *sandbox.Sandbox, dir string, st sandboxState, o *sandboxOptions) error {
	url := a.webhookTarget(dir, o.webhookURL)()
	logs := st.API + sandbox.LogsPath
	if a.json {
		type keys struct {
			RSA     string `json:"rsa"`
			Ed25519 string `json:"ed25519"`
		}
		return printLine(a.stdout, "ready", struct {
			API        string `json:"api"`
			Token      string `json:"token"`
			LocationID string `json:"locationId"`
			PublicKeys keys   `json:"publicKeys"`
			WebhookURL string `json:"webhookUrl"`
			Logs       string `json:"logs"`
		}{st.API, st.Token, st.LocationID, keys{filepath.Join(dir, listener.SandboxRSAFile), filepath.Join(dir, listener.SandboxEd25519File)}, url, logs})
	}
	if url == "" {
		url = "to the project's listener, as soon as it runs: taskhook listen 3000"
	}
	_, err := fmt.Fprintf(a.stdout, "taskhook sandbox\n\n  api       %s\n  token     %s\n  location  %s\n  webhooks  %s\n  logs      %s\n  keys      %s\n\n"+
		"Try:  taskhook contacts list\n      taskhook sandbox trigger ContactCreate\n\n", st.API, st.Token, st.LocationID, url, logs, filepath.Join(dir, listener.SandboxRSAFile))
	all, listErr := s.Tokens()
	for _, t := range all {
		if t.Overdue {
			a.warn("the token of %q is older than 90 days: taskhook sandbox tokens rotate %s", t.Name, t.ID)
		}
	}
	return errors.Join(err, listErr)
}

const (
	listenerMaxAge  = 250 * time.Millisecond // how long the listener's address is trusted
	listenerTimeout = time.Second            // how long the listener may take to say it
)

// webhookTarget returns where webhooks go: to url, or if that is "" to the
// project's running listener; "" while there is none.
func (a *app) webhookTarget(dir, url string) func() string {
	if url != "" {
		return func() string { return url }
	}
	var (
		mu    sync.Mutex
		last  string
		asked time.Time
	)
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		if last != "" && time.Since(asked) < listenerMaxAge {
			return last
		}
		last, asked = "", time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), listenerTimeout)
		defer cancel()
		if l, err := receiving(ctx, dir); err == nil {
			last = l.LocalWebhookURL()
		}
		return last
	}
}
