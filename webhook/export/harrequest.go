package export

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/body"
)

// receivedRequest is an event's request as its sender made it.
func receivedRequest(e webhook.Event) harRequest {
	q := newHARRequest(eventRequest(e), receivedURL(e), e.BodySize)
	q.Trailers = harTrailers(e.Trailer)
	if e.Host != "" && e.Header["Host"] == nil {
		q.Headers = slices.Insert(q.Headers, 0, harPair{"Host", text(e.Host)})
	}
	return q
}

// receivedURL is the URL that the sender asked.
func receivedURL(e webhook.Event) string {
	scheme := "http"
	if e.Source == webhook.SourceTunnel {
		scheme = "https"
	}
	return httpwire.JoinURL(scheme+"://"+cmp.Or(e.Host, "localhost"), e.Path, e.RawQuery)
}

// sentRequest is what an attempt sent to the app, with the headers that Taskhook
// made for it. Those of --header are left out, as wherever requests are recorded.
func sentRequest(e webhook.Event, a webhook.Attempt) harRequest {
	sent, size := eventRequest(e), e.BodySize
	if a.Sent != nil {
		sent, size = *a.Sent, int64(len(a.Sent.Body))
	}
	if a.Signed != nil {
		own := sent.Header
		sent.Header = maps.Clone(a.Signed)
		for name, values := range own {
			if _, replaced := a.Signed[name]; !replaced {
				sent.Header[name] = values
			}
		}
	}
	a.Target = webURL(a.Target)
	target := cmp.Or(a.Target, receivedURL(e))
	if sent.Path == httpwire.Asterisk { // an earlier version wrote it behind the port
		target = strings.TrimSuffix(target, httpwire.Asterisk)
	}
	q := newHARRequest(sent, target, size)
	if a.Sent == nil {
		q.Trailers = harTrailers(e.Trailer)
	}
	q.Headers = sentHeaders(e, a, sent, q.Trailers)
	return q
}

// harTrailers are trailers as a custom field has them; nil for none.
func harTrailers(h http.Header) []harPair {
	if len(h) == 0 {
		return nil
	}
	return harHeaders(h)
}

// webURL is a target as other programs read it: their URLs know no unix
// sockets.
func webURL(target string) string {
	if !strings.HasPrefix(target, "unix:") {
		return target
	}
	t, err := httpwire.ParseTarget(target)
	if err != nil {
		return target
	}
	return t.HTTPURL()
}

func eventRequest(e webhook.Event) webhook.Request {
	return webhook.Request{Method: e.Method, Path: e.Path, RawQuery: e.RawQuery, Header: e.Header, Body: e.Body}
}

// sentHeaders are the headers in the order in which they are sent: those of the
// connection, those received, and what a proxy says of its sender.
func sentHeaders(e webhook.Event, a webhook.Attempt, sent webhook.Request, trailers []harPair) []harPair {
	var pairs []harPair
	if host := cmp.Or(a.Host, authority(a.Target)); host != "" {
		pairs = append(pairs, harPair{"Host", text(host)})
	}
	pairs = append(pairs, lengthHeaders(sent, trailers)...)
	connection := sent.Header["Connection"]
	for _, p := range harHeaders(sent.Header) {
		name := http.CanonicalHeaderKey(p.Name)
		made := httpwire.IsForwarded(name) || a.Unforwarded && httpwire.TellsOrigin(name)
		if !made && !httpwire.HopByHop(p.Name, connection) {
			pairs = append(pairs, p)
		}
	}
	if a.Unforwarded {
		return pairs
	}
	received := httpwire.Received{Header: sent.Header, RemoteAddr: e.RemoteAddr, Host: e.Host, Tunnel: e.Source == webhook.SourceTunnel}
	for _, f := range httpwire.AppendForwarded(nil, received) {
		pairs = append(pairs, harPair{f.Name, text(f.Value)})
	}
	return pairs
}

// lengthHeaders say how long the body is: only a chunked one has trailers.
func lengthHeaders(sent webhook.Request, trailers []harPair) []harPair {
	_, declared := sent.Header["Content-Length"]
	switch {
	case trailers != nil:
		pairs := []harPair{{"Transfer-Encoding", "chunked"}}
		for i, t := range trailers {
			if i == 0 || t.Name != trailers[i-1].Name {
				pairs = append(pairs, harPair{"Trailer", t.Name})
			}
		}
		return pairs
	case declared || len(sent.Body) > 0 || sendsEmptyBody(sent.Method):
		return []harPair{{"Content-Length", strconv.Itoa(len(sent.Body))}}
	}
	return nil
}

// authority is host and port of a URL.
func authority(address string) string {
	_, rest, found := strings.Cut(address, "://")
	if !found {
		return ""
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		rest = rest[:i]
	}
	return rest
}

func newHARRequest(r webhook.Request, address string, size int64) harRequest {
	q := harRequest{
		Method: text(r.Method), URL: httpwire.EscapeNonASCII(address), Version: harVersion,
		Cookies: harCookies((&http.Request{Header: r.Header}).Cookies()), Headers: harHeaders(r.Header), Query: []harPair{},
		HeadersSize: -1, BodySize: size,
	}
	if r.Path == httpwire.Asterisk {
		q.Target = httpwire.Asterisk
	}
	_, query, _ := strings.Cut(address, "?")
	for part := range strings.SplitSeq(query, "&") {
		if part != "" {
			name, value, _ := strings.Cut(part, "=")
			q.Query = append(q.Query, harPair{unescaped(name), unescaped(value)})
		}
	}
	if decoded := body.OfRequest(&r); decoded.Size > 0 {
		content, encoding := harText(decoded.Bytes)
		q.Body = &harBody{mimeType(r.Header), []harPair{}, content, encoding, decoded.Note()}
	}
	return q
}

func unescaped(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return text(plain)
	}
	return text(s)
}
