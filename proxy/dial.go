package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
)

// dialError says that no connection came about: the app has seen nothing.
type dialError struct{ err error }

func (e *dialError) Error() string { return e.err.Error() }
func (e *dialError) Unwrap() error { return e.err }

// dialer opens connections to the app.
type dialer struct {
	insecure bool
	// connect opens a TCP connection; nil: net.Dialer does.
	connect func(ctx context.Context, network, address string) (net.Conn, error)
	// preferred is the loopback address that answered last for "localhost":
	// apps listen on 127.0.0.1, on ::1 or on both, and rarely change.
	preferred atomic.Int32
}

// loopback are the two meanings of localhost, in the order they are tried.
var loopback = [...]string{"127.0.0.1", "::1"}

// dial connects, and for https shakes hands. Its errors are *dialError.
func (d *dialer) dial(ctx context.Context, o origin) (net.Conn, error) {
	c, err := d.dialTCP(ctx, o)
	if err != nil {
		return nil, &dialError{err}
	}
	if !o.tls {
		return c, nil
	}
	secure := tls.Client(c, &tls.Config{
		ServerName:         o.host,
		InsecureSkipVerify: d.insecure, //nolint:gosec // asked for with --insecure
		NextProtos:         []string{"http/1.1"},
	})
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, &dialError{err}
	}
	return secure, nil
}

func (d *dialer) dialTCP(ctx context.Context, o origin) (net.Conn, error) {
	port := strconv.Itoa(int(o.port))
	connect := d.connect
	if connect == nil {
		connect = new(net.Dialer).DialContext
	}
	if o.host != "localhost" {
		return connect(ctx, "tcp", net.JoinHostPort(o.host, port))
	}
	first := d.preferred.Load()
	var errs [len(loopback)]error
	for try := range int32(len(loopback)) {
		i := (first + try) % int32(len(loopback))
		c, err := connect(ctx, "tcp", net.JoinHostPort(loopback[i], port))
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

// joinLoopback makes one sentence of what the two addresses said. A machine
// without IPv6 has nothing to say about ::1.
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

// reason is what the system says about a failed dial, without the names of
// system calls and addresses.
func (e *dialError) reason() string {
	var dns *net.DNSError
	if errors.As(e.err, &dns) {
		return "unknown host " + dns.Name
	}
	if isTimeout(e.err) {
		return "no connection within the time limit"
	}
	var op *net.OpError
	if !errors.As(e.err, &op) {
		return e.err.Error()
	}
	leaf := op.Err
	for next := errors.Unwrap(leaf); next != nil; next = errors.Unwrap(leaf) {
		leaf = next
	}
	return leaf.Error()
}
