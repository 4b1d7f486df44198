// Package httpwire has the rules of HTTP that several rooms share: how a target
// is written, which headers belong to one connection, what methods, hosts and
// headers may look like, and which addresses are loopback.
package httpwire

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// ErrTarget is returned when a text cannot be understood as a target.
var ErrTarget = errors.New("invalid target")

// Target is where the app is: scheme, host and port, and perhaps a path and a
// query. Targets are comparable. The zero value is no target; [ParseTarget]
// makes the others.
type Target struct {
	origin Origin
	path   string // "" keeps the path of each request; percent-encoded, starts with "/"
	query  string // joined before the query of each request; without "?"
}

// Origin is the part of a target that a connection depends on: scheme, host
// and port, or a unix socket. Origins are comparable.
type Origin struct {
	tls    bool
	host   string // a name or an address, without brackets
	port   uint16
	socket string // the path of a unix socket, whose host is localhost; "": none
	// authority and url follow from the fields above; they are read for every
	// request.
	authority string
	url       string
}

// TLS reports whether the origin is spoken to over TLS.
func (o Origin) TLS() bool { return o.tls }

// Host is the name or the address of the origin, in lower case and without
// brackets.
func (o Origin) Host() string { return o.host }

// Address is host and port as [net.Dialer] wants them, or the path of a socket.
func (o Origin) Address() string {
	if o.socket != "" {
		return o.socket
	}
	return net.JoinHostPort(o.host, strconv.Itoa(int(o.port)))
}

// Authority is host and port as a Host header has them: the port is left out
// when the scheme implies it.
func (o Origin) Authority() string { return o.authority }

// String is the origin as a URL without a path.
func (o Origin) String() string { return o.url }

// ParseTarget understands 3000, :3000, host:3000, 3000/webhooks,
// http[s]://host:port[/path][?query], and unix:/run/app.sock[:/path][?query].
// Without a host it is localhost, without a scheme http, without a port that of
// the scheme. A path of just "/" is no path: requests keep their own. Errors
// wrap [ErrTarget] and say in words what is wrong.
func ParseTarget(s string) (Target, error) {
	t, err := parseTarget(s)
	if err != nil {
		if errors.Is(err, errUser) { // never repeat a password
			return Target{}, fmt.Errorf("%w: %w", ErrTarget, err)
		}
		return Target{}, fmt.Errorf("%w %q: %w", ErrTarget, s, err)
	}
	return t, nil
}

func parseTarget(s string) (Target, error) {
	if s == "" {
		return Target{}, errors.New("it is empty; want 3000, host:3000 or http://host:3000/path")
	}
	if rest, ok := cutSocket(s); ok {
		return parseSocket(rest)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return Target{}, errors.New("it has a space or a control character")
	}
	s = withScheme(s)
	if strings.Contains(authorityOf(s), "@") {
		return Target{}, errUser
	}
	u, err := url.Parse(s)
	if err != nil {
		return Target{}, inWords(authorityOf(s), err)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return Target{}, fmt.Errorf("the scheme is %s, and only http and https can be forwarded to", u.Scheme)
	case strings.Contains(s, "#"):
		return Target{}, errors.New("it has a fragment (#…), which is never sent to a server")
	}
	t := Target{query: EscapeNonASCII(u.RawQuery)}
	if t.origin, err = parseOrigin(u); err != nil {
		return Target{}, err
	}
	if path := u.EscapedPath(); path != "/" {
		t.path = EscapeNonASCII(path)
	}
	return t, nil
}

// inWords says what net/url does not accept about a target, whose host and
// port are authority.
func inWords(authority string, err error) error {
	var (
		escape url.EscapeError
		parse  *url.Error
	)
	colon := strings.LastIndexByte(authority, ':')
	switch {
	case errors.As(err, &escape):
		return fmt.Errorf("%s is not a percent-encoded byte, such as %%20", string(escape))
	case strings.HasPrefix(authority, "["):
		return fmt.Errorf("%s is not an IPv6 address in brackets, such as [::1]:3000", authority)
	case isIPv6(authority):
		return fmt.Errorf("write an IPv6 address in brackets, such as [%s]", authority)
	case strings.Count(authority, ":") > 1:
		return errors.New("it has more than one port")
	case colon >= 0 && !isDigits(authority[colon+1:]):
		return fmt.Errorf("port %q is not a number from 1 to 65535", authority[colon+1:])
	case errors.As(err, &parse):
		return parse.Err
	}
	return err
}

func isIPv6(s string) bool {
	addr, err := netip.ParseAddr(s)
	return err == nil && addr.Is6()
}

var errUser = errors.New("it has a user name; pass credentials with --header 'Authorization: …'")

// authorityOf is what stands before the path of a URL, with or without scheme.
func authorityOf(s string) string {
	if i := strings.Index(s, "://"); i >= 0 && !strings.ContainsAny(s[:i], "/?#") {
		s = s[i+3:]
	}
	if i := strings.IndexAny(s, "/?#"); i >= 0 {
		s = s[:i]
	}
	return s
}

// withScheme completes the short forms to a URL.
func withScheme(s string) string {
	if i := strings.Index(s, "://"); i >= 0 && !strings.ContainsAny(s[:i], "/?#") {
		return s
	}
	switch host := authorityOf(s); {
	case isDigits(host):
		return "http://localhost:" + s
	case strings.HasPrefix(host, ":") && isDigits(host[1:]):
		return "http://localhost" + s
	}
	return "http://" + s
}

func parseOrigin(u *url.URL) (Origin, error) {
	o := Origin{tls: u.Scheme == "https", host: strings.ToLower(u.Hostname()), port: 80}
	if o.tls {
		o.port = 443
	}
	if err := checkHost(o.host, strings.HasPrefix(u.Host, "[")); err != nil {
		return o, err
	}
	if strings.HasSuffix(u.Host, ":") {
		return o, errors.New("the port is missing after the colon")
	}
	if port := u.Port(); port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return o, fmt.Errorf("port %s is out of range; it goes from 1 to 65535", port)
		}
		o.port = uint16(n)
	}
	return o.named(), nil
}

// named fills in the fields that follow from the others.
func (o Origin) named() Origin {
	scheme, port := "http", uint16(80)
	if o.tls {
		scheme, port = "https", 443
	}
	o.authority = o.host
	if strings.Contains(o.host, ":") {
		o.authority = "[" + o.host + "]"
	}
	if o.port != port {
		o.authority += ":" + strconv.Itoa(int(o.port))
	}
	o.url = scheme + "://" + o.authority
	if o.socket != "" {
		o.url = "unix:" + o.socket
	}
	return o
}

func checkHost(host string, bracketed bool) error {
	switch {
	case host == "":
		return errors.New("the host is missing")
	case bracketed:
		if !isIPv6(host) {
			return fmt.Errorf("[%s] is not an IPv6 address", host)
		}
		if strings.Contains(host, "%") {
			return errors.New("an IPv6 zone cannot be sent in a Host header")
		}
		return nil
	case strings.Contains(host, ":"):
		return fmt.Errorf("write an IPv6 address in brackets, such as [%s]", host)
	}
	for i := range len(host) {
		if !isHostByte(host[i]) {
			return fmt.Errorf("the host %q has a character that no host name has", host)
		}
	}
	return nil
}

func isHostByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_'
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// EscapeNonASCII percent-encodes the bytes of a path or a query that a URL does
// not have, as they are. What is encoded already does not change.
func EscapeNonASCII(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c >= 0x80 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// IsZero reports whether there is no target.
func (t Target) IsZero() bool { return t == Target{} }

// Origin is what to connect to.
func (t Target) Origin() Origin { return t.origin }

// Path is the path that replaces that of each request, percent-encoded; "" if
// requests keep their own.
func (t Target) Path() string { return t.path }

// Root is where the same app takes requests at their own path, with their own
// query.
func (t Target) Root() Target { return Target{origin: t.origin} }

// WithTLS is the same target with the scheme https, or http.
func (t Target) WithTLS(on bool) Target {
	t.origin.tls = on
	t.origin = t.origin.named()
	return t
}

// WithPath is the same target with a path of its own, percent-encoded.
func (t Target) WithPath(path string) Target {
	t.path = path
	return t
}

// String is the target as a full URL; "" for the zero value.
func (t Target) String() string {
	if t.IsZero() {
		return ""
	}
	return t.origin.URL(t.path, t.query)
}

// URL is what the app is asked for when a request has this path and this
// query, both percent-encoded.
func (t Target) URL(path, query string) string {
	return t.origin.URL(t.Resolve(path, query))
}

// Asterisk is the path of a request for no path at all, OPTIONS * (RFC 9112,
// 3.2.4). It stands in a request line alone.
const Asterisk = "*"

// JoinURL is the URL of a path and a query, both percent-encoded, at an origin
// such as http://127.0.0.1:3000. That of [Asterisk] is the origin's.
func JoinURL(origin, path, query string) string {
	if path == Asterisk {
		path = ""
	}
	if query == "" {
		return origin + path
	}
	return origin + path + "?" + query
}

// Short is the target as one would type it, without its query.
func (t Target) Short() string {
	switch {
	case t.origin.tls, t.origin.socket != "":
		return t.origin.URL(t.path, "")
	case t.origin.host == "localhost":
		return strconv.Itoa(int(t.origin.port)) + t.path
	}
	return t.origin.authority + t.path
}

// Resolve returns the path and the query that the app is asked for when a
// request has these: the target's own path replaces the request's, and the
// queries are joined.
func (t Target) Resolve(path, query string) (string, string) {
	if t.path != "" {
		path = t.path
	}
	if path == "" {
		path = "/"
	}
	switch {
	case t.query == "":
		return path, query
	case query == "":
		return path, t.query
	}
	return path, t.query + "&" + query
}
