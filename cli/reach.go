package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/taskhook/taskhook/httpwire"
)

// via returns the proxy that the environment names for a URL, nil for none.
// What is on this machine is always reached directly, under every name.
func (a *app) via() func(*url.URL) (*url.URL, error) {
	named := (&httpproxy.Config{
		HTTPProxy:  cmp.Or(a.env("HTTP_PROXY"), a.env("http_proxy")),
		HTTPSProxy: cmp.Or(a.env("HTTPS_PROXY"), a.env("https_proxy")),
		NoProxy:    cmp.Or(a.env("NO_PROXY"), a.env("no_proxy")),
	}).ProxyFunc()
	return func(u *url.URL) (*url.URL, error) {
		if httpwire.IsLoopback(u.Host) {
			return nil, nil //nolint:nilnil // as of http.ProxyFromEnvironment
		}
		return named(u)
	}
}

// transportTo returns a transport that reaches a target as a listener does, and
// the URL that it has to be asked for: for a unix socket that is another. The
// caller closes its idle connections.
func (a *app) transportTo(target string) (*http.Transport, string) {
	via, dialer := a.via(), new(httpwire.Dialer)
	t := &http.Transport{
		Proxy:       func(r *http.Request) (*url.URL, error) { return via(r.URL) },
		DialContext: dialer.DialContext,
	}
	at, err := httpwire.ParseTarget(target)
	if err != nil || at.Origin().Network() != "unix" {
		return t, target
	}
	t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, at.Origin().Network(), at.Origin().Address())
	}
	return t, at.HTTPURL()
}

// unreachedHint is one thing to do about an error of a transport towards a URL.
func unreachedHint(err error, url string) string {
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return "if the certificate is your own, post to a listener that accepts it: taskhook listen " + url + " --insecure"
	case errors.Is(err, http.ErrSchemeMismatch):
		return "your app speaks http: --to http" + strings.TrimPrefix(url, "https")
	case httpwire.ClosedUnanswered(err):
		return "look at your app's log; or does it speak https, or only HTTP/2?"
	}
	return "is your app running, and is this its address? " + url
}
