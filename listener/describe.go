package listener

import (
	"context"
	"log/slog"
	"os"

	"github.com/taskhook/taskhook/webhook"
)

// Start is where the store stood before the first request: what has been
// received since then is news after it.
func (l *Listener) Start() webhook.Position { return l.start }

// Logger logs to the project's log.
func (l *Listener) Logger() *slog.Logger { return l.logger }

// changed hints every watcher at a change that is not in the store.
func (l *Listener) changed() { l.Notify() }

// Listener describes the listener at this moment.
func (l *Listener) Listener(ctx context.Context) (webhook.Listener, error) {
	d := webhook.Listener{
		Version: l.opts.Version, Project: l.opts.Project, PID: os.Getpid(), StartedAt: l.started,
		Local: l.local, Target: l.target().String(), Path: l.opts.Path, Verify: l.proxy.Mode(), Sign: l.sign(),
		Tunnel:     webhook.Tunnel{State: webhook.TunnelNone, URL: l.opts.PublicURL},
		SkipVerify: l.proxy.SkipVerify(), Degraded: l.proxy.Degraded(),
		Faults: l.proxy.Faults().Rules(),
	}
	if apps := l.proxy.Apps(); len(apps) > 0 {
		d.Health, d.Shield = l.health(apps[0]), apps[0].Shield()
	}
	for _, r := range l.proxy.Routes() {
		route := webhook.Route{Filter: r.Filter, Target: r.Target.String()}
		if r.App != nil {
			route.Health, route.Shield = l.health(r.App), r.App.Shield()
		}
		d.Routes = append(d.Routes, route)
	}
	if t := l.tunnel.Load(); t != nil {
		d.Tunnel = t.Status()
		if l.opts.PublicURL != "" {
			d.Tunnel.URL = l.opts.PublicURL
		}
	}
	l.mu.Lock()
	d.Tunnel.Reach, d.Resendable = l.reach, l.resendable
	l.mu.Unlock()
	return l.describe(ctx, d)
}
