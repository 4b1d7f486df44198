package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/verify"
	"github.com/taskhook/taskhook/webhook"
)

// backend is what commands ask about events: the running listener when there
// is one, else the store itself.
type backend struct {
	control.Backend
	own   control.Source // the store that this process has opened; nil: a listener answers
	close func() error
}

// running reports whether a listener answers.
func (b *backend) running() bool { return b.own == nil }

// access says what a command will do with the store.
type access int

const (
	reads access = iota
	writes
)

// openBackend asks the project's running listener, or opens the store when
// none runs. The caller closes it.
func (a *app) openBackend(ctx context.Context, acc access) (*backend, error) {
	dir, err := a.directory()
	if err != nil {
		return nil, err
	}
	client, err := control.Dial(dir)
	if err == nil {
		if _, err = client.Listener(ctx); err == nil {
			return &backend{Backend: client, close: client.Close}, nil
		}
		_ = client.Close()
	}
	if !errors.Is(err, control.ErrNoListener) {
		return nil, err
	}
	return a.openLocal(dir, acc)
}

func (a *app) openLocal(dir string, acc access) (*backend, error) {
	if _, err := os.Stat(filepath.Join(dir, storeFile)); errors.Is(err, fs.ErrNotExist) {
		return nil, withHint(fmt.Errorf("project %q has no events yet", a.projectName()), "start with: taskhook listen 3000")
	}
	st, err := openStore(dir, store.Options{ReadOnly: acc == reads, LockTimeout: time.Second})
	if err != nil {
		return nil, a.openStoreError(err)
	}
	if aside := st.SetAside(); aside != "" {
		a.warn("%s", aside)
	}
	last, err := st.Setting(settingTarget)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	trusted, err := verify.PlatformKeys()
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	l := &local{Store: st, describe: func() webhook.Listener {
		return webhook.Listener{Version: version(), Project: a.projectName(), Target: last}
	}, diagnose: diagnoseWith(dir, trusted), dir: dir}
	closeAll := st.Close
	if acc == writes {
		if l.proxy, err = a.resendProxy(dir, st, last, l.diagnose); err != nil {
			return nil, errors.Join(err, st.Close())
		}
		closeAll = func() error {
			ctx, cancel := context.WithTimeout(context.Background(), drainTime)
			defer cancel()
			return errors.Join(l.proxy.Close(ctx), st.Close())
		}
	}
	return &backend{Backend: l, own: l, close: closeAll}, nil
}

// resendProxy sends stored events when no listener runs: to the last
// listener's target, unless a command names another.
func (a *app) resendProxy(dir string, st *store.Store, last string, diagnose func(webhook.Event) webhook.Diagnosis) (*proxy.Proxy, error) {
	o := proxy.Options{
		Store: st, Signer: func() (taskee.Signer, error) { return a.devSigner(dir) },
		Check: func(e webhook.Event) webhook.Verdict { return diagnose(e).Verdict },
	}
	if last != "" {
		target, err := httpwire.ParseTarget(last)
		if err != nil {
			return nil, fmt.Errorf("the last listener's target: %w", err)
		}
		o.Targets = []httpwire.Target{target}
	}
	return proxy.New(o), nil
}

// openStore opens the project's store in a directory.
func openStore(dir string, o store.Options) (*store.Store, error) {
	return store.Open(filepath.Join(dir, storeFile), o)
}
