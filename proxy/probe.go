package proxy

import (
	"context"
	"net/http"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// ProbeHeader is the header by which Taskhook recognises a request of its own
// to its public URL: its value is the nonce of the running [Proxy]. Such a
// request is answered 204 with the same header, and is neither stored nor
// forwarded.
const ProbeHeader = "Taskhook-Probe"

// Nonce is the value of [ProbeHeader] that this proxy answers to. It is random
// and lasts as long as the proxy.
func (p *Proxy) Nonce() string { return p.nonce }

// answerProbe answers a request of Taskhook to itself. A wrong nonce makes an
// ordinary request.
func (p *Proxy) answerProbe(w http.ResponseWriter, r *http.Request) bool {
	values := r.Header[ProbeHeader]
	if len(values) == 0 || values[0] != p.nonce {
		return false
	}
	w.Header()[ProbeHeader] = values[:1]
	w.WriteHeader(http.StatusNoContent)
	return true
}

// Probe finds out whether something listens at the target, by connecting to
// it. Since is the time of the probe. The zero value is returned without a
// target.
func (p *Proxy) Probe(ctx context.Context) webhook.Health {
	t := p.opts.Target
	if t.IsZero() {
		return webhook.Health{}
	}
	h := webhook.Health{Known: true, Since: time.Now()}
	c, err := p.transport.pool.dialer.dial(ctx, t.Origin())
	if err != nil {
		f := &failure{text: err.Error()}
		if dial, ok := err.(*dialError); ok { //nolint:errorlint // dial promises this very type
			f = explainDial(dial, t)
		}
		h.Error = f.text
		return h
	}
	h.Up, h.Address = true, c.RemoteAddr().String()
	_ = c.Close()
	return h
}
