package sandbox

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/taskhook/taskhook/taskee"
)

// crowded is a sandbox with 100,000 contacts and no limit of requests.
func crowded(b *testing.B, people int) *rig {
	b.Helper()
	r := newRig(b, func(o *Options) { o.People = people })
	if _, err := r.s.ChangeSettings(b.Context(), Settings{RateLimit: new(bool)}); err != nil {
		b.Fatal(err)
	}
	return r
}

// BenchmarkContacts measures requests with 100,000 contacts in the location; it
// reports the 99th percentile beside the mean.
func BenchmarkContacts(b *testing.B) {
	r := crowded(b, 100_000)
	list := "/contacts/?locationId=" + r.location
	var page struct {
		StartAfterID string
		StartAfter   int64
	}
	for _, bb := range []struct{ name, path string }{
		{"list of 100", list + "&limit=100"}, {"search that finds a few", list + "&query=99999"},
		{"search that finds many", list + "&query=al"}, {"search in vain", list + "&query=nobody+at+all"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				r.must("GET", bb.path, "", &page)
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
	b.Run("create", func(b *testing.B) {
		var took []time.Duration
		for n := 0; b.Loop(); n++ {
			began := time.Now()
			r.create(fmt.Sprintf(`"firstName":"New","email":"new%d-%d@example.com"`, n, began.UnixNano()))
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	})
}

// BenchmarkDeliver measures how fast webhooks are sent to a fast receiver,
// with Ed25519 and, where there is a key, what RSA costs beside it: one
// operation is one webhook, from its event to its entry in the log.
func BenchmarkDeliver(b *testing.B) {
	for _, scheme := range []string{taskee.SchemeEd25519, taskee.SchemeRSA} {
		b.Run(scheme, func(b *testing.B) {
			var got atomic.Int64
			srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				got.Add(1)
			}))
			defer srv.Close()
			signer := ed25519Signer()
			if scheme == taskee.SchemeRSA {
				signer.RSA = rsaKey(b)
			}
			r := newRig(b, func(o *Options) {
				o.Target, o.Signer, o.Scheme, o.People = func() string { return srv.URL }, signer, scheme, 1
			})
			b.ResetTimer()
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error, 1)
			go func() { done <- r.s.Run(ctx) }()
			slots := make(chan struct{}, 64)
			for range b.N {
				slots <- struct{}{}
				go func() {
					defer func() { <-slots }()
					if _, err := r.s.Trigger(ctx, "ContactCreate"); err != nil {
						b.Error(err)
					}
				}()
			}
			for {
				page, err := r.s.Log(LogQuery{Limit: 1})
				if err != nil {
					b.Fatal(err)
				}
				if page.Rates.Delivered >= b.N {
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			b.StopTimer()
			cancel()
			if err := <-done; err != nil || int(got.Load()) != b.N {
				b.Fatal(got.Load(), err)
			}
		})
	}
}
