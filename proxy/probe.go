package proxy

import "net/http"

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
