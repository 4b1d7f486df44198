package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"

	socks "golang.org/x/net/proxy"

	"github.com/taskhook/taskhook/httpwire"
)

// proxyError is returned when the connection failed at the proxy before the app.
type proxyError struct {
	at  string // its host and port, "" if the proxy itself is not understood
	err error
}

func (e *proxyError) Error() string { return "the proxy " + e.at + ": " + e.err.Error() }
func (e *proxyError) Unwrap() error { return e.err }

// viaProxy is a connection to a proxy that takes requests for any host: their
// request lines have the whole URL.
type viaProxy struct {
	net.Conn
	authorization string // for the proxy, "" if it wants none
}

// connectVia connects to an origin through a proxy. Its errors are *proxyError.
func (d *dialer) connectVia(ctx context.Context, proxy *url.URL, o httpwire.Origin) (net.Conn, error) {
	c, err := d.openVia(ctx, proxy, o)
	if err != nil {
		return nil, &proxyError{proxyAddress(proxy), err}
	}
	return c, nil
}

func (d *dialer) openVia(ctx context.Context, proxy *url.URL, o httpwire.Origin) (net.Conn, error) {
	switch proxy.Scheme {
	case "http", "https":
	case "socks5", "socks5h":
		return d.connectSOCKS(ctx, proxy, o)
	default:
		return nil, fmt.Errorf("its scheme is %s, and http, https and socks5 are known", proxy.Scheme)
	}
	c, err := d.tcp.DialContext(ctx, "tcp", proxyAddress(proxy))
	if err == nil && proxy.Scheme == "https" {
		c, err = handshake(ctx, c, &tls.Config{ServerName: proxy.Hostname(), NextProtos: []string{"http/1.1"}})
	}
	if err != nil {
		return nil, err
	}
	authorization := basicAuth(proxy.User)
	if !o.TLS() {
		return &viaProxy{c, authorization}, nil
	}
	if err := openTunnel(ctx, c, o.Address(), authorization); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

func (d *dialer) connectSOCKS(ctx context.Context, proxy *url.URL, o httpwire.Origin) (net.Conn, error) {
	var auth *socks.Auth
	if u := proxy.User; u != nil {
		password, _ := u.Password()
		auth = &socks.Auth{User: u.Username(), Password: password}
	}
	s, err := socks.SOCKS5("tcp", proxyAddress(proxy), auth, contextDialer{&d.tcp})
	if err != nil {
		return nil, err
	}
	return s.(socks.ContextDialer).DialContext(ctx, "tcp", o.Address())
}

// contextDialer is a dialer as the SOCKS client wants it.
type contextDialer struct{ *httpwire.Dialer }

func (d contextDialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// openTunnel asks a proxy for a connection to an address. Nothing comes through
// it before the handshake of TLS has begun, so that nothing is lost with the
// reader.
func openTunnel(ctx context.Context, c net.Conn, address, authorization string) error {
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	head := "CONNECT " + address + " HTTP/1.1\r\nHost: " + address + "\r\n"
	if authorization != "" {
		head += "Proxy-Authorization: " + authorization + "\r\n"
	}
	if _, err := c.Write([]byte(head + "\r\n")); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: http.MethodConnect})
	if err != nil {
		return fmt.Errorf("read its answer to CONNECT: %w", err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("it answered %s to CONNECT", resp.Status)
	}
	return nil
}

// proxyAddress is the host and the port of a proxy.
func proxyAddress(proxy *url.URL) string {
	port := proxy.Port()
	if port == "" {
		port = map[string]string{"https": "443", "socks5": "1080", "socks5h": "1080"}[proxy.Scheme]
	}
	if port == "" {
		port = "80"
	}
	return net.JoinHostPort(proxy.Hostname(), port)
}

func basicAuth(user *url.Userinfo) string {
	if user == nil {
		return ""
	}
	password, _ := user.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password))
}
