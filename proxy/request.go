package proxy

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/taskhook/taskhook/webhook"
)

// request is what goes to the app.
type request struct {
	target Target
	method string
	path   string // as asked, percent-encoded
	query  string
	header http.Header // as received, or as changed for a resend
	body   []byte
	length bool // send a Content-Length even for an empty body
	host   string
	// What the X-Forwarded headers are made of.
	source     webhook.Source
	remoteAddr string
	askedHost  string // the Host the sender asked for
	extra      http.Header
}

// request makes the request that carries an event to a target. It shares the
// event's header and body and changes neither.
func (p *Proxy) request(e *webhook.Event, t Target) *request {
	r := &request{
		target: t, method: e.Method,
		header: e.Header, body: e.Body,
		source: e.Source, remoteAddr: e.RemoteAddr, askedHost: e.Host,
		extra: p.opts.Header,
	}
	r.path, r.query = t.asked(e.Path, e.RawQuery)
	r.host = hostFor(p.opts.Host, t, e.Host)
	_, declared := e.Header["Content-Length"]
	r.length = declared || methodHasBody(e.Method)
	return r
}

// hostFor chooses the Host header.
func hostFor(choice string, t Target, asked string) string {
	switch choice {
	case "", HostRewrite:
		return t.origin.authority
	case HostPreserve:
		if asked != "" {
			return asked
		}
		return t.origin.authority
	}
	return choice
}

func methodHasBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// url is what the app is asked, for people.
func (r *request) url() string {
	if r.query == "" {
		return r.target.origin.url + r.path
	}
	return r.target.origin.url + r.path + "?" + r.query
}

// appendHead writes the request line and the headers as they go to the app:
// every value of every header as received, without those that concern one
// connection only, and with the Host, length and X-Forwarded headers.
func (r *request) appendHead(b []byte) []byte {
	b = append(append(b, r.method...), ' ')
	b = append(b, r.path...)
	if r.query != "" {
		b = append(append(b, '?'), r.query...)
	}
	b = append(b, " HTTP/1.1\r\n"...)
	b = appendField(b, "Host", r.sentHost())
	if len(r.body) > 0 || r.length {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, int64(len(r.body)), 10)
		b = append(b, "\r\n"...)
	}
	b = r.appendReceived(b)
	b = r.appendForwarded(b)
	for _, name := range sortedNames(r.extra) {
		if name == "Host" || connectionHeader(name) {
			continue
		}
		for _, v := range r.extra[name] {
			b = appendField(b, name, v)
		}
	}
	return append(b, "\r\n"...)
}

// sentHost is the Host header as it goes to the app.
func (r *request) sentHost() string {
	if own := r.extra["Host"]; len(own) > 0 {
		return own[0]
	}
	return r.host
}

func (r *request) appendReceived(b []byte) []byte {
	named := r.header["Connection"]
	var names [48]string
	for _, name := range appendSortedNames(names[:0], r.header) {
		if forwardedHeader(http.CanonicalHeaderKey(name)) || !r.passes(name, named) {
			continue
		}
		for _, v := range r.header[name] {
			b = appendField(b, name, v)
		}
	}
	return b
}

// passes reports whether a received header goes to the app. named is what the
// Connection header says.
func (r *request) passes(name string, named []string) bool {
	canonical := http.CanonicalHeaderKey(name) // it is, unless the event was imported
	_, replaced := r.extra[canonical]
	return !replaced && !connectionHeader(canonical) && !namedIn(named, name)
}

// The headers that say what a proxy in front has seen.
const (
	forwardedFor   = "X-Forwarded-For"
	forwardedHost  = "X-Forwarded-Host"
	forwardedProto = "X-Forwarded-Proto"
)

func forwardedHeader(name string) bool {
	return name == forwardedFor || name == forwardedHost || name == forwardedProto
}

// appendForwarded writes the X-Forwarded headers. What a tunnel's edge has
// set stands as it is: it alone has seen the sender. On the loopback ingress
// the peer is appended to the list.
func (r *request) appendForwarded(b []byte) []byte {
	peer, _, err := net.SplitHostPort(r.remoteAddr)
	if err != nil {
		peer = r.remoteAddr
	}
	seen := r.header[forwardedFor]
	if _, replaced := r.extra[forwardedFor]; !replaced {
		list := strings.Join(seen, ", ")
		switch {
		case peer == "" || list != "" && r.source == webhook.SourceTunnel:
		case list == "":
			list = peer
		default:
			list += ", " + peer
		}
		if list != "" {
			b = appendField(b, forwardedFor, list)
		}
	}
	proto := "http"
	if r.source == webhook.SourceTunnel {
		proto = "https"
	}
	b = r.appendForwardedOr(b, forwardedHost, r.askedHost)
	return r.appendForwardedOr(b, forwardedProto, proto)
}

func (r *request) appendForwardedOr(b []byte, name, value string) []byte {
	if _, replaced := r.extra[name]; replaced {
		return b
	}
	values := r.header[name]
	if len(values) == 0 && value != "" {
		return appendField(b, name, value)
	}
	for _, v := range values {
		b = appendField(b, name, v)
	}
	return b
}

// connectionHeader reports whether a header concerns one connection only, or
// is made anew for the next one. An expectation has been met: the body is here.
func connectionHeader(name string) bool {
	switch name {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings",
		"Content-Length", "Host", "Expect":
		return true
	}
	return false
}

// namedIn reports whether a Connection header names another header as one of
// the connection's own.
func namedIn(connection []string, name string) bool {
	for _, line := range connection {
		for field := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(field), name) {
				return true
			}
		}
	}
	return false
}

func appendField(b []byte, name, value string) []byte {
	b = append(append(b, name...), ": "...)
	return append(append(b, value...), "\r\n"...)
}

func sortedNames(h http.Header) []string {
	if len(h) == 0 {
		return nil
	}
	return appendSortedNames(nil, h)
}

func appendSortedNames(names []string, h http.Header) []string {
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// writable says why a request cannot be written as HTTP/1.1; "" if it can.
// What came in through a server can; what was edited or imported may not.
func (r *request) writable() string {
	switch {
	case !IsToken(r.method):
		return fmt.Sprintf("its method %.40q is not one; want a word such as POST", r.method)
	case !IsHost(r.host):
		return fmt.Sprintf("its host %.80q is not one", r.host)
	case strings.ContainsFunc(r.path, isGap):
		return fmt.Sprintf("its path %.80q has a space or a control character; write it percent-encoded", r.path)
	case strings.ContainsFunc(r.query, isGap):
		return fmt.Sprintf("its query %.80q has a space or a control character; write it percent-encoded", r.query)
	}
	for _, name := range sortedNames(r.header) {
		if !IsToken(name) {
			return fmt.Sprintf("%.40q cannot name a header", name)
		}
		for _, v := range r.header[name] {
			if strings.ContainsFunc(v, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
				return "the header " + name + " has a line break or control character in its value"
			}
		}
	}
	return ""
}

func isGap(c rune) bool { return c <= ' ' || c == 0x7f }

// IsHost reports whether a text can stand in a Host header.
func IsHost(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"<>\^`+"`"+`{|}/?#@`, c)
	})
}

// IsToken reports whether a text can be a method or name a header (RFC 9110,
// 5.6.2).
func IsToken(s string) bool { return s != "" && !strings.ContainsFunc(s, outsideToken) }

// outsideToken reports whether a character cannot stand in a method or in the
// name of a header (RFC 9110, 5.6.2).
func outsideToken(c rune) bool {
	return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
}
