package proxy

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

// request is a request to the app.
type request struct {
	app     *App // whose connections it uses
	target  httpwire.Target
	method  string
	path    string // percent-encoded
	query   string
	header  http.Header // as received, or as changed for a resend
	body    []byte
	trailer http.Header // they follow the body
	length  bool        // send a Content-Length even for an empty body
	host    string
	wait    time.Duration // for an app that is away
	// What the X-Forwarded headers are made of.
	source     webhook.Source
	remoteAddr string
	askedHost  string // the Host header that was received
	mark       string // in a Via header; "": the request is no forwarded one
	hidden     bool   // the app gets none of them, not even those that were received
	extra      http.Header

	signed http.Header // the signatures in the header, if they are not the received ones but the development key's
}

// request returns the request that sends an event to a target, over connections
// of an app. It shares the event's header and body and does not change them.
func (p *Proxy) request(e *webhook.Event, app *App, t httpwire.Target) *request {
	r := &request{
		app: app, target: t, method: e.Method,
		header: e.Header, body: e.Body, trailer: e.Trailer,
		source: e.Source, remoteAddr: e.RemoteAddr, askedHost: e.Host,
		hidden: p.opts.NoForwarded, mark: p.mark, extra: p.opts.Header, wait: p.opts.AppWait,
	}
	r.path, r.query = t.Resolve(e.Path, e.RawQuery)
	r.host = hostFor(p.opts.Host, t, e.Host)
	_, declared := e.Header["Content-Length"]
	r.length = declared || methodHasBody(e.Method)
	return r
}

// hostFor returns the Host header.
func hostFor(choice string, t httpwire.Target, asked string) string {
	switch choice {
	case "", HostRewrite:
		return t.Origin().Authority()
	case HostPreserve:
		if asked != "" {
			return asked
		}
		return t.Origin().Authority()
	}
	return choice
}

func methodHasBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// url returns the URL of the request, for people.
func (r *request) url() string {
	return r.target.Origin().URL(r.path, r.query)
}

// appendHead writes the request line and the headers: every value of every
// received header but those of one connection, with the Host, Content-Length and
// X-Forwarded headers. A proxy gets the whole URL, and what it wants to know of
// its user.
func (r *request) appendHead(b []byte, via *viaProxy) []byte {
	b = append(append(b, r.method...), ' ')
	switch {
	case via != nil:
		b = append(b, r.url()...)
	case r.query != "":
		b = append(append(append(b, r.path...), '?'), r.query...)
	default:
		b = append(b, r.path...)
	}
	b = append(b, " HTTP/1.1\r\n"...)
	b = appendField(b, "Host", r.sentHost())
	if via != nil && via.authorization != "" {
		b = appendField(b, "Proxy-Authorization", via.authorization)
	}
	b = r.appendLength(b)
	b = r.appendReceived(b)
	b = r.appendForwarded(b)
	if r.mark != "" {
		b = append(append(append(b, viaHeader+": 1.1 "...), r.mark...), "\r\n"...)
	}
	for _, name := range sortedNames(r.extra) {
		if httpwire.HopByHop(name, nil) {
			continue
		}
		for _, v := range r.extra[name] {
			b = appendField(b, name, v)
		}
	}
	return r.appendHeadEnd(b)
}

// sentHost returns the Host header that the app gets.
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
		if httpwire.IsForwarded(http.CanonicalHeaderKey(name)) || !r.passes(name, named) {
			continue
		}
		for _, v := range r.header[name] {
			b = appendField(b, name, v)
		}
	}
	return b
}

// passes reports whether a received header goes to the app. Named are the values
// of the Connection header.
func (r *request) passes(name string, named []string) bool {
	canonical := http.CanonicalHeaderKey(name) // it is, unless the event was imported
	_, replaced := r.extra[canonical]
	hidden := r.hidden && httpwire.TellsOrigin(canonical)
	return !replaced && !hidden && !httpwire.HopByHop(name, named)
}

// appendForwarded writes the X-Forwarded headers that no own header replaces.
func (r *request) appendForwarded(b []byte) []byte {
	if r.hidden {
		return b
	}
	var fields [4]httpwire.Field
	received := httpwire.Received{Header: r.header, RemoteAddr: r.remoteAddr, Host: r.askedHost, Tunnel: r.source == webhook.SourceTunnel}
	for _, f := range httpwire.AppendForwarded(fields[:0], received) {
		if _, replaced := r.extra[f.Name]; !replaced {
			b = appendField(b, f.Name, f.Value)
		}
	}
	return b
}

// sentForwardedHost returns the X-Forwarded-Host header that the app gets.
func (r *request) sentForwardedHost() string {
	if own := r.extra[httpwire.ForwardedHost]; len(own) > 0 {
		return own[0]
	}
	if r.hidden {
		return ""
	}
	if seen := r.header[httpwire.ForwardedHost]; len(seen) > 0 {
		return seen[0]
	}
	return r.askedHost
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

// writable says why a request cannot be written as HTTP/1.1, "" if it can. Every
// received request can; an edited or imported one may not.
func (r *request) writable() string {
	switch {
	case !httpwire.IsToken(r.method):
		return fmt.Sprintf("its method %.40q is invalid; use one such as POST", r.method)
	case !httpwire.IsHost(r.host):
		return fmt.Sprintf("its host %.80q is invalid", r.host)
	case !httpwire.IsRequestTarget(r.path):
		return fmt.Sprintf("its path %.80q has a space or a control character; write it percent-encoded", r.path)
	case !httpwire.IsRequestTarget(r.query):
		return fmt.Sprintf("its query %.80q has a space or a control character; write it percent-encoded", format.MaskURLs("?" + r.query)[1:])
	}
	for _, name := range sortedNames(r.header) {
		if !httpwire.IsToken(name) {
			return fmt.Sprintf("%.40q is not a header name", name)
		}
		for _, v := range r.header[name] {
			if !httpwire.IsFieldValue(v) {
				return "the header " + name + " has a line break or control character in its value"
			}
		}
	}
	return ""
}
