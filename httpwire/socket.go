package httpwire

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// maxSocketPath is the longest path of a unix socket, in bytes, on the system
// that allows most.
const maxSocketPath = 107

// cutSocket takes the scheme off a target that is a unix socket. unix:3000 is
// a port of the host unix.
func cutSocket(s string) (rest string, ok bool) {
	const scheme = "unix:"
	if len(s) < len(scheme) || !strings.EqualFold(s[:len(scheme)], scheme) {
		return "", false
	}
	rest = s[len(scheme):]
	return rest, rest == "" || !isDigits(authorityOf(rest))
}

// parseSocket understands what stands behind "unix:": the path of a socket,
// and behind a further colon the path and the query of the requests, as nginx
// writes it. A relative path is made absolute, so that it means the same in
// other processes.
func parseSocket(rest string) (Target, error) {
	const example = "such as unix:/run/app.sock"
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		if !strings.HasPrefix(after, "/") {
			return Target{}, errors.New("write the whole path of the socket, " + example)
		}
		rest = after
	}
	volume := filepath.VolumeName(rest)
	socket, wanted, _ := strings.Cut(rest[len(volume):], ":")
	socket = volume + socket
	switch {
	case socket == "" || strings.HasSuffix(socket, "/"):
		return Target{}, errors.New("the path of the socket is missing; write it " + example)
	case strings.HasPrefix(socket, "~"):
		return Target{}, errors.New("~ means your home directory in a shell only; write the whole path, " + example)
	case strings.ContainsFunc(socket, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return Target{}, errors.New("it has a control character")
	case wanted != "" && wanted[0] != '/' && wanted[0] != '?':
		return Target{}, fmt.Errorf("what follows the socket is not a path such as %s:/webhooks", socket)
	}
	if !strings.HasPrefix(socket, "@") { // a name without a file, on Linux
		var err error
		if socket, err = filepath.Abs(socket); err != nil {
			return Target{}, fmt.Errorf("find the socket: %w", err)
		}
	}
	if len(socket) > maxSocketPath {
		return Target{}, fmt.Errorf("the path of a socket has at most %d bytes, and this one %d", maxSocketPath, len(socket))
	}
	t, err := parseTarget("http://localhost" + wanted)
	if err != nil {
		return Target{}, err
	}
	t.origin.socket = socket
	t.origin = t.origin.named()
	return t, nil
}

// Network is how the origin is reached: "tcp", or "unix" for a socket.
func (o Origin) Network() string {
	if o.socket != "" {
		return "unix"
	}
	return "tcp"
}

// IsLoopback reports whether the origin is on this machine alone.
func (o Origin) IsLoopback() bool { return o.socket != "" || IsLoopback(o.host) }

// URL is the origin with a path, percent-encoded, and a query. For a unix
// socket it is what ParseTarget reads: unix:/run/app.sock:/path.
func (o Origin) URL(path, query string) string {
	origin := o.url
	if o.socket != "" && (path != "" && path != Asterisk || query != "") {
		origin += ":"
	}
	return JoinURL(origin, path, query)
}

// HTTPURL is the target as programs know it that speak HTTP and no unix
// sockets: there the host is localhost.
func (t Target) HTTPURL() string {
	if t.origin.socket == "" {
		return t.String()
	}
	return JoinURL("http://"+t.origin.authority, t.path, t.query)
}

// LocalhostPort is the port of an origin on this machine that is reached on
// both loopback addresses; false: it is named by an address, or elsewhere.
func (o Origin) LocalhostPort() (int, bool) {
	return int(o.port), o.socket == "" && isLocalhost(o.host)
}
