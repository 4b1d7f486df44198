package control

import (
	"context"
	"encoding/gob"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestCloseEndsWatches(t *testing.T) {
	dir := privateDir(t)
	serve(t, dir, Handler(newFakeBackend()))
	c := dial(t, dir)
	changes, err := c.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, open := <-changes; open {
		t.Error("a hint after Close")
	}
}

// TestShutdownEndsWatches holds that an orderly end does not wait for people
// who only look on.
func TestShutdownEndsWatches(t *testing.T) {
	dir := privateDir(t)
	ln, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: Handler(newFakeBackend()), ReadHeaderTimeout: time.Second}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	changes, err := dial(t, dir).Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown = %v", err)
	}
	if _, open := <-changes; open {
		t.Error("a hint after the end")
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve = %v", err)
	}
}

// TestSlowWatcher holds that whoever does not read his hints keeps nobody
// waiting, and gets the newest in the end.
func TestSlowWatcher(t *testing.T) {
	dir := privateDir(t)
	f := newFakeBackend()
	serve(t, dir, Handler(f))
	changes, err := dial(t, dir).Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const last = 100_000
	for v := uint64(1); v <= last; v++ {
		f.hints.Notify(webhook.Change{Version: v})
	}
	hints := 0
	for c := range changes {
		hints++
		if c.Version == last {
			break
		}
	}
	if hints == last {
		t.Error("no two hints were joined")
	}
}

// TestStuckWatcher holds the same for a process that reads nothing at all
// from its socket.
func TestStuckWatcher(t *testing.T) {
	dir := privateDir(t)
	f := newFakeBackend()
	serve(t, dir, Handler(f))
	path, err := locate(dir)
	if err != nil {
		t.Fatal(err)
	}
	stuck, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stuck.Close() }()
	_, err = io.WriteString(stuck, "POST "+pathWatch+" HTTP/1.1\r\nHost: taskhook\r\n"+versionHeader+": "+protocol+"\r\nContent-Length: 2\r\n\r\n{}")
	if err != nil {
		t.Fatal(err)
	}
	for v := uint64(1); v <= 100_000; v++ {
		f.hints.Notify(webhook.Change{Version: v})
	}
	if _, err := dial(t, dir).Listener(t.Context()); err != nil {
		t.Errorf("Listener meanwhile = %v", err)
	}
}

// pipeWriter is a ResponseWriter whose reader decides when to read.
type pipeWriter struct {
	*io.PipeWriter
	header http.Header
}

func (p pipeWriter) Header() http.Header { return p.header }
func (pipeWriter) WriteHeader(int)       {}
func (pipeWriter) Flush()                {}

func TestHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, pathWatch, strings.NewReader("{}"))
		r.Header.Set(versionHeader, protocol)
		out, in := io.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			Handler(newFakeBackend()).ServeHTTP(pipeWriter{in, http.Header{}}, r)
		}()
		began := time.Now()
		frames := gob.NewDecoder(out)
		for beat := range 4 {
			var f frame[hint, complete]
			if err := frames.Decode(&f); err != nil || f.Step == nil || f.Step.Change != nil {
				t.Fatalf("frame %+v, %v; want a heartbeat", f, err)
			}
			if got, want := time.Since(began), time.Duration(beat)*heartbeat; got != want {
				t.Errorf("heartbeat %d after %s, want %s", beat, got, want)
			}
		}
		cancel()
		<-done
	})
}

// watched is a client whose watch is answered by the frames that do writes.
func watched(t *testing.T, do func(*io.PipeWriter, *gob.Encoder)) (*Client, func()) {
	t.Helper()
	body, w := io.Pipe()
	var writing sync.WaitGroup
	writing.Go(func() { do(w, gob.NewEncoder(w)) })
	c := &Client{http: http.Client{Transport: scripted{body}}}
	c.life, c.end = context.WithCancel(t.Context())
	return c, func() { _ = c.Close(); writing.Wait() }
}

func TestSilentWatchEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		c, end := watched(t, func(_ *io.PipeWriter, frames *gob.Encoder) {
			for range 3 {
				time.Sleep(silence - time.Second)
				_ = frames.Encode(frame[hint, complete]{Step: &hint{}})
			}
		})
		defer end()
		changes, err := c.Watch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if c, open := <-changes; open {
			t.Errorf("hint %v of a heartbeat", c)
		}
		if got, want := time.Since(began), 3*(silence-time.Second)+silence; got != want {
			t.Errorf("ended after %s, want %s", got, want)
		}
	})
}

func TestWatchPassesOnWholeHints(t *testing.T) {
	received := make(chan struct{})
	c, end := watched(t, func(w *io.PipeWriter, frames *gob.Encoder) {
		_ = frames.Encode(frame[hint, complete]{Step: &hint{}})
		for v := range uint64(3) {
			_ = frames.Encode(frame[hint, complete]{Step: &hint{&webhook.Change{Version: v + 1}}})
			<-received
		}
		_, _ = w.Write([]byte{20, 1}) // the beginning of one more
		_ = w.Close()
	})
	defer end()
	changes, err := c.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []uint64
	for c := range changes {
		got = append(got, c.Version)
		received <- struct{}{}
	}
	if !slices.Equal(got, []uint64{1, 2, 3}) {
		t.Errorf("hints %d", got)
	}
}
