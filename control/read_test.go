package control

import (
	"context"
	"encoding/gob"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

func TestEveryRequestWaitsForWhatIsQueued(t *testing.T) {
	f := newFakeBackend()
	r := httptest.NewRequest(http.MethodPost, pathRead, strings.NewReader(`{}`))
	r.Header.Set(versionHeader, protocol)
	f.onChunk = func(context.Context) {
		if f.flushed.Load() != 1 {
			t.Errorf("flushed %d times before the read", f.flushed.Load())
		}
	}
	w := httptest.NewRecorder()
	Handler(f).ServeHTTP(w, r)
	if w.Code != http.StatusOK || f.flushed.Load() != 1 { // although it fails
		t.Errorf("answer %d, flushed %d times", w.Code, f.flushed.Load())
	}
}

// endless yields chunks of 1 MiB for as long as they are taken.
type endless struct {
	*fakeBackend
	yielded atomic.Int64
	ended   chan error
}

func (e *endless) Read(ctx context.Context, _ webhook.Query) iter.Seq2[webhook.Chunk, error] {
	return func(yield func(webhook.Chunk, error) bool) {
		c := webhook.Chunk{Next: 1, Records: make([]webhook.Record, 1)}
		c.Records[0].Body = make([]byte, 1<<20)
		for ctx.Err() == nil && yield(c, nil) {
			e.yielded.Add(1)
		}
		e.ended <- ctx.Err()
	}
}

func newEndless() *endless {
	return &endless{fakeBackend: newFakeBackend(), ended: make(chan error, 1)}
}

func TestAReadGoesNoFasterThanItsReader(t *testing.T) {
	e := newEndless()
	dir := privateDir(t)
	serve(t, dir, Handler(e))
	c := dial(t, dir)
	chunks := int64(0)
	for chunk, err := range c.Read(t.Context(), webhook.Query{}) {
		if err != nil || len(chunk.Records[0].Body) != 1<<20 {
			t.Fatalf("a chunk of %d events: %v", len(chunk.Records), err)
		}
		for range 20 { // time to run ahead
			if _, err := c.Listener(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		chunks++
		if ahead := e.yielded.Load() - chunks; ahead > 3 {
			t.Errorf("the listener is %d MiB ahead", ahead)
		}
		if chunks == 5 {
			break
		}
	}
	<-e.ended // the listener stops reading when nobody takes any more
}

func TestACancelledReadEndsOnBothSides(t *testing.T) {
	e := newEndless()
	dir := privateDir(t)
	serve(t, dir, Handler(e))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range dial(t, dir).Read(ctx, webhook.Query{}) {
		cancel()
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("Read = %v", last)
	}
	<-e.ended
}

func TestAReadThatDoesNotComeToItsEndIsAnError(t *testing.T) {
	const stopped = "the listener stopped in the middle of its answer: no listener is running"
	firstFrame := func(w http.ResponseWriter) {
		w.Header().Set(versionHeader, protocol)
		_ = gob.NewEncoder(w).Encode(frame[webhook.Chunk, complete]{Step: &webhook.Chunk{Next: 2}})
		_ = http.NewResponseController(w).Flush()
	}
	for _, tt := range []struct {
		name string
		h    http.HandlerFunc
		want string
	}{
		{"killed", func(w http.ResponseWriter, _ *http.Request) { firstFrame(w); panic(http.ErrAbortHandler) }, stopped},
		{"ended in good order", func(w http.ResponseWriter, _ *http.Request) { firstFrame(w) }, stopped},
		{"no stream", func(w http.ResponseWriter, _ *http.Request) {
			firstFrame(w)
			_, _ = io.WriteString(w, "\x04{}\n\n")
		}, "understand the listener's answer: gob: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := privateDir(t)
			serve(t, dir, tt.h)
			chunks, last := 0, error(nil)
			for _, err := range dial(t, dir).Read(t.Context(), webhook.Query{}) {
				chunks++
				last = err
			}
			if chunks != 2 || last == nil || !strings.HasPrefix(last.Error(), tt.want) {
				t.Errorf("%d chunks, then %v, want %s", chunks-1, last, tt.want)
			}
		})
	}
}

// A requester that does not read must not hold up the end of the listener.
func TestShutdownEndsReads(t *testing.T) {
	e := newEndless()
	dir := privateDir(t)
	ln, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: Handler(e), ReadHeaderTimeout: time.Second}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	c := dial(t, dir)
	var last error
	for _, err := range c.Read(t.Context(), webhook.Query{}) {
		if last = err; err != nil {
			break
		}
		if err := srv.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown = %v", err)
		}
	}
	if !errors.Is(last, ErrNoListener) {
		t.Errorf("Read = %v", last)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

// scripted answers a read with what a test writes.
type scripted struct{ body *io.PipeReader }

func (s scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	context.AfterFunc(r.Context(), func() { _ = s.body.CloseWithError(r.Context().Err()) })
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{versionHeader: {protocol}}, Body: s.body}, nil
}

func TestOnlyASilentListenerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body, w := io.Pipe()
		frames := gob.NewEncoder(w)
		go func() {
			for range 3 {
				time.Sleep(callTimeout - time.Second)
				_ = frames.Encode(frame[webhook.Chunk, complete]{Step: &webhook.Chunk{Next: 1}})
			}
		}()
		c := &Client{http: http.Client{Transport: scripted{body}}}
		c.life, c.end = context.WithCancel(t.Context())
		defer c.end()
		chunks, last := 0, error(nil)
		for _, err := range c.Read(t.Context(), webhook.Query{}) {
			if last = err; err == nil {
				chunks++
				time.Sleep(time.Hour) // a pager that is not scrolled
			}
		}
		if chunks != 3 || !errors.Is(last, context.DeadlineExceeded) || !strings.HasPrefix(last.Error(), "the listener did not answer within 30s") {
			t.Errorf("%d chunks, then %v", chunks, last)
		}
	})
}
