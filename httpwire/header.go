package httpwire

import (
	"net/http"
	"strings"
)

// HopByHop reports whether a header belongs to one connection and is not
// forwarded: it describes the connection (RFC 9110, 7.6.1), or each sender
// writes its own (Host, Content-Length, and Expect, which is met once the
// body has arrived). Name may be in any case. Connection are the values of the
// message's Connection header, which may name further headers. It is the rule
// for answers, curl commands and edited requests, too; what else reaches the app
// with a request is in proxy/request.go.
func HopByHop(name string, connection []string) bool {
	switch http.CanonicalHeaderKey(name) {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings",
		"Content-Length", "Host", "Expect":
		return true
	}
	for _, line := range connection {
		for field := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(field), name) {
				return true
			}
		}
	}
	return false
}

// IsToken reports whether a text can be a method or name a header (RFC 9110,
// 5.6.2).
func IsToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f {
			return false
		}
		switch c {
		case '"', '(', ')', ',', '/', ':', ';', '<', '=', '>', '?', '@', '[', '\\', ']', '{', '}':
			return false
		}
	}
	return s != ""
}

// IsFieldValue reports whether a text can be the value of a header: it has no
// line break and no other control character than a tab.
func IsFieldValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// IsHost reports whether a text can stand in a Host header.
func IsHost(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"<>\^`+"`"+`{|}/?#@`, c)
	})
}

// IsRequestTarget reports whether a path or a query can stand in a request
// line: it has no space and no control character.
func IsRequestTarget(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c == 0x7f })
}
