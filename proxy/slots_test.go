package proxy

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestWaitingForAConnectionIsInOrderOfArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s slots
		s.init(2, slog.New(slog.DiscardHandler))
		deadline := time.Now().Add(time.Minute)
		acquire := func() error { return s.acquire(t.Context(), deadline, nil) }
		for range 2 {
			if err := acquire(); err != nil {
				t.Fatal(err)
			}
		}
		const waiting = 20
		order := make(chan int, waiting)
		for i := range waiting {
			go func() {
				if acquire() == nil {
					order <- i
				}
			}()
			synctest.Wait() // it waits before the next one comes
		}
		for i := range waiting {
			s.release()
			synctest.Wait()
			if got := <-order; got != i {
				t.Fatalf("number %d was served as number %d", got, i)
			}
		}
	})
}

func TestWaitingForAConnectionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s slots
		s.init(1, slog.New(slog.DiscardHandler))
		start := time.Now()
		deadline := start.Add(30 * time.Second)
		stopping := make(chan struct{})
		_ = s.acquire(t.Context(), deadline, stopping)
		if err := s.acquire(t.Context(), deadline, stopping); !errors.Is(err, errBusy) || time.Since(start) != 30*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.acquire(ctx, deadline.Add(time.Hour), stopping); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		close(stopping)
		if err := s.acquire(t.Context(), deadline.Add(time.Hour), stopping); !errors.Is(err, ErrStopping) {
			t.Errorf("stopping: %v", err)
		}
	})
}

func TestRunningOutOfConnectionsIsLoggedOnce(t *testing.T) {
	log := &lockedBuffer{}
	var s slots
	s.init(10, slog.New(slog.NewTextHandler(log, nil)))
	for range 2 {
		for i := range 10 {
			_ = s.acquire(t.Context(), time.Now().Add(time.Minute), nil)
			if said := strings.Contains(log.String(), "running out"); said != (i >= 7) && !s.warned.Load() {
				t.Errorf("with %d of 10 in use: said %v", i+1, said)
			}
		}
		for range 10 {
			s.release()
		}
	}
	if n := strings.Count(log.String(), "running out"); n != 1 {
		t.Errorf("said %d times", n)
	}
}

func TestNoMoreConnectionsThanAllowed(t *testing.T) {
	entered, release := make(chan struct{}, 10), make(chan struct{})
	addr := app(t, func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-release
	})
	r := newRig(t, addr, func(o *Options) { o.MaxConnections = 2 })
	status := make(chan int, 5)
	for range 5 {
		go func() {
			resp, err := r.client.Post("http://"+r.addr+"/", "", strings.NewReader("{}"))
			if err != nil {
				status <- 0
				return
			}
			_ = resp.Body.Close()
			status <- resp.StatusCode
		}()
	}
	<-entered
	<-entered
	waitUntil(t, func() bool { events, _ := r.store.count(); return events == 5 })
	if n := len(entered); n != 0 {
		t.Errorf("%d connections more than allowed", n)
	}
	if inUse, limit := r.proxy.apps[0].Connections(); inUse != 2 || limit != 2 {
		t.Errorf("%d of %d connections in use", inUse, limit)
	}
	close(release)
	for range 5 {
		if s := <-status; s != 200 {
			t.Errorf("answered %d", s)
		}
	}
}

func TestWaitingForTooLongIsA429(t *testing.T) {
	addr, heads, _ := recordingApp(t)
	r := newRig(t, addr, func(o *Options) { o.MaxConnections, o.Timeout = 1, 20*time.Millisecond })
	_ = r.proxy.apps[0].slots.acquire(t.Context(), time.Now().Add(time.Minute), nil)
	resp, body := r.post("/", "{}")
	if m := r.message(body); resp.StatusCode != http.StatusTooManyRequests || !strings.Contains(m.Next, "--max-connections") {
		t.Errorf("answered %d %s", resp.StatusCode, body)
	}
	if got := r.store.answer(1); got.Status != 429 || got.By != webhook.ByTaskhook || got.RetryAt.IsZero() {
		t.Errorf("stored answer %+v", got)
	}
	if _, attempts := r.store.count(); attempts != 0 || len(heads) != 0 {
		t.Errorf("%d attempts are recorded, %d made", attempts, len(heads))
	}
	r.proxy.apps[0].slots.release()
}
