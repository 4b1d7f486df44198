package proxy

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

// nullStore forgets everything.
type nullStore struct{}

func (nullStore) PutEvent(_ context.Context, e *webhook.Event) error { e.ID, e.Try = 1, 1; return nil }
func (nullStore) PutAttempt(context.Context, *webhook.Attempt, *webhook.Answer) error {
	return nil
}
func (nullStore) QueueAttempt(webhook.Attempt, webhook.Answer) {}
func (nullStore) PutAnswer(context.Context, webhook.ID, webhook.Answer) error {
	return nil
}
func (nullStore) Event(context.Context, webhook.ID) (webhook.Event, error) {
	return webhook.Event{}, webhook.ErrNotFound
}
func (nullStore) Summary(context.Context, webhook.ID) (webhook.Summary, error) {
	return webhook.Summary{}, webhook.ErrNotFound
}

func (nullStore) Attempts(context.Context, webhook.ID) ([]webhook.Attempt, error) { return nil, nil }
func (nullStore) Read(context.Context, webhook.Query) iter.Seq2[webhook.Chunk, error] {
	return func(func(webhook.Chunk, error) bool) {}
}

// BenchmarkForward compares the handler with the standard library's reverse
// proxy, without a store, without the client's side: one request of 2 KB
// through a real connection to an app.
func BenchmarkForward(b *testing.B) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"success":true}`)
	}))
	defer srv.Close()
	u, _ := url.Parse(srv.URL)
	target, err := httpwire.ParseTarget(u.Host)
	if err != nil {
		b.Fatal(err)
	}
	p := New(Options{Store: nullStore{}, Targets: []httpwire.Target{target}, Mode: ModeOff, MaxConnections: 64})
	defer func() { _ = p.Close(context.Background()) }()
	standard := httputil.NewSingleHostReverseProxy(u)
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	defer transport.CloseIdleConnections()
	standard.Transport = transport

	body := `{"type":"ContactCreate","webhookId":"11111111-1111-4111-8111-111111111111","note":"` + strings.Repeat("x", 2000) + `"}`
	for _, bb := range []struct {
		name string
		h    http.Handler
	}{{"ReverseProxy", standard}, {"Taskhook", p.Handler(webhook.SourceLocal, nil)}} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					req := httptest.NewRequest(http.MethodPost, "/webhooks", strings.NewReader(body))
					req.RequestURI = "/webhooks"
					w := httptest.NewRecorder()
					bb.h.ServeHTTP(w, req)
					if w.Code != http.StatusOK {
						b.Errorf("answered %d %s", w.Code, w.Body)
					}
				}
			})
		})
	}
}

// BenchmarkServe compares an ingress with and without the taps on its
// connections: one request of 2 KB after the other on one connection, without a
// store, answered in place of the app.
func BenchmarkServe(b *testing.B) {
	p := New(Options{Store: nullStore{}, Mode: ModeEnforce})
	defer func() { _ = p.Close(context.Background()) }()
	unsigned := verdict{Status: webhook.Unsigned}
	body := `{"type":"ContactCreate","note":"` + strings.Repeat("x", 2000) + `"}`
	request := fmt.Sprintf("POST /webhooks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	for name, start := range map[string]func(net.Listener) *Server{
		"taps": func(ln net.Listener) *Server { return p.Serve(ln, webhook.SourceLocal, unsigned, nil) },
		"none": func(ln net.Listener) *Server {
			return Serve(ln, p.Handler(webhook.SourceLocal, unsigned), nil, nil)
		},
	} {
		b.Run(name, func(b *testing.B) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.Fatal(err)
			}
			defer start(ln).Close()
			c, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			answer := make([]byte, 4<<10)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := io.WriteString(c, request); err != nil {
					b.Fatal(err)
				}
				if n, err := c.Read(answer); err != nil || !strings.HasPrefix(string(answer[:n]), "HTTP/1.1 401") {
					b.Fatalf("%s, %v", answer[:n], err)
				}
			}
		})
	}
}
