package proxy

import (
	"net/http"
	"slices"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// SetShield chooses the answer to the platform when an app is down or takes too
// long, for every app. Without the shield it is 502 or 408, which are final. With the shield it
// is 429, so that the platform sends the event again, up to six times in about 70
// minutes. The app has Options.ShieldTimeout then: a 429 must arrive before the
// platform hangs up.
func (p *Proxy) SetShield(on bool) {
	changed := false
	for _, a := range p.apps {
		changed = a.shield.Swap(on) != on || changed
	}
	if changed {
		p.opts.Changed()
	}
}

// ShieldTimeout returns how long the app may take under the shield.
func (p *Proxy) ShieldTimeout() time.Duration { return p.opts.ShieldTimeout }

// Shield reports whether the shield is on for an app.
func (p *Proxy) Shield() bool { return slices.ContainsFunc(p.apps, (*App).Shield) }

// Shield reports whether failures of the app are answered 429.
func (a *App) Shield() bool { return a.shield.Load() }

// answerFailure answers a sender that has got nothing yet, because the app gave
// no answer.
func (p *Proxy) answerFailure(w http.ResponseWriter, e *webhook.Event, of *forwarded) webhook.Answer {
	f := of.failure
	m := f.message(of.app.target)
	answer := byTaskhook(f.status, f.text)
	if of.app.Shield() && e.Decision != webhook.Passed && f.status != http.StatusTooManyRequests {
		answer.Status, answer.Shielded = http.StatusTooManyRequests, true
		answer.Reason = shieldedReason(f)
		m.Reason, m.Next = answer.Reason, "send the event again, as after every 429"
	}
	writeMessage(w, answer.Status, m)
	return answer
}

// shieldedReason says what happened, and whether the app may have got the event.
func shieldedReason(f *failure) string {
	reason := "shielded: " + f.text
	if f.reached {
		reason += "; " + webhook.MayBeProcessed
	}
	return reason
}
