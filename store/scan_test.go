package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

func TestAQuerySelectsEvents(t *testing.T) {
	s := newStore(t)
	noon := time.Date(2026, 1, 28, 12, 0, 0, 0, time.UTC)
	at := func(minute int, e *webhook.Event) *webhook.Event {
		e.ReceivedAt = noon.Add(time.Duration(minute) * time.Minute)
		return e
	}
	answered(t, s, at(1, newEvent("w1")), 200)
	other := at(2, newEvent("w2"))
	other.Type, other.Path, other.Body = "InvoicePaid", "/Hooks/Taskee", []byte(`{"name":"MÜLLER & Co"}`)
	answered(t, s, other, 500)
	mustPut(t, s, at(3, rejected("w1")))
	answered(t, s, at(4, newEvent("w1")), 429)
	dead := at(5, newEvent("w3"))
	id := mustPut(t, s, dead)
	answer := webhook.Answer{Status: 502, By: webhook.ByTaskhook, At: noon}
	if err := s.PutAttempt(t.Context(), &webhook.Attempt{EventID: id, Trigger: webhook.TriggerReceived, Error: "refused"}, &answer); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, at(6, newEvent("")))

	tests := []struct {
		name string
		q    webhook.Query
		want []webhook.ID
	}{
		{"everything", webhook.Query{}, []webhook.ID{6, 5, 4, 3, 2, 1}},
		{"below a cursor", webhook.Query{Cursor: 3}, []webhook.ID{2, 1}},
		{"below a cursor beyond the end", webhook.Query{Cursor: 99, IDs: []webhook.ID{6}}, []webhook.ID{6}},
		{"some IDs", webhook.Query{IDs: []webhook.ID{1, 77, 4, 1}}, []webhook.ID{4, 1}},
		{"no IDs", webhook.Query{IDs: []webhook.ID{}}, []webhook.ID{}},
		{"a type", webhook.Query{Filter: "type:InvoicePaid"}, []webhook.ID{2}},
		{"an unknown type", webhook.Query{Filter: "type:Invoice"}, []webhook.ID{}},
		{"types that begin so", webhook.Query{Filter: "type:Inv*"}, []webhook.ID{2}},
		{"types that begin so, with a text", webhook.Query{Filter: "type:Contact* w1 verdict:valid"}, []webhook.ID{4, 1}},
		{"types that begin with nothing", webhook.Query{Filter: "type:*", Cursor: 3}, []webhook.ID{2, 1}},
		{"a webhookId", webhook.Query{Filter: "wh:w1"}, []webhook.ID{4, 3, 1}},
		{"a webhookId below a cursor", webhook.Query{Filter: "wh:w1", Cursor: 4}, []webhook.ID{3, 1}},
		{"a webhookId and a verdict", webhook.Query{Filter: "wh:w1 verdict:unsigned"}, []webhook.ID{3}},
		{"a verdict", webhook.Query{Filter: "verdict:valid", Cursor: 5}, []webhook.ID{4, 2, 1}},
		{"failed", webhook.Query{Filter: "state:failed"}, []webhook.ID{5, 2}},
		{"retrying", webhook.Query{Filter: "state:retrying"}, []webhook.ID{4}},
		{"rejected", webhook.Query{Filter: "state:rejected"}, []webhook.ID{3}},
		{"forwarding", webhook.Query{Filter: "state:forwarding"}, []webhook.ID{6}},
		{"5xx of the app", webhook.Query{Filter: "status:5xx"}, []webhook.ID{2}},
		{"no response", webhook.Query{Filter: "status:none"}, []webhook.ID{5}},
		{"since", webhook.Query{Filter: "since:" + noon.Add(4*time.Minute).Format(time.RFC3339)}, []webhook.ID{6, 5, 4}},
		{"before", webhook.Query{Filter: "before:" + noon.Add(2*time.Minute).Format(time.RFC3339)}, []webhook.ID{1}},
		{"text in the type", webhook.Query{Filter: "voicepaid"}, []webhook.ID{2}},
		{"text in the webhookId", webhook.Query{Filter: "W3"}, []webhook.ID{5}},
		{"text in the path", webhook.Query{Filter: "hooks/TASKEE"}, []webhook.ID{2}},
		{"text in the body", webhook.Query{Filter: "müller"}, []webhook.ID{2}},
		{"text in bodies", webhook.Query{Filter: "JANE@", Cursor: 4}, []webhook.ID{3, 1}},
		{"text and type", webhook.Query{Filter: "jane@ type:InvoicePaid"}, []webhook.ID{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, limit := range []int{0, 1, 2} {
				q := tt.q
				q.Limit = limit
				if got := ids(list(t, s, q)); !slices.Equal(got, tt.want) {
					t.Errorf("limit %d: %v, want %v", limit, got, tt.want)
				}
			}
		})
	}
}

func TestTheLastPageSaysSo(t *testing.T) {
	s := newStore(t)
	for range 4 {
		mustPut(t, s, newEvent("w"))
	}
	p, err := webhook.ReadPage(t.Context(), s, webhook.Query{Limit: 2})
	if err != nil || p.Next != 3 || p.Position != (webhook.Position{Event: 4}) {
		t.Errorf("first: next %s, position %+v, %v", p.Next, p.Position, err)
	}
	p, err = webhook.ReadPage(t.Context(), s, webhook.Query{Limit: 2, Cursor: p.Next})
	if err != nil || p.Next != 0 || len(p.Events) != 2 {
		t.Errorf("last: next %s, %d events, %v", p.Next, len(p.Events), err)
	}
}

func TestALongScanTakesManyTransactionsAndEndsWithItsContext(t *testing.T) {
	s := newStore(t)
	const n = 2*scanRows + 100
	fill(t, s, n)
	if got := list(t, s, webhook.Query{Filter: "webhook-0"}); len(got) != 1 || got[0].ID != 1 {
		t.Errorf("the oldest of %d was not found: %v", n, ids(got))
	}
	if got := list(t, s, webhook.Query{Filter: "state:failed"}); len(got) != 0 {
		t.Errorf("%d have failed", len(got))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := webhook.ReadPage(ctx, s, webhook.Query{Filter: "nowhere"}); !errors.Is(err, context.Canceled) {
		t.Errorf("Page = %v", err)
	}
}

// fill stores n delivered events with few commits.
func fill(t testing.TB, s *Store, n int) {
	t.Helper()
	var wg sync.WaitGroup
	const writers = 256
	for w := range writers {
		wg.Go(func() {
			for i := w; i < n; i += writers {
				e := newEvent(fmt.Sprint("webhook-", i))
				e.Answer = webhook.Answer{Status: 200, By: webhook.ByApp, At: e.ReceivedAt}
				if i == 0 {
					e.Answer.Status = 201
				}
				if err := s.PutEvent(background, e); err != nil {
					t.Error(err)
					return
				}
			}
		})
		if w == 0 {
			wg.Wait() // one after the other, so that #1 is webhook-0
		}
	}
	wg.Wait()
}

func TestPagesWhileEventsAreStoredAndDeleted(t *testing.T) {
	s := mustOpen(t, newPath(t), Options{KeepEvents: 200})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					e := newEvent("w")
					if err := s.PutEvent(background, e); err != nil {
						t.Error(err)
						return
					}
					s.QueueAttempt(received(e.ID, 429), byApp(429))
				}
			}
		})
	}
	for range 40 {
		all := list(t, s, webhook.Query{Limit: 20, Filter: "jane"})
		if !slices.IsSortedFunc(all, func(a, b webhook.Summary) int { return int(b.ID) - int(a.ID) }) {
			t.Errorf("out of order: %v", ids(all))
		}
		if _, err := s.Counts(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := s.Retrying(t.Context()); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
}

func TestTheSlowestComeFirstWhenAskedFor(t *testing.T) {
	s := newStore(t)
	for i, took := range []time.Duration{20 * time.Millisecond, time.Second, 0, time.Second, time.Millisecond} {
		id := mustPut(t, s, newEvent(fmt.Sprint("w", i)))
		if took == 0 {
			continue // never tried
		}
		a := resent(id, 200)
		a.Duration = took
		mustTry(t, s, a)
	}
	var got []webhook.ID
	q := webhook.Query{Order: webhook.OrderDuration, Limit: 2}
	for {
		p, err := webhook.ReadPage(t.Context(), s, q)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ids(p.Events)...)
		if q.Cursor = p.Next; q.Cursor == 0 {
			break
		}
	}
	if want := []webhook.ID{4, 2, 1, 5, 3}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	p, err := webhook.ReadPage(t.Context(), s, webhook.Query{Order: webhook.OrderDuration, Filter: "dur:>=1s"})
	if want := []webhook.ID{4, 2}; err != nil || !slices.Equal(ids(p.Events), want) {
		t.Errorf("with a filter %v, %v", ids(p.Events), err)
	}
}

func TestAFilterThatIsNotUnderstoodSelectsNothing(t *testing.T) {
	s := newStore(t)
	mustPut(t, s, newEvent("a"))
	p, err := webhook.ReadPage(t.Context(), s, webhook.Query{Filter: "stauts:5xx"})
	var syntax *filter.SyntaxError
	if !errors.As(err, &syntax) || len(p.Events) != 0 {
		t.Errorf("%d events, %v", len(p.Events), err)
	}
}

func TestTheLastHourIsCounted(t *testing.T) {
	s := newStore(t)
	old := newEvent("old")
	old.ReceivedAt = old.ReceivedAt.Add(-2 * time.Hour)
	mustPut(t, s, old)
	answered(t, s, newEvent("a"), 200)
	answered(t, s, newEvent("b"), 500)
	answered(t, s, newEvent("c"), 429)
	mustPut(t, s, rejected("d"))
	mustPut(t, s, newEvent("open"))
	missed := newEvent("missed")
	answered(t, s, missed, 500)
	mustTry(t, s, webhook.Attempt{EventID: missed.ID, Number: 1, Trigger: webhook.TriggerResend, StatusCode: 200})
	again := newEvent("again")
	answered(t, s, again, 429)
	answered(t, s, newEvent("again"), 200)
	c, err := s.Counts(t.Context())
	// A retry that is expected is neither; both sends of one webhook share its outcome.
	if want := (webhook.Tally{Events: 7, Delivered: 4, Failed: 1}); err != nil || c.LastHour != want {
		t.Errorf("got %+v, want %+v (%v)", c.LastHour, want, err)
	}
}
