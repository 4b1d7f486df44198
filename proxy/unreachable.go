package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"syscall"

	"github.com/taskhook/taskhook/httpwire"
)

// unreachable is the failure of an app to which there was no connection.
func unreachable(err *dialError, t httpwire.Target) *failure {
	reason, next := explainDial(err, t)
	return &failure{
		status: http.StatusBadGateway, title: "the app cannot be reached",
		text: t.Origin().String() + ": " + reason, next: next,
	}
}

// explainDial says why there was no connection, and one thing to do.
func explainDial(err error, t httpwire.Target) (reason, next string) {
	var (
		proxy     *proxyError
		handshake *handshakeError
	)
	o := t.Origin()
	switch {
	case errors.As(err, &proxy):
		return "through the proxy " + proxy.at + ": " + httpwire.Reason(proxy.err),
			"check HTTP_PROXY and HTTPS_PROXY, or name the host in NO_PROXY"
	case errors.As(err, &handshake):
		return explainHandshake(handshake.err, t)
	case o.Network() == "unix" && errors.Is(err, fs.ErrPermission):
		return httpwire.Reason(err), "may you write to the socket? ask for it with: ls -l " + o.Address()
	case o.Network() == "unix" && errors.Is(err, syscall.ENOTSOCK):
		return "it is no socket", "name the socket on which your app listens"
	case o.Network() == "unix":
		return httpwire.Reason(err), "is your app running on " + o.String() + "?"
	}
	return httpwire.Reason(err), "is your app running on " + o.Authority() + "?"
}

// explainHandshake says why there is no TLS, and one thing to do.
func explainHandshake(err error, t httpwire.Target) (reason, next string) {
	var (
		record tls.RecordHeaderError
		verify *tls.CertificateVerificationError
		host   x509.HostnameError
	)
	plain := "taskhook listen " + t.WithTLS(false).String()
	reason = httpwire.Reason(err)
	switch {
	case errors.As(err, &record):
		return "the app does not speak https", "use " + plain
	case errors.As(err, &host) && len(host.Certificate.DNSNames) > 0:
		name := strings.Replace(host.Certificate.DNSNames[0], "*", "www", 1)
		return reason, "name a host of the certificate with --host " + name + ", or add --insecure"
	case errors.As(err, &verify), errors.As(err, &host):
		return reason, "if the certificate is your own, add --insecure"
	case strings.Contains(reason, "no application protocol"):
		return errSpeaksHTTP2.Error(), nextHTTP2
	case httpwire.IsTimeout(err):
		return "the app did not shake hands over TLS", "if it speaks http, use " + plain
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "the app broke off the TLS handshake", "if it speaks http, use " + plain
	}
	return reason, "see the log of your app: the connection stood, and TLS did not"
}
