package control

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/taskhook/taskhook/notify"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeBackend is a listener with three events in memory: #1 is valid, #2 was
// rejected, the body of #3 was not kept.
type fakeBackend struct {
	hints     notify.Hub[webhook.Change]
	gate      chan struct{} // not nil: Resend says here that it began, and waits for its context
	steered   chan struct{} // closed when a simulation is cancelled by name
	left      chan struct{} // closed when who asked for a simulation has gone
	shield    bool
	expects   expected
	announced webhook.Announcement
	flushed   atomic.Int64
	onChunk   func(context.Context) // called after each chunk of a read

	mu     sync.Mutex
	events map[webhook.ID]webhook.Summary
}

var received = time.Date(2026, 1, 28, 14, 35, 0, 123456789, time.UTC)

func newFakeBackend() *fakeBackend {
	event := func(id webhook.ID, answer webhook.Answer) webhook.Summary {
		return webhook.Summary{
			Event: webhook.Event{
				ID: id, WebhookID: "w" + strconv.Itoa(int(id)), Type: "ContactCreate",
				SentAt: received.Add(-time.Second), ReceivedAt: received,
				Method: "POST", Path: "/a%2Fb", RawQuery: "q=<&>", Host: "example.com",
				BodySize: 4, Source: webhook.SourceLocal,
				Verdict: webhook.Verdict{Status: webhook.Valid, Scheme: "rsa", Key: "taskee", Age: time.Second},
				Answer:  answer,
			},
			Attempts: 1, LastStatus: 500, LastDuration: 3 * time.Millisecond,
			Outcome: webhook.Outcome{Answer: answer},
		}
	}
	rejected := event(2, webhook.Answer{Status: 401, By: webhook.ByTaskhook, At: received})
	rejected.Decision = webhook.RejectedSignature
	return &fakeBackend{
		left: make(chan struct{}), steered: make(chan struct{}),
		events: map[webhook.ID]webhook.Summary{
			1: event(1, webhook.Answer{Status: 500, By: webhook.ByApp, At: received}),
			2: rejected,
			3: event(3, webhook.Answer{Status: 413, By: webhook.ByTaskhook, At: received}),
		},
	}
}

func (f *fakeBackend) find(id webhook.ID) (webhook.Summary, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.events[id]
	if !ok {
		return s, webhook.ErrNotFound
	}
	return s, nil
}

func (f *fakeBackend) Listener(context.Context) (webhook.Listener, error) {
	return webhook.Listener{
		Version: "1.2.3", Project: "default", PID: 42, StartedAt: received,
		Local: "http://127.0.0.1:4480", Target: "http://localhost:3000", Verify: "enforce",
		Tunnel: webhook.Tunnel{State: webhook.TunnelOnline, URL: "https://x.example", Latency: time.Millisecond},
		Health: webhook.Health{Up: true, Known: true}, Counts: webhook.Counts{Events: 3, Failed: 1, Rejected: 2},
	}, nil
}

// Flush counts, so that a test sees that it comes before what is asked.
func (f *fakeBackend) Flush(context.Context) error {
	f.flushed.Add(1)
	return errors.New("the disk is full")
}

// Read yields a chunk for each event, and fails after the first when the filter
// says so.
func (f *fakeBackend) Read(ctx context.Context, q webhook.Query) iter.Seq2[webhook.Chunk, error] {
	return func(yield func(webhook.Chunk, error) bool) {
		if err := readError(q.Filter); err != nil {
			yield(webhook.Chunk{}, err)
			return
		}
		c := webhook.Chunk{Position: webhook.Position{Event: 3, Attempt: 7}, Next: 3}
		if q.IDs == nil {
			c.Damaged = []webhook.DamagedError{{ID: 4, Reason: "caf\xe9"}}
		}
		left := q.Limit
		for id := webhook.ID(3); id > 0 && c.Next != 0; id-- {
			s, err := f.find(id)
			if err != nil || !selected(q, id) {
				continue
			}
			if left--; id == 1 || left == 0 {
				c.Next = 0
			}
			c.Records = []webhook.Record{record(s, q.Parts)}
			if !yield(c, nil) {
				return
			}
			if f.onChunk != nil {
				f.onChunk(ctx)
			}
			if q.Filter == "late" {
				yield(webhook.Chunk{}, wrapped{filter.ErrSlow})
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(webhook.Chunk{}, err)
		}
	}
}

func selected(q webhook.Query, id webhook.ID) bool {
	return (q.Cursor == 0 || id < q.Cursor) && (q.IDs == nil || slices.Contains(q.IDs, id))
}

func readError(text string) error {
	switch text {
	case "boom":
		return errors.New("the disk is on fire")
	case ".slow":
		return wrapped{filter.ErrSlow}
	}
	_, err := filter.Parse(text)
	return err
}

func (f *fakeBackend) Updates(_ context.Context, from webhook.Position) (webhook.Updates, error) {
	s, ok := f.events[from.Event+1]
	if !ok {
		return webhook.Updates{Position: from}, nil
	}
	attempt := webhook.Attempt{EventID: s.ID, Seq: 7, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, StartedAt: received, StatusCode: 500}
	return webhook.Updates{
		Events:   []webhook.Summary{s},
		Attempts: []webhook.Attempted{{Attempt: attempt, Outcome: s.Outcome}},
		Position: webhook.Position{Event: s.ID, Attempt: 7}, More: true,
	}, nil
}

// record is an event with parts that are not text, as some senders write them
// in Latin-1.
func record(s webhook.Summary, parts webhook.Parts) webhook.Record {
	r := webhook.Record{Summary: s}
	r.Path = "/caf\xe9"
	if parts.Payload {
		r.Header = http.Header{"X-Twice": {"a", "b"}, "X-Latin": {"caf\xe9"}}
		r.Body = []byte{0, 1, 0xff, '\n'}
	}
	if parts.Attempts {
		r.History = attempts(s.ID)
	}
	return r
}

func attempts(id webhook.ID) []webhook.Attempt {
	return []webhook.Attempt{{
		EventID: id, Seq: 7, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, Target: "http://localhost:3000/",
		StartedAt: received, Duration: 3 * time.Millisecond, StatusCode: 500,
		Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte("<no>\xff"), BodySize: 5,
		Sent: &webhook.Request{Method: "POST", Path: "/", Header: http.Header{"A": {"b"}}, Body: []byte("{}")},
	}, {
		EventID: id, Seq: 8, Delivery: 2, Number: 1, Trigger: webhook.TriggerResend, Target: "http://localhost:3000/\xe9",
		StartedAt: received, Error: "\xe9 was the answer", Hint: "redirects to \xe9",
		Header: http.Header{"Location": {"\xe9"}},
		Sent:   &webhook.Request{Method: "POST", Path: "/\xe9", RawQuery: "\xff", Header: http.Header{"A": {"\xe9", "b"}}},
	}, {
		EventID: id, Seq: 9, Delivery: 3, Number: 1, Trigger: webhook.TriggerResend, StartedAt: received, StatusCode: 204,
	}}
}

func (f *fakeBackend) Find(_ context.Context, name string) (webhook.ID, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for id, s := range f.events {
		if s.WebhookID == name || id.String() == name {
			return id, nil
		}
	}
	return 0, webhook.ErrNotFound
}

func (f *fakeBackend) Watch(ctx context.Context) (<-chan webhook.Change, error) {
	return f.hints.Watch(ctx), nil
}

func (f *fakeBackend) Resend(ctx context.Context, r webhook.Resend) (webhook.Resent, error) {
	if f.gate != nil {
		f.gate <- struct{}{}
		<-ctx.Done()
		f.gate <- struct{}{}
		return webhook.Resent{}, ctx.Err()
	}
	s, err := f.find(r.EventID)
	switch {
	case err != nil:
		return webhook.Resent{}, err
	case s.Decision.Rejected() && !r.Unverified:
		return webhook.Resent{}, wrapped{webhook.ErrUnverified}
	case s.ID == 3:
		return webhook.Resent{}, wrapped{webhook.ErrPruned}
	}
	a := webhook.Attempt{EventID: r.EventID, Trigger: webhook.TriggerResend, Target: r.To, StatusCode: 200, StartedAt: received}
	if r.NewID {
		a.Sent = &webhook.Request{Method: "POST", Path: "/", Body: []byte(r.Set[0].Value)}
	}
	if r.Edited != nil {
		a.Sent = r.Edited
	}
	return webhook.Resent{Attempt: a, State: webhook.StateRecovered, Notes: []string{"a note"}}, nil
}

func (f *fakeBackend) Delete(_ context.Context, ids []webhook.ID) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, id := range ids {
		if _, ok := f.events[id]; ok {
			delete(f.events, id)
			n++
		}
	}
	return n, nil
}

func (f *fakeBackend) Mark(_ context.Context, ids []webhook.ID, marked bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		if s, ok := f.events[id]; ok {
			s.Marked = marked
			f.events[id] = s
		}
	}
	return nil
}

func (f *fakeBackend) Diagnose(_ context.Context, id webhook.ID) (webhook.Diagnosis, error) {
	s, err := f.find(id)
	switch {
	case err != nil:
		return webhook.Diagnosis{}, err
	case s.ID == 3:
		return webhook.Diagnosis{}, wrapped{webhook.ErrPruned}
	}
	return webhook.Diagnosis{
		Verdict: s.Verdict,
		Signatures: []webhook.Signature{
			{Header: "x-signature", Status: webhook.Valid, Scheme: "rsa", Size: 512, Key: "taskee", Fingerprint: "SHA256:abc"},
			{Header: "x-other", Status: webhook.Invalid, Reason: "<no>", Next: "sign it"},
		},
		Restringify: webhook.Restringify{Offset: 5, Was: " 1}", Becomes: "1}"},
	}, nil
}

func (f *fakeBackend) Log(_ context.Context, lines int) ([]string, error) {
	all := []string{"level=INFO msg=one", `level=WARN msg="<two>"`}
	return all[len(all)-min(lines, len(all)):], nil
}

// wrapped is an error with words of its own around a sentinel.
type wrapped struct{ error }

func (w wrapped) Error() string { return "#9: " + w.error.Error() }
func (w wrapped) Unwrap() error { return w.error }

// serve serves a backend on the control socket of a data directory until the
// test ends, or the returned function is called.
func serve(t *testing.T, dir string, h http.Handler) (stop func()) {
	t.Helper()
	ln, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: time.Second}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	stop = sync.OnceFunc(func() {
		if err := srv.Close(); err != nil {
			t.Errorf("close the server: %v", err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve = %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func dial(t *testing.T, dir string) *Client {
	t.Helper()
	c, err := Dial(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close the client: %v", err)
		}
	})
	return c
}

// privateDir is a data directory whose path is short enough for a socket.
func privateDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if len(dir) > maxSocketPath-len(socketFile)-1 {
		t.Skipf("temporary directories have long names here: %s", dir)
	}
	if err := chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}
