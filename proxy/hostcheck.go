package proxy

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"regexp"
)

// hostCheckWords are what web frameworks say when they refuse a request for the
// host that it names: Rails, Django, Vite, webpack, Starlette, ASP.NET,
// Symfony, Laravel, Sinatra, Flask, Play.
var hostCheckWords = regexp.MustCompile(`(?i)blocked hosts?\b|invalid http_host|invalid host ?(header|name)|` +
	`untrusted host|\bhost not (permitted|allowed)|\bhost\b.{1,300}\bis not (trusted|allowed|permitted)`)

// hostCheckBody bounds how much of an answer is looked at, in bytes: the words
// stand at the beginning.
const hostCheckBody = 16 << 10

// RefusesHost reports whether the status and the body of an answer are those of
// a host check.
func RefusesHost(status int, body []byte) bool {
	switch status {
	case http.StatusMisdirectedRequest:
		return true
	case http.StatusBadRequest, http.StatusForbidden:
		return hostCheckWords.Match(body[:min(len(body), hostCheckBody)])
	}
	return false
}

// hostCheckHint names the header that a host check has refused, and the flag
// that changes it.
func hostCheckHint(req *request, body []byte) string {
	host, forwarded := req.sentHost(), req.sentForwardedHost()
	if forwarded == "" || names(body, host) && !names(body, forwarded) {
		return fmt.Sprintf("your app refuses the Host %.80s: choose another with --host NAME, or allow this one in your app", host)
	}
	return fmt.Sprintf("your app refuses the X-Forwarded-Host %.80s: leave it out with --forwarded-headers off, or allow it in your app; the Host was %.80s, which --host NAME changes", forwarded, host)
}

// names reports whether a text has a host's name, without its port.
func names(body []byte, host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return bytes.Contains(body, []byte(host))
}
