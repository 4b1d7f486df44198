package proxy

import (
	"context"
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
	health atomic.Pointer[webhook.Health] // nil: never probed
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
		h.Error = err.Error()
		if dial, ok := err.(*dialError); ok { //nolint:errorlint // dial promises this very type
			h.Error = explainDial(dial, a.target).text
		}
		return h
	}
	h.Up, h.Address = true, c.RemoteAddr().String()
	_ = c.Close()
	return h
}

// Apps are the apps of Options.Targets, in the same order.
func (p *Proxy) Apps() []*App { return p.apps }

// target is the app's that events are forwarded to; the zero value without one.
func (p *Proxy) target() httpwire.Target {
	if len(p.apps) == 0 {
		return httpwire.Target{}
	}
	return p.apps[0].target
}

// slotsTo are the connections towards a target: those of its app, or those
// that all other targets share.
func (p *Proxy) slotsTo(t httpwire.Target) *slots {
	for _, a := range p.apps {
		if a.target.Origin() == t.Origin() {
			return &a.slots
		}
	}
	return &p.elsewhere
}
