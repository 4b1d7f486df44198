package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"taskhook/webhook"
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
	mustPut(t, s, at(3, refused("w1")))
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
		{"a type", webhook.Query{Type: "InvoicePaid"}, []webhook.ID{2}},
		{"an unknown type", webhook.Query{Type: "Invoice"}, []webhook.ID{}},
		{"types that begin so", webhook.Query{Type: "Inv*"}, []webhook.ID{2}},
		{"types that begin so, with a text", webhook.Query{Type: "Contact*", Text: "w1", Verdict: webhook.Valid}, []webhook.ID{4, 1}},
		{"types that begin with nothing", webhook.Query{Type: "*", Cursor: 3}, []webhook.ID{2, 1}},
		{"a webhookId", webhook.Query{WebhookID: "w1"}, []webhook.ID{4, 3, 1}},
		{"a webhookId below a cursor", webhook.Query{WebhookID: "w1", Cursor: 4}, []webhook.ID{3, 1}},
		{"a webhookId and a verdict", webhook.Query{WebhookID: "w1", Verdict: webhook.Unsigned}, []webhook.ID{3}},
		{"a verdict", webhook.Query{Verdict: webhook.Valid, Cursor: 5}, []webhook.ID{4, 2, 1}},
		{"no known verdict", webhook.Query{Verdict: "strange"}, []webhook.ID{}},
		{"lost", webhook.Query{State: webhook.StateLost}, []webhook.ID{5, 2}},
		{"pending", webhook.Query{State: webhook.StatePending}, []webhook.ID{4}},
		{"refused", webhook.Query{State: webhook.StateRefused}, []webhook.ID{3}},
		{"forwarding", webhook.Query{State: webhook.StateForwarding}, []webhook.ID{6}},
		{"5xx of the app", webhook.Query{Status: webhook.StatusRange{Min: 500, Max: 599}}, []webhook.ID{2}},
		{"no response", webhook.Query{Status: webhook.StatusRange{None: true}}, []webhook.ID{5}},
		{"since", webhook.Query{Since: noon.Add(4 * time.Minute)}, []webhook.ID{6, 5, 4}},
		{"before", webhook.Query{Before: noon.Add(2 * time.Minute)}, []webhook.ID{1}},
		{"text in the type", webhook.Query{Text: "voicepaid"}, []webhook.ID{2}},
		{"text in the webhookId", webhook.Query{Text: "W3"}, []webhook.ID{5}},
		{"text in the path", webhook.Query{Text: "hooks/TASKEE"}, []webhook.ID{2}},
		{"text in the body", webhook.Query{Text: "müller"}, []webhook.ID{2}},
		{"text in bodies", webhook.Query{Text: "JANE@", Cursor: 4}, []webhook.ID{3, 1}},
		{"text and type", webhook.Query{Text: "jane@", Type: "InvoicePaid"}, []webhook.ID{}},
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
	p, err := s.Page(t.Context(), webhook.Query{Limit: 2})
	if err != nil || p.Next != 3 || p.Position != (webhook.Position{Event: 4}) {
		t.Errorf("first: next %s, position %+v, %v", p.Next, p.Position, err)
	}
	p, err = s.Page(t.Context(), webhook.Query{Limit: 2, Cursor: p.Next})
	if err != nil || p.Next != 0 || len(p.Events) != 2 {
		t.Errorf("last: next %s, %d events, %v", p.Next, len(p.Events), err)
	}
}

func TestALongScanTakesManyTransactionsAndEndsWithItsContext(t *testing.T) {
	s := newStore(t)
	const n = 2*scanRows + 100
	fill(t, s, n)
	if got := list(t, s, webhook.Query{Text: "webhook-0"}); len(got) != 1 || got[0].ID != 1 {
		t.Errorf("the oldest of %d was not found: %v", n, ids(got))
	}
	if got := list(t, s, webhook.Query{State: webhook.StateLost}); len(got) != 0 {
		t.Errorf("%d are lost", len(got))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Page(ctx, webhook.Query{Text: "nowhere"}); !errors.Is(err, context.Canceled) {
		t.Errorf("Page = %v", err)
	}
}

// fill stores n accepted events with few commits.
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
		all := list(t, s, webhook.Query{Limit: 20, Text: "jane"})
		if !slices.IsSortedFunc(all, func(a, b webhook.Summary) int { return int(b.ID) - int(a.ID) }) {
			t.Errorf("out of order: %v", ids(all))
		}
		if _, err := s.Counts(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := s.Pending(t.Context()); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
}

// FuzzNeedle holds that the fast search finds what the plain one does.
func FuzzNeedle(f *testing.F) {
	f.Add("Jane", []byte(`{"name":"jANE"}`))
	f.Add("aab", []byte("aaab"))
	f.Add("É", []byte("é"))
	f.Add("x", []byte{})
	f.Fuzz(func(t *testing.T, text string, in []byte) {
		n := newNeedle(text)
		if n.empty() {
			return
		}
		want := strings.Contains(lowerASCII(string(in)), lowerASCII(text))
		if !n.ascii {
			want = strings.Contains(strings.ToLower(string(in)), strings.ToLower(text))
		}
		if got := n.in(in); got != want {
			t.Errorf("%q in %q = %v", text, in, got)
		}
	})
}

func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

func TestANeedleIsFoundAnywhere(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		alphabet := rapid.SliceOfN(rapid.SampledFrom([]byte("abAB1")), 0, 12)
		in, text := alphabet.Draw(r, "in"), alphabet.Draw(r, "text")
		n := newNeedle(string(text))
		if want := strings.Contains(strings.ToLower(string(in)), strings.ToLower(string(text))); !n.empty() && n.in(in) != want {
			r.Errorf("%q in %q = %v", text, in, !want)
		}
	})
}
