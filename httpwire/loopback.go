package httpwire

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
)

// IsLoopback reports whether a host is this machine alone: localhost, a name
// under it (RFC 6761), or a loopback address. It may have a port and, as an
// IPv6 address, brackets.
func IsLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return isLocalhost(host) || ip != nil && ip.IsLoopback()
}

// isLocalhost reports whether a name is localhost or under it, in any case, as
// a relative name or an absolute one with a dot at its end.
func isLocalhost(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// loopback are the two meanings of localhost, in the order they are tried.
var loopback = [...]string{"127.0.0.1", "::1"}

// Dialer opens connections. For localhost and the names under it, which never
// go to a DNS server, it tries both loopback addresses, first the one that
// answered last: apps listen on 127.0.0.1, on ::1 or on both, and rarely change. The zero value is ready to use; a Dialer
// may be used by several goroutines.
type Dialer struct {
	// Connect opens a connection to one address; nil: a [net.Dialer] does.
	Connect func(ctx context.Context, network, address string) (net.Conn, error)

	preferred atomic.Int32 // index into loopback
}

// DialContext connects to host:port. For localhost, the error has what both
// addresses said.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	connect := d.Connect
	if connect == nil {
		connect = new(net.Dialer).DialContext
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || network == "unix" || !isLocalhost(host) {
		return connect(ctx, network, address)
	}
	first := d.preferred.Load()
	var errs [len(loopback)]error
	for try := range int32(len(loopback)) {
		i := (first + try) % int32(len(loopback))
		c, err := connect(ctx, network, net.JoinHostPort(loopback[i], port))
		if err == nil {
			d.preferred.Store(i)
			return c, nil
		}
		errs[i] = err
		if ctx.Err() != nil {
			break
		}
	}
	return nil, joinLoopback(errs)
}

// joinLoopback makes one error of what the two addresses said. What was not
// tried says nothing.
func joinLoopback(errs [len(loopback)]error) error {
	four, six := errs[0], errs[1]
	switch {
	case four == nil:
		return six
	case six == nil:
		return four
	}
	return fmt.Errorf("%w; %w", four, six)
}
