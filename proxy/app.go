package proxy

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

// App is one app that events are forwarded to: its target, the connections in
// use towards it, and whether something listens there. Its methods are safe
// for concurrent use.
type App struct {
	target httpwire.Target
	dialer *dialer
	slots  slots
	shield atomic.Bool
	health atomic.Pointer[webhook.Health] // nil: never probed
}

// newApp is an app at a target; the zero target stands for those of no app.
func (p *Proxy) newApp(t httpwire.Target) *App {
	a := &App{target: t, dialer: &p.transport.pool.dialer}
	a.slots.init(p.opts.MaxConnections, p.logger)
	return a
}

// Target is where the app is.
func (a *App) Target() httpwire.Target { return a.target }

// Connections returns how many connections to the app are in use, and how many
// can be.
func (a *App) Connections() (inUse, capacity int) { return len(a.slots.used), cap(a.slots.used) }

// Health is what the last probe found; the zero value before the first one.
func (a *App) Health() webhook.Health {
	if h := a.health.Load(); h != nil {
		return *h
	}
	return webhook.Health{}
}

// Probe finds out whether something listens at the target, by connecting to
// it, and returns what it found and what the probe before had found. Since is
// when the app was first found as it is now. Probes of one app must not
// overlap.
func (a *App) Probe(ctx context.Context) (now, before webhook.Health) {
	now, before = a.dial(ctx), a.Health()
	if before.Known && before.Up == now.Up {
		now.Since = before.Since
	}
	a.health.Store(&now)
	return now, before
}

func (a *App) dial(ctx context.Context) webhook.Health {
	h := webhook.Health{Known: true, Since: time.Now()}
	c, err := a.dialer.dial(ctx, a.target.Origin())
	if err != nil {
		h.Error, _ = explainDial(err, a.target)
		return h
	}
	h.Up = true
	if _, ok := c.(*viaProxy); !ok {
		h.Address = c.RemoteAddr().String()
	}
	_ = c.Close()
	return h
}

// Apps are the apps that received events go to, each once: first that of
// Options.Targets, then those of the routes.
func (p *Proxy) Apps() []*App { return p.apps }

// setApps makes the apps of the options.
func (p *Proxy) setApps() {
	p.elsewhere = p.newApp(httpwire.Target{})
	p.router.rest, p.router.jq, p.router.logger = p.elsewhere, p.opts.JQ, p.logger
	for _, t := range p.opts.Targets {
		p.app(t)
	}
	if len(p.apps) > 0 {
		p.router.rest = p.apps[0]
	}
	for _, r := range p.opts.Routes {
		var to *App
		if !r.Target.IsZero() {
			to = p.app(r.Target)
		}
		p.router.add(r, to)
	}
	for _, a := range p.apps {
		a.shield.Store(p.opts.Shield || slices.Contains(p.opts.Shielded, a.target))
	}
	p.transport.pool.max = p.opts.MaxConnections * max(1, len(p.apps))
}

// app is the app at a target; it is made if there is none.
func (p *Proxy) app(t httpwire.Target) *App {
	for _, a := range p.apps {
		if a.target == t {
			return a
		}
	}
	a := p.newApp(t)
	p.apps = append(p.apps, a)
	return a
}

// appAt is the app that has the connections to a target: the one that is there,
// or another at its origin. All other targets share one.
func (p *Proxy) appAt(t httpwire.Target) *App {
	at := p.elsewhere
	for _, a := range p.apps {
		switch {
		case a.target == t:
			return a
		case a.target.Origin() == t.Origin() && at == p.elsewhere:
			at = a
		}
	}
	return at
}

// target is that of the app which gets what no route takes; the zero value
// without one.
func (p *Proxy) target() httpwire.Target { return p.router.rest.target }
