package proxy

import (
	"bufio"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/taskhook/taskhook/format"
)

// serverTLS has a certificate that nobody trusts.
func serverTLS() *tls.Config {
	srv := httptest.NewTLSServer(nil)
	srv.Close()
	return srv.TLS.Clone()
}

// silentTLS is an app that speaks TLS and has no word for who does not.
func silentTLS(t *testing.T, change func(*tls.Config)) string {
	config := serverTLS()
	config.NextProtos = nil
	change(config)
	return rawApp(t, func(c net.Conn, _ int) {
		br := bufio.NewReader(c)
		if first, err := br.Peek(1); err != nil || first[0] != 0x16 {
			return
		}
		secure := tls.Server(readFrom{c, br}, config)
		if secure.Handshake() == nil {
			_, _ = io.Copy(io.Discard, secure)
		}
	})
}

// readFrom is a connection of which some bytes have been read ahead.
type readFrom struct {
	net.Conn
	ahead io.Reader
}

func (r readFrom) Read(p []byte) (int, error) { return r.ahead.Read(p) }

// serverOfHTTP2 is an app on Go's own server that takes no HTTP/1.1.
func serverOfHTTP2(t *testing.T) string {
	srv := httptest.NewUnstartedServer(nil)
	srv.Config.Protocols = new(http.Protocols)
	srv.Config.Protocols.SetUnencryptedHTTP2(true)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.Start()
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

func TestAnAppThatSpeaksSomethingElse(t *testing.T) {
	const settings, goAway = "\x00\x00\x00\x04\x00\x00\x00\x00\x00", "\x00\x00\x08\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"
	silentHTTP2 := rawApp(t, func(c net.Conn, _ int) {
		preface := make([]byte, len(http2Preface))
		if _, err := io.ReadFull(c, preface); err == nil && string(preface) == http2Preface {
			_, _ = io.WriteString(c, settings)
			_, _ = io.Copy(io.Discard, c)
		}
	})
	closing := rawApp(t, func(c net.Conn, _ int) { _, _ = c.Read(make([]byte, 1)) })
	tests := []struct {
		name, target string
		want, next   string
	}{
		{"https, without a word", silentTLS(t, func(*tls.Config) {}), "the app speaks https", "use taskhook listen https://127.0.0.1:"},
		{"https of an old version", silentTLS(t, func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 }),
			"the app speaks https", "use taskhook listen https://127.0.0.1:"},
		{"HTTP/2 at once", rawApp(t, func(c net.Conn, _ int) { _, _ = io.WriteString(c, settings+goAway); _, _ = io.Copy(io.Discard, c) }),
			"the app speaks only HTTP/2", "HTTP/1.1"},
		{"HTTP/2 after the preface", silentHTTP2, "the app speaks only HTTP/2", "HTTP/1.1"},
		{"a server of HTTP/2 alone", serverOfHTTP2(t), "the app speaks only HTTP/2", "HTTP/1.1"},
		{"no HTTP/1.1 within TLS", "https://" + silentTLS(t, func(c *tls.Config) { c.NextProtos = []string{"grpc-exp"} }),
			"the app speaks only HTTP/2", "HTTP/1.1"},
		{"no https", "https://" + closing, "the app broke off the TLS handshake", "taskhook listen http://127.0.0.1:"},
		{"neither", closing, "closed the connection without an answer", "app's log"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, tt.target, func(o *Options) { o.Insecure = true })
			resp, body := r.post("/hook", "{}")
			m := r.message(body)
			if resp.StatusCode != http.StatusBadGateway || !strings.Contains(m.Reason, tt.want) || !strings.Contains(m.Next, tt.next) {
				t.Errorf("answered %d %s", resp.StatusCode, body)
			}
		})
	}
}

func TestAnAnswerThatWantsHTTPSHasAHint(t *testing.T) {
	addr := strings.TrimPrefix(newTLSApp(t), "https://")
	r := newRig(t, addr)
	if resp, _ := r.post("/", "{}"); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("answered %d", resp.StatusCode)
	}
	if a := r.store.attempt(t); a.Hint != "your app speaks https on this port: use taskhook listen https://"+addr {
		t.Errorf("the hint is %q", a.Hint)
	}
}

// An app that answered before speaks HTTP: where it crashes on an event,
// nothing more is sent to it.
func TestAnAppThatIsKnownIsNotAskedWhatItSpeaks(t *testing.T) {
	var conns atomic.Int32
	addr := rawApp(t, func(c net.Conn, n int) {
		conns.Add(1)
		if _, _, err := readRequest(bufio.NewReader(c)); err == nil && n == 1 {
			_, _ = io.WriteString(c, okAnswer)
			_, _, _ = readRequest(bufio.NewReader(c))
		}
	})
	r := newRig(t, addr)
	for _, want := range []int{200, 429, 502} { // at last on a connection of its own
		if resp, body := r.post("/", "{}"); resp.StatusCode != want {
			t.Errorf("answered %d %s", resp.StatusCode, body)
		}
	}
	if conns.Load() != 2 {
		t.Errorf("%d connections", conns.Load())
	}
}

func TestTLSAsksForTheHostThatIsSent(t *testing.T) {
	tests := []struct{ host, want string }{
		{HostRewrite, "tenant1.localhost"}, {HostPreserve, "tenant1.localhost"},
		{"app.test", "app.test"}, {"app.test:8443", "app.test"},
	}
	for _, tt := range tests {
		asked := make(chan string, 1)
		addr := silentTLS(t, func(c *tls.Config) {
			c.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
				asked <- hello.ServerName
				return nil, nil
			}
		})
		_, port, _ := net.SplitHostPort(addr)
		r := newRig(t, "https://tenant1.localhost:"+port, func(o *Options) { o.Host = tt.host })
		if r.post("/", "{}"); <-asked != tt.want {
			t.Errorf("with the host %s, TLS asks for another than %s", tt.host, tt.want)
		}
	}
}

func TestACertificateErrorIsToldWhole(t *testing.T) {
	tests := []struct {
		name       string
		host       string
		change     func(*tls.Config)
		want, next string
	}{
		{"another name", "app.test", func(*tls.Config) {}, "x509: certificate is valid for example.com, *.example.com, not app.test", "--host example.com"},
		{"nobody vouches for it", "example.com", func(*tls.Config) {}, "x509: certificate signed by unknown authority", "--insecure"},
		{"the app wants one, too", "example.com", func(c *tls.Config) {
			c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
		}, "remote error: tls: ", "log of your app"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, "https://"+silentTLS(t, tt.change), func(o *Options) {
				o.Host, o.Insecure = tt.host, strings.Contains(tt.want, "remote")
			})
			_, body := r.post("/", "{}")
			if m := r.message(body); !strings.Contains(m.Reason, tt.want) || !strings.Contains(m.Next, tt.next) {
				t.Errorf("answered %s", body)
			}
			now, _ := r.proxy.Apps()[0].Probe(t.Context())
			if text := format.Health(now); !strings.Contains(text, tt.want) || !strings.HasPrefix(text, "does not answer: ") {
				t.Errorf("the app %s", text)
			}
		})
	}
}
