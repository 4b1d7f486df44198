package proxy

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"time"

	"github.com/taskhook/taskhook/httpwire"
)

// handshakeTime bounds the TLS handshake: an app that speaks http waits for
// the end of a request that never comes.
const handshakeTime = 10 * time.Second

// dialError is returned when there was no connection: the app got nothing.
type dialError struct{ err error }

func (e *dialError) Error() string { return e.err.Error() }
func (e *dialError) Unwrap() error { return e.err }

// handshakeError is what ended a TLS handshake.
type handshakeError struct{ err error }

func (e *handshakeError) Error() string { return e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }

// dialer opens connections to the app.
type dialer struct {
	insecure bool
	// serverName is whom TLS asks for; "": the target's host.
	serverName string
	// via returns the proxy towards a URL, nil if there is none; nil: there
	// never is.
	via func(*url.URL) (*url.URL, error)
	tcp httpwire.Dialer
}

// dial connects, and for https shakes hands. Its errors are *dialError.
func (d *dialer) dial(ctx context.Context, o httpwire.Origin) (net.Conn, error) {
	c, err := d.connect(ctx, o)
	if err == nil && o.TLS() {
		c, err = d.secure(ctx, c, o)
	}
	if err != nil {
		return nil, &dialError{err}
	}
	return c, nil
}

// connect connects to an origin or, where one is in between, to it through a
// proxy.
func (d *dialer) connect(ctx context.Context, o httpwire.Origin) (net.Conn, error) {
	if d.via != nil && !o.IsLoopback() {
		proxy, err := d.via(&url.URL{Scheme: scheme(o), Host: o.Authority()})
		if err != nil {
			return nil, &proxyError{err: err}
		}
		if proxy != nil {
			return d.connectVia(ctx, proxy, o)
		}
	}
	return d.tcp.DialContext(ctx, o.Network(), o.Address())
}

func scheme(o httpwire.Origin) string {
	if o.TLS() {
		return "https"
	}
	return "http"
}

// secure shakes hands with the app. On an error the connection is closed.
func (d *dialer) secure(ctx context.Context, c net.Conn, o httpwire.Origin) (net.Conn, error) {
	name := d.serverName
	if name == "" {
		name = o.Host()
	}
	return handshake(ctx, c, &tls.Config{
		ServerName:         name,
		InsecureSkipVerify: d.insecure, //nolint:gosec // asked for with --insecure
		NextProtos:         []string{"http/1.1"},
	})
}

func handshake(ctx context.Context, c net.Conn, config *tls.Config) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	secure := tls.Client(c, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, &handshakeError{err}
	}
	return secure, nil
}

// nameOf is the name in a Host header, which TLS asks for.
func nameOf(host string) string {
	switch host {
	case "", HostRewrite, HostPreserve:
		return ""
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}
