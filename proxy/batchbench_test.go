package proxy

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/proxy/fault"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// benchRig is a proxy on the real store, in front of an app that always
// answers the same.
func benchRig(b *testing.B, status int) (*Proxy, *store.Store) {
	b.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
	}))
	b.Cleanup(srv.Close)
	target, err := httpwire.ParseTarget(srv.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	st, err := store.Open(filepath.Join(b.TempDir(), "events.db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = st.Close() })
	p := New(Options{Store: st, Targets: []httpwire.Target{target}, Mode: ModeOff})
	b.Cleanup(func() { _ = p.Close(context.Background()) })
	return p, st
}

func benchBody(n int) []byte {
	return fmt.Appendf(nil, `{"type":"ContactCreate","webhookId":"w%d","note":"%s"}`, n, strings.Repeat("x", 2000))
}

func benchEvent(b *testing.B, st *store.Store, n int) webhook.ID {
	b.Helper()
	body := benchBody(n)
	e := webhook.Event{Method: "POST", Path: "/", Body: body, BodySize: int64(len(body)), Source: webhook.SourceLocal, Answer: lost, Verdict: webhook.Verdict{Status: webhook.Valid}}
	new(Proxy).inspect(&e, nil)
	if err := st.PutEvent(b.Context(), &e); err != nil {
		b.Fatal(err)
	}
	return e.ID
}

// BenchmarkSimulation compares the seven sends of a simulation that runs at
// once with seven plain resends: one operation is seven sends.
func BenchmarkSimulation(b *testing.B) {
	b.Run("7 resends", func(b *testing.B) {
		p, st := benchRig(b, http.StatusTooManyRequests)
		for n := 0; b.Loop(); n++ {
			id := benchEvent(b, st, n)
			for range 7 {
				if _, err := p.Resend(b.Context(), webhook.Resend{EventID: id}); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("a simulation", func(b *testing.B) {
		p, st := benchRig(b, http.StatusTooManyRequests)
		ask := retry.SimulationRequest{Simulation: retry.Simulation{Policy: taskee.Policy()}}
		for n := 0; b.Loop(); n++ {
			ask.Resend.EventID = benchEvent(b, st, n)
			if r, err := p.Simulate(b.Context(), ask); err != nil || len(r.Record.Sends) != 7 {
				b.Fatal(r, err)
			}
		}
	})
}

// BenchmarkResendBatch compares a batch with the plain forwarding of as many
// events by as many senders: one operation is one event.
func BenchmarkResendBatch(b *testing.B) {
	for _, parallel := range []int{1, 16} {
		b.Run(fmt.Sprintf("forwarding by %d", parallel), func(b *testing.B) {
			p, _ := benchRig(b, http.StatusOK)
			h := p.Handler(webhook.SourceLocal, nil)
			var next atomic.Int64
			var senders sync.WaitGroup
			b.ResetTimer()
			for range parallel {
				senders.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						forward(b, h, benchBody(int(n)))
					}
				})
			}
			senders.Wait()
		})
		b.Run(fmt.Sprintf("batch by %d", parallel), func(b *testing.B) {
			p, st := benchRig(b, http.StatusOK)
			var putters sync.WaitGroup
			var next atomic.Int64
			for range 64 {
				putters.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						benchEvent(b, st, int(n))
					}
				})
			}
			putters.Wait()
			b.ResetTimer()
			r, err := p.ResendBatch(b.Context(), webhook.Batch{Failed: true, Parallel: parallel}, nil)
			if err != nil || r.Delivered != b.N {
				b.Fatal(r, err)
			}
		})
	}
}

func forward(b *testing.B, h http.Handler, body []byte) {
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(string(body)))
	req.RequestURI = "/"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	if w.Code != http.StatusOK {
		b.Errorf("answered %d %s", w.Code, w.Body)
	}
}

// BenchmarkFaults measures what rules that never fire cost a forwarded event.
func BenchmarkFaults(b *testing.B) {
	for _, rules := range []int{0, 1, 100} {
		b.Run(fmt.Sprintf("%d rules", rules), func(b *testing.B) {
			p, _ := benchRig(b, http.StatusOK)
			for n := range rules {
				rule, err := fault.Parse(fmt.Sprintf("status:429 for type:Other%d size:>10k", n))
				if err != nil {
					b.Fatal(err)
				}
				p.Faults().Add(rule)
			}
			h := p.Handler(webhook.SourceLocal, nil)
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for n := 0; pb.Next(); n++ {
					forward(b, h, benchBody(n))
				}
			})
		})
	}
}
