package listener

import (
	"context"
	"sync"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// How often an app is probed, and how long a probe may take.
const (
	probeEvery  = 15 * time.Second
	probeIfDown = 5 * time.Second
	probeTime   = time.Second
)

// target is that of the app which gets what no route takes; the zero value
// without one.
func (l *Listener) target() httpwire.Target {
	for _, app := range l.proxy.Apps() {
		return app.Target()
	}
	return httpwire.Target{}
}

// sign is how verified events go to the app, as webhook.Listener has it.
func (l *Listener) sign() webhook.Sign {
	if l.opts.Proxy.Sign == webhook.SignDev {
		return webhook.SignDev
	}
	return ""
}

// probeAll probes every app once.
func (l *Listener) probeAll(ctx context.Context) {
	var all sync.WaitGroup
	for _, app := range l.proxy.Apps() {
		all.Go(func() { l.probe(ctx, app) })
	}
	all.Wait()
}

// watchApp probes an app again and again, more often while it is down.
func (l *Listener) watchApp(ctx context.Context, app *proxy.App) {
	for retry.Sleep(ctx, probePause(app.Health())) == nil {
		l.probe(ctx, app)
	}
}

// probePause is the pause before the next probe.
func probePause(h webhook.Health) time.Duration {
	if h.Up {
		return probeEvery
	}
	return probeIfDown
}

// lookBeside finds out whether another program answers to the name of an app,
// and says so unless the banner will.
func (l *Listener) lookBeside(app *proxy.App, tell bool) {
	found := besides(app.Target().Origin())
	l.mu.Lock()
	changed := l.besides[app] != found
	if changed {
		l.besides[app] = found
	}
	l.mu.Unlock()
	switch {
	case !changed:
	case found != "" && tell:
		l.warn("%s", found)
		l.changed()
	default:
		l.changed()
	}
}

// health is what the last probe of an app found, with who else answers to its
// name.
func (l *Listener) health(app *proxy.App) webhook.Health {
	h := app.Health()
	l.mu.Lock()
	defer l.mu.Unlock()
	h.Besides = l.besides[app]
	return h
}

// probe finds out whether an app answers, and says when that has changed.
func (l *Listener) probe(ctx context.Context, app *proxy.App) {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	now, before := app.Probe(ctx)
	l.lookBeside(app, before.Known)
	if now == before {
		return
	}
	l.changed()
	switch {
	case !before.Known || before.Up == now.Up:
	case now.Up:
		l.tell("%s %s", l.name(app), format.Health(now))
		l.offerResend(ctx)
	default:
		l.warn("%s %s", l.name(app), format.Health(now))
	}
}

// name is what people call an app: by its address where there are several.
func (l *Listener) name(app *proxy.App) string {
	if len(l.proxy.Apps()) > 1 {
		return "your app at " + app.Target().Short()
	}
	return "your app"
}
