package cli

import (
	"context"
	"errors"
	"fmt"

	"taskhook/proxy"
	"taskhook/store"
	"taskhook/webhook"
)

// local answers the screen, the socket and the commands from a store that is
// open in this process.
type local struct {
	*store.Store
	proxy    *proxy.Proxy
	describe func() webhook.Listener
}

// Listener describes this process as a listener.
func (l *local) Listener(ctx context.Context) (webhook.Listener, error) {
	d := l.describe()
	counts, err := l.Counts(ctx)
	d.Counts = counts
	return d, err
}

// Watch hints at changes of the store until ctx ends.
func (l *local) Watch(ctx context.Context) (<-chan webhook.Change, error) {
	return l.Store.Watch(ctx), nil
}

// Resend sends a stored event once more.
func (l *local) Resend(ctx context.Context, r webhook.Resend) (webhook.Resent, error) {
	if l.proxy == nil {
		return webhook.Resent{}, errors.New("this store is open for reading only")
	}
	return l.proxy.Resend(ctx, r)
}

// openStoreError says in words why the project's store could not be opened.
func (a *app) openStoreError(err error) error {
	var locked *store.LockedError
	switch {
	case errors.As(err, &locked):
		who := "another program"
		if locked.PID > 0 {
			who = fmt.Sprintf("pid %d", locked.PID)
		}
		other := "--project NAME"
		if a.dataDir != "" {
			other = "--data-dir DIR"
		}
		return withHint(fmt.Errorf("project %q is in use by %s", a.projectName(), who),
			"use `taskhook attach`, or `taskhook listen 3001 "+other+"`")
	case errors.Is(err, store.ErrNewerSchema):
		return withHint(err, "update taskhook, or keep this one apart with --project NAME")
	}
	return err
}
