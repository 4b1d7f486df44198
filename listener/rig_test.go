package listener

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter/jq"
)

var (
	_ control.Source = (*Stored)(nil)
	_ control.Source = (*Listener)(nil)
	_ proxy.Verifier = (*ingressVerifier)(nil)
)

func TestMain(m *testing.M) {
	if jq.Asked(os.Args[1:]) {
		os.Exit(jq.Serve(os.Stdin, os.Stdout))
	}
	// The SDK of ngrok leaves these behind for a heartbeat's time.
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("golang.ngrok.com/muxado/v2.(*Heartbeat).check"),
		goleak.IgnoreAnyFunction("golang.ngrok.com/muxado/v2.(*Heartbeat).requester"))
}

// testTime bounds every wait of a test; nothing waits that long unless it is
// broken.
const testTime = 20 * time.Second

// rig is an open listener.
type rig struct {
	*Listener
	t       *testing.T
	notices chan Notice
}

// testOptions are those of a listener on a data directory of its own, in front
// of an app.
func testOptions(t *testing.T, app string) Options {
	t.Helper()
	target, err := httpwire.ParseTarget(app)
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Dir: t.TempDir(), Project: "test", Version: "1",
		Proxy: proxy.Options{Targets: []httpwire.Target{target}},
	}
}

// open opens a listener that is closed with the test.
func open(t *testing.T, o Options) *rig {
	t.Helper()
	r := &rig{t: t, notices: make(chan Notice, 100)}
	o.Notify = func(n Notice) { r.notices <- n }
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	r.Listener = l
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

// run runs the listener until the test ends, or the returned function was
// called, which returns Run's error.
func (r *rig) run() (stop func() error) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	stopped := false
	stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-ended
	}
	r.t.Cleanup(func() { _ = stop() })
	return stop
}

// hears waits for a notice that contains a text.
func (r *rig) hears(text string) Notice {
	r.t.Helper()
	for deadline := time.After(testTime); ; {
		select {
		case n := <-r.notices:
			if strings.Contains(n.Text, text) {
				return n
			}
		case <-deadline:
			r.t.Fatalf("nothing was said of %q", text)
		}
	}
}

// await waits until the listener, as it describes itself, is as wanted. It
// looks only when a hint comes.
func (r *rig) await(what string, holds func(webhook.Listener) bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), testTime)
	defer cancel()
	hints, err := r.Watch(ctx)
	if err != nil {
		r.t.Fatal(err)
	}
	for {
		d, err := r.Listener.Listener(ctx)
		if err != nil {
			r.t.Fatalf("%s: %v", what, err)
		}
		if holds(d) {
			return
		}
		if _, open := <-hints; !open {
			r.t.Fatalf("%s: no hint came of it", what)
		}
	}
}

// post sends a body to the loopback ingress and returns the status.
func (r *rig) post(header http.Header, body []byte) int {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.local+"/webhooks", bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if header != nil {
		req.Header = header.Clone()
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode
}

// newApp is an app on a real socket; it returns its address.
func newApp(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

func ok(http.ResponseWriter, *http.Request) {}

// freePort is a port of 127.0.0.1 on which nothing listens.
func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	return ln.Addr().String()
}

// testSigner signs with the test keys "a" or "b".
func testSigner(t *testing.T, which string) (s taskee.Signer) {
	t.Helper()
	s.RSA = privateKey[*rsa.PrivateKey](t, "rsa4096-"+which)
	s.Ed25519 = privateKey[ed25519.PrivateKey](t, "ed25519-"+which)
	return s
}

func privateKey[K any](t *testing.T, name string) K {
	t.Helper()
	block, _ := pem.Decode(readTestKey(t, name+".private"))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return parsed.(K)
}

func readTestKey(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "keys", "test-"+name+".pem"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// installKeys makes the test keys "a" or "b" the development pair of a data
// directory.
func installKeys(t *testing.T, dir, which string) {
	t.Helper()
	for file, key := range map[string]string{DevRSAFile: "rsa4096-", DevEd25519File: "ed25519-"} {
		if err := os.WriteFile(filepath.Join(dir, file), readTestKey(t, key+which), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
