package proxy

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/taskhook/taskhook/httpwire"
)

// dialError is returned when there was no connection: the app got nothing.
type dialError struct{ err error }

func (e *dialError) Error() string { return e.err.Error() }
func (e *dialError) Unwrap() error { return e.err }

// dialer opens connections to the app.
type dialer struct {
	insecure bool
	tcp      httpwire.Dialer
}

// dial connects, and for https shakes hands. Its errors are *dialError.
func (d *dialer) dial(ctx context.Context, o httpwire.Origin) (net.Conn, error) {
	c, err := d.tcp.DialContext(ctx, o.Network(), o.Address())
	if err != nil {
		return nil, &dialError{err}
	}
	if !o.TLS() {
		return c, nil
	}
	secure := tls.Client(c, &tls.Config{
		ServerName:         o.Host(),
		InsecureSkipVerify: d.insecure, //nolint:gosec // asked for with --insecure
		NextProtos:         []string{"http/1.1"},
	})
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, &dialError{err}
	}
	return secure, nil
}
