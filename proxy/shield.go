package proxy

import (
	"net/http"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// SetShield chooses what the platform is told when the app is down or takes
// too long. Without the shield that is 502 or 408, and the event is lost
// there. Under it the answer is 429 with a note, so that the platform sends
// the event again, up to six times in about 70 minutes. Under the shield the
// app may take no longer than Options.ShieldTimeout: a 429 that comes after
// the platform has hung up is none.
func (p *Proxy) SetShield(on bool) { p.shield.Store(on) }

// ShieldTimeout is how long the app may take under the shield.
func (p *Proxy) ShieldTimeout() time.Duration { return p.opts.ShieldTimeout }

// Shield reports whether the shield is up.
func (p *Proxy) Shield() bool { return p.shield.Load() }

// answerFailure tells the sender that the app gave no answer. Nothing has been
// told it yet.
func (p *Proxy) answerFailure(w http.ResponseWriter, f *failure) webhook.Answer {
	m := f.message(p.opts.Target)
	answer := byTaskhook(f.status, f.text)
	if p.Shield() && f.status != http.StatusTooManyRequests {
		answer.Status, answer.Shielded = http.StatusTooManyRequests, true
		answer.Reason = shieldedReason(f)
		m.Reason, m.Next = answer.Reason, "taskhook asks for the event again: send it as you do after every 429"
	}
	writeMessage(w, answer.Status, m)
	return answer
}

// shieldedReason says what happened, and what nobody can know.
func shieldedReason(f *failure) string {
	reason := "shielded: " + f.text
	if f.reached {
		reason += "; " + webhook.MayBeProcessed
	}
	return reason
}
