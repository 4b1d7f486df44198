package httpwire

import (
	"net"
	"net/http"
	"strings"
)

// The headers in which a proxy says what it received.
const (
	ForwardedFor   = "X-Forwarded-For"
	ForwardedHost  = "X-Forwarded-Host"
	ForwardedProto = "X-Forwarded-Proto"
)

// IsForwarded reports whether a canonical name is that of a header in which a
// proxy says what it received.
func IsForwarded(name string) bool {
	return name == ForwardedFor || name == ForwardedHost || name == ForwardedProto
}

// TellsOrigin reports whether a canonical name is that of a header in which any
// proxy, also one before Taskhook, says what it received.
func TellsOrigin(name string) bool {
	return name == "Forwarded" || strings.HasPrefix(name, "X-Forwarded-")
}

// Received is what of a received request the X-Forwarded headers are made of.
type Received struct {
	Header     http.Header
	RemoteAddr string // of its connection, with or without a port
	Host       string // its Host header
	Tunnel     bool   // it came through a tunnel's edge, over TLS
}

// Field is one line of a header.
type Field struct{ Name, Value string }

// AppendForwarded appends the X-Forwarded headers that go to a target. Those that
// a tunnel's edge has set do not change: only the edge has seen the sender. On
// the loopback ingress the peer is appended to the list.
func AppendForwarded(to []Field, r Received) []Field {
	peer, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		peer = r.RemoteAddr
	}
	list := strings.Join(r.Header[ForwardedFor], ", ")
	switch {
	case peer == "" || list != "" && r.Tunnel:
	case list == "":
		list = peer
	default:
		list += ", " + peer
	}
	if list != "" {
		to = append(to, Field{ForwardedFor, list})
	}
	proto := "http"
	if r.Tunnel {
		proto = "https"
	}
	to = appendForwardedOr(to, r.Header, ForwardedHost, r.Host)
	return appendForwardedOr(to, r.Header, ForwardedProto, proto)
}

// appendForwardedOr appends what was received under a name, or else a value.
func appendForwardedOr(to []Field, h http.Header, name, value string) []Field {
	values := h[name]
	if len(values) == 0 && value != "" {
		return append(to, Field{name, value})
	}
	for _, v := range values {
		to = append(to, Field{name, v})
	}
	return to
}
