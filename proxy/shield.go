package proxy

import (
	"net/http"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// SetShield chooses the answer to the platform when the app is down or takes too
// long. Without the shield it is 502 or 408, which are final. With the shield it
// is 429, so that the platform sends the event again, up to six times in about 70
// minutes. The app has Options.ShieldTimeout then: a 429 must arrive before the
// platform hangs up.
func (p *Proxy) SetShield(on bool) {
	if p.shield.Swap(on) != on {
		p.opts.Changed()
	}
}

// ShieldTimeout returns how long the app may take under the shield.
func (p *Proxy) ShieldTimeout() time.Duration { return p.opts.ShieldTimeout }

// Shield reports whether the shield is on.
func (p *Proxy) Shield() bool { return p.shield.Load() }

// answerFailure answers a sender that has got nothing yet, because the app gave
// no answer.
func (p *Proxy) answerFailure(w http.ResponseWriter, f *failure) webhook.Answer {
	m := f.message(p.target())
	answer := byTaskhook(f.status, f.text)
	if p.Shield() && f.status != http.StatusTooManyRequests {
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
