package control

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
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
	hints   notify.Hub[webhook.Change]
	gate    chan struct{} // not nil: Resend says here that it began, and waits for its context
	steered chan struct{} // closed when a simulation is cancelled by name
	left    chan struct{} // closed when who asked for a simulation has gone
	shield  bool

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
	return &fakeBackend{
		left: make(chan struct{}), steered: make(chan struct{}),
		events: map[webhook.ID]webhook.Summary{
			1: event(1, webhook.Answer{Status: 500, By: webhook.ByApp, At: received}),
			2: event(2, webhook.Answer{Status: 401, By: webhook.ByTaskhook, At: received}),
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

func (f *fakeBackend) Page(ctx context.Context, q webhook.Query) (webhook.Page, error) {
	switch q.Filter {
	case "boom":
		return webhook.Page{}, errors.New("the disk is on fire")
	case ".slow":
		return webhook.Page{}, wrapped{filter.ErrSlow}
	}
	if _, err := filter.Parse(q.Filter); err != nil {
		return webhook.Page{}, err
	}
	var p webhook.Page
	for id := webhook.ID(3); id > 0 && len(p.Events) < q.Limit; id-- {
		s, err := f.find(id)
		if q.Cursor != 0 && id >= q.Cursor || err != nil {
			continue
		}
		p.Events, p.Next = append(p.Events, s), id
	}
	p.Position = webhook.Position{Event: 3, Attempt: 7}
	return p, ctx.Err()
}

func (f *fakeBackend) News(_ context.Context, from webhook.Position) (webhook.News, error) {
	s, ok := f.events[from.Event+1]
	if !ok {
		return webhook.News{Position: from}, nil
	}
	attempt := webhook.Attempt{EventID: s.ID, Seq: 7, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, StartedAt: received, StatusCode: 500}
	return webhook.News{
		Events:   []webhook.Summary{s},
		Attempts: []webhook.Attempted{{Attempt: attempt, Outcome: s.Outcome}},
		Position: webhook.Position{Event: s.ID, Attempt: 7}, More: true,
	}, nil
}

func (f *fakeBackend) Event(_ context.Context, id webhook.ID) (webhook.Event, error) {
	s, err := f.find(id)
	if err != nil {
		return webhook.Event{}, err
	}
	e := s.Event
	e.Path = "/caf\xe9" // Latin-1, as some senders write it
	e.Header = http.Header{"X-Twice": {"a", "b"}, "X-Latin": {"caf\xe9"}}
	e.Body = []byte{0, 1, 0xff, '\n'}
	return e, nil
}

func (f *fakeBackend) Summary(_ context.Context, id webhook.ID) (webhook.Summary, error) {
	return f.find(id)
}

func (f *fakeBackend) Attempts(_ context.Context, id webhook.ID) ([]webhook.Attempt, error) {
	if _, err := f.find(id); err != nil {
		return nil, err
	}
	return []webhook.Attempt{{
		EventID: id, Seq: 7, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, Target: "http://localhost:3000/",
		StartedAt: received, Duration: 3 * time.Millisecond, StatusCode: 500,
		Header: http.Header{"Content-Type": {"text/plain"}}, Body: []byte("<no>\xff"), BodySize: 5,
		Sent: &webhook.Request{Method: "POST", Path: "/", Header: http.Header{"A": {"b"}}, Body: []byte("{}")},
	}, {
		EventID: id, Seq: 8, Delivery: 2, Number: 1, Trigger: webhook.TriggerResend, Target: "http://localhost:3000/\xe9",
		StartedAt: received, Error: "\xe9 was the answer", Hint: "redirects to \xe9",
		Header: http.Header{"Location": {"\xe9"}, "X-Empty": {}},
		Sent:   &webhook.Request{Method: "POST", Path: "/\xe9", RawQuery: "\xff", Header: http.Header{"A": {"\xe9", "b"}}},
	}, {
		EventID: id, Seq: 9, Delivery: 3, Number: 1, Trigger: webhook.TriggerResend, StartedAt: received, StatusCode: 204,
	}}, nil
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
	case s.Answer.Rejected() && !r.Unverified:
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
