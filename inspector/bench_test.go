package inspector

import (
	"context"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/retry"
)

func BenchmarkView(b *testing.B) {
	d := drive(b, many(100_000), 160, 50, Options{})
	d.press("down")
	b.ReportAllocs()
	for b.Loop() {
		d.m.fresh = false
		_ = d.m.View()
	}
}

func BenchmarkUpdateAndView(b *testing.B) {
	d := drive(b, many(100_000), 160, 50, Options{})
	keys := []string{"down", "up"}
	d.press("down", "down")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d.m.Update(keyPress(keys[i%2]))
		_ = d.m.View()
	}
}

// BenchmarkKeyToFrame presses keys while a thousand events a second arrive, and
// measures until the terminal has the frame.
func BenchmarkKeyToFrame(b *testing.B) {
	feed := many(100_000)
	ctx, cancel := context.WithCancel(b.Context())
	var helpers sync.WaitGroup
	in, keys := io.Pipe()
	out := &pulse{beats: make(chan struct{}, 1)}
	done := make(chan error, 1)
	go func() {
		done <- show(ctx, feed, feed, Options{Input: in, Output: out, Location: time.UTC}, tea.WithWindowSize(160, 50))
	}()
	helpers.Go(func() {
		for retry.Sleep(ctx, 10*time.Millisecond) == nil {
			for range 10 {
				e := feed.events[0]
				e.ReceivedAt = time.Now()
				feed.add(e)
			}
		}
	})
	var took []time.Duration
	press := func(i int) {
		out.drain()
		began := time.Now()
		if _, err := keys.Write([]byte{"jk"[i%2]}); err != nil {
			b.Fatal(err)
		}
		<-out.beats
		took = append(took, time.Since(began))
		_ = retry.Sleep(ctx, 15*time.Millisecond)
	}
	for i := range 50 { // the first frames
		press(i)
	}
	took = took[:0]
	for i := 0; b.Loop(); i++ {
		press(i)
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	cancel()
	helpers.Wait()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	_ = keys.Close()
}

// pulse is an output that tells when something was written.
type pulse struct{ beats chan struct{} }

func (p *pulse) Write(b []byte) (int, error) {
	select {
	case p.beats <- struct{}{}:
	default:
	}
	return len(b), nil
}

func (p *pulse) drain() {
	select {
	case <-p.beats:
	default:
	}
}
