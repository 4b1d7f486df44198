package tunnel

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/taskhook/taskhook/tunnel/fakengrok"
	"github.com/taskhook/taskhook/webhook"
)

// token is what the edge accepts and what must never be seen anywhere.
const token = "2abcDEFghiJKLmnoPQRstu_7vwXYZ0123456789abcde"

// patience is far more than anything here takes.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		// The SDK leaves these behind for a heartbeat's time, and a pause
		// between its attempts that nothing interrupts.
		ignore := []goleak.Option{
			goleak.IgnoreAnyFunction("golang.ngrok.com/muxado/v2.(*Heartbeat).check"),
			goleak.IgnoreAnyFunction("golang.ngrok.com/muxado/v2.(*Heartbeat).requester"),
		}
		var err error
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
			if err = goleak.Find(ignore...); err == nil {
				break
			}
		}
		if err != nil {
			_, _ = io.WriteString(os.Stderr, err.Error()+"\n")
			code = 1
		}
	}
	os.Exit(code)
}

// startEdge is an edge that accepts token alone.
func startEdge(t *testing.T) *fakengrok.Edge {
	t.Helper()
	e, err := fakengrok.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close the edge: %v", err)
		}
	})
	e.RequireToken(token)
	return e
}

// book is a log that can be read while it is written.
type book struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *book) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *book) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// options are those for an edge; everything is logged, and the log is checked
// for the authtoken when the test ends.
func options(t *testing.T, e *fakengrok.Edge) (Options, *book) {
	t.Helper()
	var log book
	t.Cleanup(func() {
		if strings.Contains(log.String(), token) {
			t.Error("the authtoken is in the log")
		}
	})
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return Options{Authtoken: token, ConnectURL: e.Addr(), CA: e.CA(), Logger: logger, Version: "1.2.3"}, &log
}

// openTunnel opens a tunnel that the test closes.
func openTunnel(t *testing.T, o Options) *Tunnel {
	t.Helper()
	tun, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tun.Close(); err != nil {
			t.Errorf("close the tunnel: %v", err)
		}
	})
	return tun
}

// serve serves a handler on the tunnel's listener until the test ends; the
// returned channel has what Serve returned.
func serve(t *testing.T, tun *Tunnel, h http.HandlerFunc) <-chan error {
	t.Helper()
	srv := &http.Server{Handler: h}
	ended := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { ended <- srv.Serve(tun.Listener()) })
	t.Cleanup(func() {
		_ = srv.Close()
		wg.Wait()
	})
	return ended
}

// await polls a condition, since a tunnel's state is read and not announced.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !is(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func awaitState(t *testing.T, tun *Tunnel, want webhook.TunnelState) webhook.Tunnel {
	t.Helper()
	var got webhook.Tunnel
	await(t, "the tunnel is "+string(want), func() bool {
		got = tun.Status()
		return got.State == want
	})
	return got
}

// call sends one request to a public URL.
func call(t *testing.T, e *fakengrok.Edge, method, address string, header http.Header, body string) (*http.Response, string) {
	t.Helper()
	client := e.Client()
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(got)
}

// echo answers the body.
func echo(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }

// closedPort is a loopback address where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}
