package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/listener"
	"github.com/taskhook/taskhook/webhook"
)

// backend is what commands ask about events: the running listener when there
// is one, else the store itself.
type backend struct {
	control.Backend
	own   *listener.Stored // the store that this process has opened; nil: a listener answers
	close func() error
}

// running reports whether a listener answers.
func (b *backend) running() bool { return b.own == nil }

// access says what a command will do with the store.
type access int

const (
	reads access = iota
	writes
	creates // writes, and makes the store if there is none
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
		return nil, a.openError(err)
	}
	return a.openStored(dir, acc)
}

// receiving describes the running listener of a data directory. The error is
// [control.ErrNoListener] if none receives.
func receiving(ctx context.Context, dir string) (webhook.Listener, error) {
	client, err := control.Dial(dir)
	if err != nil {
		return webhook.Listener{}, err
	}
	defer func() { _ = client.Close() }()
	l, err := client.Listener(ctx)
	if err == nil && l.Local == "" {
		err = control.ErrNoListener // it only shows stored events
	}
	return l, err
}

// withBackend calls do with a backend that is closed afterwards.
func (a *app) withBackend(cmd *cobra.Command, acc access, do func(*backend) error) error {
	b, err := a.openBackend(cmd.Context(), acc)
	if err != nil {
		return err
	}
	err = errors.Join(do(b), b.close())
	if err == nil && a.damaged {
		err = errLeftOut()
	}
	return err
}

// noStore says, where there is no store yet, what to begin with.
func (a *app) noStore(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		err = withHint(fmt.Errorf("project %q has no events yet", a.projectName()), "start with: taskhook listen 3000")
	}
	return err
}

// openStored opens the project's store.
func (a *app) openStored(dir string, acc access) (*backend, error) {
	s, err := listener.OpenStored(listener.StoredOptions{
		Dir: dir, Project: a.projectName(), Version: version(), ReadOnly: acc == reads, Create: acc == creates,
		Signer: a.signing(dir), Via: a.via(),
	})
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, a.noStore(err)
	case err != nil:
		return nil, a.openError(err)
	}
	if aside := s.SetAside(); aside != "" {
		a.warn("%s", aside)
	}
	return &backend{Backend: s, own: s, close: s.Close}, nil
}
