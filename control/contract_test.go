package control

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

var _ Backend = (*Client)(nil)

// TestBackend holds what a backend promises against the fake itself and
// against a client that reaches it through the socket.
func TestBackend(t *testing.T) {
	t.Run("directly", func(t *testing.T) {
		testBackend(t, func(_ *testing.T, f *fakeBackend) Backend { return f })
	})
	t.Run("through the socket", func(t *testing.T) {
		testBackend(t, func(t *testing.T, f *fakeBackend) Backend {
			dir := privateDir(t)
			serve(t, dir, Handler(f))
			return dial(t, dir)
		})
	})
}

func testBackend(t *testing.T, open func(*testing.T, *fakeBackend) Backend) {
	t.Run("values arrive as they are", func(t *testing.T) { testValues(t, open) })
	t.Run("errors keep their identity", func(t *testing.T) { testErrors(t, open) })
	t.Run("resend passes on the wish and the outcome", func(t *testing.T) { testResend(t, open) })
	t.Run("an edited resend arrives byte by byte", func(t *testing.T) { testExactResend(t, open) })
	t.Run("a mistake in a filter keeps its place", func(t *testing.T) { testSyntax(t, open) })
	testSimulate(t, open)
	testSteer(t, open)
	t.Run("a salvage tells how far it is", func(t *testing.T) {
		b := open(t, newFakeBackend())
		var steps []webhook.SalvageStep
		r, err := b.Salvage(t.Context(), "/old.db", func(s webhook.SalvageStep) { steps = append(steps, s) })
		if diff := cmp.Diff(webhook.Salvage{Events: 60, There: 10, Lost: []webhook.ID{7}}, r); diff != "" || err != nil || len(steps) != 1 || steps[0].Done != 64 {
			t.Errorf("Salvage = %+v, %v, steps %v", r, err, steps)
		}
		if _, err := b.Salvage(t.Context(), "/none.db", func(webhook.SalvageStep) {}); !errors.Is(err, webhook.ErrNothingFound) {
			t.Errorf("Salvage = %v", err)
		}
	})
	t.Run("delete counts what there was", func(t *testing.T) {
		b := open(t, newFakeBackend())
		n, err := b.Delete(t.Context(), []webhook.ID{1, 99})
		if n != 1 || err != nil {
			t.Errorf("Delete = %d, %v, want 1", n, err)
		}
		if _, err := webhook.ReadRecord(t.Context(), b, 1, webhook.Parts{}); !errors.Is(err, webhook.ErrNotFound) {
			t.Errorf("ReadRecord of a deleted event = %v", err)
		}
	})
	t.Run("marks are set and taken away", func(t *testing.T) {
		b := open(t, newFakeBackend())
		for _, marked := range []bool{true, false} {
			if err := b.Mark(t.Context(), []webhook.ID{2, 99}, marked); err != nil {
				t.Errorf("Mark = %v", err)
			}
			for id := webhook.ID(1); id <= 2; id++ {
				if s, err := webhook.ReadRecord(t.Context(), b, id, webhook.Parts{}); s.Marked != (marked && id == 2) || err != nil {
					t.Errorf("%s is marked: %v, %v", id, s.Marked, err)
				}
			}
		}
	})
	t.Run("watch hints until its context ends", func(t *testing.T) {
		f := newFakeBackend()
		b := open(t, f)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		changes, err := b.Watch(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for v := uint64(1); v <= 3; v++ {
			f.hints.Notify(webhook.Change{Version: v})
			if got := <-changes; got.Version != v {
				t.Errorf("hint %d, want %d", got.Version, v)
			}
		}
		cancel()
		if c, open := <-changes; open {
			t.Errorf("hint %v after the end", c)
		}
	})
	t.Run("watch ends with the listener", func(t *testing.T) {
		f := newFakeBackend()
		changes, err := open(t, f).Watch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f.hints.Close()
		if c, open := <-changes; open {
			t.Errorf("hint %v after the end", c)
		}
	})
}

func testValues(t *testing.T, open func(*testing.T, *fakeBackend) Backend) {
	f := newFakeBackend()
	b := open(t, f)
	tests := []struct {
		name string
		ask  func(context.Context, Backend) (any, error)
	}{
		{"listener", func(ctx context.Context, b Backend) (any, error) { return b.Listener(ctx) }},
		{"all", readAll(webhook.Query{})},
		{"payloads", readAll(webhook.Query{Parts: webhook.Parts{Payload: true}})},
		{"attempts", readAll(webhook.Query{Parts: webhook.Parts{Attempts: true}})},
		{"some of it", readAll(webhook.Query{
			IDs: []webhook.ID{2, 3}, Filter: "status:5xx", Order: webhook.OrderDuration, Limit: 1, Cursor: 3, Parts: webhook.Parts{Payload: true, Attempts: true},
		})},
		{"nothing", readAll(webhook.Query{Cursor: 1})},
		{"a page", func(ctx context.Context, b Backend) (any, error) {
			return webhook.ReadPage(ctx, b, webhook.Query{Limit: 2})
		}},
		{"updates", func(ctx context.Context, b Backend) (any, error) { return b.Updates(ctx, webhook.Position{Event: 1}) }},
		{"no updates", func(ctx context.Context, b Backend) (any, error) { return b.Updates(ctx, webhook.Position{Event: 3}) }},
		{"diagnosis", func(ctx context.Context, b Backend) (any, error) { return b.Diagnose(ctx, 1) }},
		{"log", func(ctx context.Context, b Backend) (any, error) { return b.Log(ctx, 9) }},
		{"end of the log", func(ctx context.Context, b Backend) (any, error) { return b.Log(ctx, 1) }},
		{"find by number", func(ctx context.Context, b Backend) (any, error) { return b.Find(ctx, "#2") }},
		{"find by webhookId", func(ctx context.Context, b Backend) (any, error) { return b.Find(ctx, "w3") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want, err := tt.ask(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			got, err := tt.ask(t.Context(), b)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// readAll collects the chunks of a read.
func readAll(q webhook.Query) func(context.Context, Backend) (any, error) {
	return func(ctx context.Context, b Backend) (any, error) {
		var all []webhook.Chunk
		for c, err := range b.Read(ctx, q) {
			if err != nil {
				return all, err
			}
			all = append(all, c)
		}
		return all, nil
	}
}

// read reads to the end or the first error.
func read(ctx context.Context, b Backend, q webhook.Query) error {
	_, err := readAll(q)(ctx, b)
	return err
}

func testErrors(t *testing.T, open func(*testing.T, *fakeBackend) Backend) {
	b := open(t, newFakeBackend())
	all := []error{webhook.ErrNotFound, webhook.ErrPruned, webhook.ErrUnverified, filter.ErrSlow, filter.ErrMemory, filter.ErrNoJQ, context.Canceled, context.DeadlineExceeded}
	resend := func(id webhook.ID) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := b.Resend(ctx, webhook.Resend{EventID: id})
			return err
		}
	}
	tests := []struct {
		name string
		ask  func(context.Context) error
		is   error
		text string
	}{
		{"find", func(ctx context.Context) error { _, err := b.Find(ctx, "x"); return err }, webhook.ErrNotFound, "event not found"},
		{"resend of none", resend(9), webhook.ErrNotFound, "event not found"},
		{"resend of a rejected one", resend(2), webhook.ErrUnverified, "#9: the event was rejected"},
		{"resend without a body", resend(3), webhook.ErrPruned, "#9: the body of this event was not kept"},
		{"an error of no identity", func(ctx context.Context) error {
			return read(ctx, b, webhook.Query{Filter: "boom"})
		}, nil, "the disk is on fire"},
		{"diagnosis of none", func(ctx context.Context) error { _, err := b.Diagnose(ctx, 9); return err }, webhook.ErrNotFound, "event not found"},
		{"diagnosis without a body", func(ctx context.Context) error { _, err := b.Diagnose(ctx, 3); return err }, webhook.ErrPruned, "#9: the body of this event was not kept"},
		{"a filter that takes too long", func(ctx context.Context) error {
			return read(ctx, b, webhook.Query{Filter: ".slow"})
		}, filter.ErrSlow, "#9: the expression takes too long"},
		{"a filter that takes too long in the middle", func(ctx context.Context) error {
			return read(ctx, b, webhook.Query{Filter: "late"})
		}, filter.ErrSlow, "#9: the expression takes too long"},
		{"cancelled before", func(ctx context.Context) error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return read(ctx, b, webhook.Query{})
		}, context.Canceled, "context canceled"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.ask(t.Context())
			if err == nil || err.Error() != tt.text {
				t.Errorf("error %v, want %q", err, tt.text)
			}
			for _, identity := range all {
				if got, want := errors.Is(err, identity), errors.Is(tt.is, identity); got != want {
					t.Errorf("errors.Is(err, %v) = %v", identity, got)
				}
			}
		})
	}
}

// testSyntax holds that a person sees where in a filter the mistake is.
func testSyntax(t *testing.T, open func(*testing.T, *fakeBackend) Backend) {
	f := newFakeBackend()
	const mistaken = "type:Contact* staus:500"
	_, want := filter.Parse(mistaken)
	err := read(t.Context(), open(t, f), webhook.Query{Filter: mistaken})
	var syntax *filter.SyntaxError
	if !errors.As(err, &syntax) || err.Error() != want.Error() {
		t.Fatalf("Read = %v, want %v", err, want)
	}
	if diff := cmp.Diff(want, error(syntax)); diff != "" || syntax.Offset == 0 || syntax.Hint == "" {
		t.Errorf("%+v (-want +got)\n%s", syntax, diff)
	}
}

// testExactResend holds that an edited request arrives byte by byte.
func testExactResend(t *testing.T, open func(*testing.T, *fakeBackend) Backend) {
	b := open(t, newFakeBackend())
	for _, edited := range []*webhook.Request{
		{Method: "POST", Path: "/", Body: []byte("{}")},
		{Method: "PUT", Path: "/caf\xe9", RawQuery: "q=\xff", Header: http.Header{"X-Latin": {"caf\xe9", "\xff"}, "X-B": {"1"}}, Body: []byte("\x00\xff")},
		{Method: "P\xe9", Path: "/", Header: http.Header{"X-\xe9": {"1"}}},
		{},
	} {
		got, err := b.Resend(t.Context(), webhook.Resend{EventID: 1, Edited: edited})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(edited, got.Attempt.Sent); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

func testResend(t *testing.T, open func(*testing.T, *fakeBackend) Backend) {
	b := open(t, newFakeBackend())
	got, err := b.Resend(t.Context(), webhook.Resend{
		EventID: 2, To: "http://localhost:3001/", NewID: true, Sign: webhook.SignDev, Unverified: true,
		Set: []webhook.Edit{{Path: "a.b", Value: "<\u2028>"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := webhook.Resent{
		Attempt: webhook.Attempt{
			EventID: 2, Trigger: webhook.TriggerResend, Target: "http://localhost:3001/", StatusCode: 200, StartedAt: received,
			Sent: &webhook.Request{Method: http.MethodPost, Path: "/", Body: []byte("<\u2028>")},
		},
		State: webhook.StateRecovered, Notes: []string{"a note"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	f := newFakeBackend()
	f.gate = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	waiting := open(t, f)
	go func() {
		_, err := waiting.Resend(ctx, webhook.Resend{EventID: 1})
		ended <- err
	}()
	<-f.gate
	cancel()
	<-f.gate // the listener gives up as well
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled resend = %v", err)
	}
}
