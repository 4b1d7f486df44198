package listener

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/taskhook/taskhook/httpwire"
)

// PortError is returned by [ListenLoopback] when the port is in use.
type PortError struct {
	Port  string
	Owner string // the program that listens there and its pid, "" if that cannot be seen
	Free  string // an address that was free a moment ago, "" if none was found
}

// Error names the port and who has it.
func (e *PortError) Error() string {
	if e.Owner == "" {
		return fmt.Sprintf("port %s is in use", e.Port)
	}
	return fmt.Sprintf("port %s is in use by %s", e.Port, e.Owner)
}

// ListenLoopback listens on an address, "host:port". An empty host is
// 127.0.0.1, and "" any free port there. The error is a *[PortError] when the
// port is in use. Whether the address may be another machine's to reach is for
// the caller to decide.
func ListenLoopback(ctx context.Context, addr string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(cmp.Or(addr, ":0"))
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	host = cmp.Or(host, "127.0.0.1")
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if httpwire.IsPortTaken(err) {
		return nil, portInUse(ctx, host, port)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, errors.Unwrap(err))
	}
	return ln, nil
}

// nextPorts is how many ports are tried after one that is in use.
const nextPorts = 50

// listenLoopback opens the loopback ingress: where the port is in use and was
// not asked for, on the next free one.
func (l *Listener) listenLoopback(ctx context.Context) (net.Listener, error) {
	ln, err := ListenLoopback(ctx, l.opts.Addr)
	var inUse *PortError
	if !l.opts.NextPort || !errors.As(err, &inUse) {
		return ln, err
	}
	host, text, _ := net.SplitHostPort(l.opts.Addr) // it was understood before
	port, _ := strconv.Atoi(text)
	var lc net.ListenConfig
	for next := port + 1; next <= min(port+nextPorts, maxPort); next++ {
		ln, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(next)))
		if err == nil {
			l.warn("%s: receiving on %s; choose a port with --addr", inUse, ln.Addr())
			return ln, nil
		}
	}
	return nil, inUse
}

const maxPort = 65535

// portInUse finds out who has the port, where the system tells, and a free one.
func portInUse(ctx context.Context, host, port string) error {
	e := &PortError{Port: port}
	if n, err := strconv.Atoi(port); err == nil {
		e.Owner = portOwner(n)
	}
	var lc net.ListenConfig
	if ln, err := lc.Listen(ctx, "tcp", net.JoinHostPort(host, "0")); err == nil {
		e.Free = ln.Addr().String()
		_ = ln.Close()
	}
	return e
}
