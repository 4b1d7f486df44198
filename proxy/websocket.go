package proxy

import (
	"net/http"
	"strings"

	"github.com/taskhook/taskhook/webhook"
)

// asksForWebSocket reports whether a request wants to go on as a WebSocket.
func asksForWebSocket(h http.Header) bool {
	for _, v := range h["Upgrade"] {
		for protocol := range strings.SplitSeq(v, ",") {
			if strings.EqualFold(strings.TrimSpace(protocol), "websocket") {
				return true
			}
		}
	}
	return false
}

// webSocketMessage is the answer to a request for a WebSocket. The app, which
// would get it without its Upgrade header, could only wonder.
func (p *Proxy) webSocketMessage(e *webhook.Event) message {
	m := message{
		Error:  "a WebSocket",
		Reason: "taskhook passes on requests and answers, and no WebSockets",
		Next:   "connect to your app itself",
	}
	if t := p.target(); !t.IsZero() {
		m.Next += ": ws" + strings.TrimPrefix(t.URL(e.Path, e.RawQuery), "http")
	}
	return m
}
