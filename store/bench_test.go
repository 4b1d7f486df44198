package store

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/taskhook/taskhook/webhook"
)

func BenchmarkPutEvent(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("%d-writers", writers), func(b *testing.B) {
			s := newStore(b)
			body := []byte(`{"type":"ContactCreate","x":"` + strings.Repeat("y", 2000) + `"}`)
			next := make(chan int)
			var wg sync.WaitGroup
			b.ResetTimer()
			for range writers {
				wg.Go(func() {
					for i := range next {
						e := newEvent(fmt.Sprint("w", i))
						e.Body, e.BodySize = body, int64(len(body))
						if err := s.PutEvent(background, e); err != nil {
							b.Error(err)
							return
						}
						s.QueueAttempt(received(e.ID, 200), byApp(200))
					}
				})
			}
			for i := range b.N {
				next <- i
			}
			close(next)
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// large makes a store of 100,000 events of 2 kB, and closes it.
func large(b *testing.B) string {
	b.Helper()
	path := newPath(b)
	s := mustOpen(b, path, Options{})
	filler := strings.Repeat(`"some":"value",`, 120)
	var wg sync.WaitGroup
	const writers = 512
	for w := range writers {
		wg.Go(func() {
			for i := w; i < 100_000; i += writers {
				e := newEvent(fmt.Sprint("webhook-", i))
				e.Body = []byte(`{"type":"ContactCreate",` + filler + `"webhookId":"` + e.WebhookID + `"}`)
				e.BodySize = int64(len(e.Body))
				e.Answer = webhook.Answer{Status: 200, By: webhook.ByApp, At: e.ReceivedAt}
				if err := s.PutEvent(background, e); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkLarge measures a store of 100,000 events.
func BenchmarkLarge(b *testing.B) {
	path := large(b)
	b.Run("open-and-close", func(b *testing.B) {
		for b.Loop() {
			s, err := Open(path, Options{})
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	s := mustOpen(b, path, Options{})
	for _, bench := range []struct {
		name string
		q    webhook.Query
	}{
		{"newest-50", webhook.Query{}},
		{"by-webhookId", webhook.Query{Filter: "wh:webhook-50000"}},
		{"by-type", webhook.Query{Filter: "type:ContactCreate"}},
		{"no-row-fits", webhook.Query{Filter: "state:failed"}},
		{"no-text-fits", webhook.Query{Filter: `"occurs nowhere"`}},
		{"no-body-fits", webhook.Query{Filter: `body:"occurs nowhere"`}},
		{"no-jq-fits", webhook.Query{Filter: `.data.email == "occurs nowhere"`}},
		{"slowest", webhook.Query{Order: webhook.OrderDuration}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			for b.Loop() {
				for q := bench.q; ; { // a page may come before anything is found
					p, err := webhook.ReadPage(background, s, q)
					if err != nil {
						b.Fatal(err)
					}
					if q.Cursor = p.Next; q.Cursor == 0 || len(p.Events) > 0 {
						break
					}
				}
			}
		})
	}
	b.Run("counts", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Counts(background); err != nil {
				b.Fatal(err)
			}
		}
	})
}
