package proxy

import (
	"net/http"
	"strings"
)

// viaHeader names the proxies that a message has passed (RFC 9110, 7.6.3).
// Every received event that is forwarded carries the mark of its Proxy there.
const viaHeader = "Via"

// isLoop reports whether this proxy has forwarded a request itself: the app, or
// something behind it, has sent it back.
func (p *Proxy) isLoop(h http.Header) bool {
	for _, v := range h[viaHeader] {
		if strings.Contains(v, p.mark) {
			return true
		}
	}
	return false
}

func loopMessage() message {
	return message{
		Error:  "a loop",
		Reason: "taskhook had forwarded this request, and it came back",
		Next:   "have taskhook forward to your app, and not to itself, its public URL, or what sends webhooks back to it",
	}
}
