package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/taskhook/taskhook/webhook"
)

func TestARedeliveryIsLinkedToTheEventBefore(t *testing.T) {
	s := newStore(t)
	first := answered(t, s, newEvent("w"), 429)
	mustPut(t, s, newEvent("other"))
	altered := newEvent("w")
	altered.Body = []byte(strings.ToUpper(string(altered.Body)))
	second := answered(t, s, altered, 429)
	third := mustPut(t, s, altered)

	want := []struct {
		of, as  webhook.ID
		try     int
		altered bool
	}{{0, second, 1, false}, {first, third, 2, true}, {second, 0, 3, false}}
	for i, id := range []webhook.ID{first, second, third} {
		got, w := summary(t, s, id), want[i]
		if got.RedeliveryOf != w.of || got.RedeliveredAs != w.as || got.Try != w.try || got.Altered != w.altered {
			t.Errorf("%s: of %s, as %s, try %d, altered %v; want %+v", id, got.RedeliveryOf, got.RedeliveredAs, got.Try, got.Altered, w)
		}
	}
}

func TestAnEventThatCameAgainSharesTheOutcomeOfItsRedelivery(t *testing.T) {
	s := newStore(t)
	first := answered(t, s, newEvent("w"), 429)
	if got := state(t, s, first); got != webhook.StateRetrying {
		t.Errorf("before it came again: %s", got)
	}
	second := answered(t, s, newEvent("w"), 429)
	third := mustPut(t, s, newEvent("w"))
	if got := state(t, s, first); got != webhook.StateForwarding {
		t.Errorf("while it is forwarded again: %s", got)
	}
	answer := byApp(500)
	answer.Reason = "a reason"
	if err := s.PutAnswer(t.Context(), third, answer); err != nil {
		t.Fatal(err)
	}
	for _, id := range []webhook.ID{first, second, third} {
		if got := summary(t, s, id); got.State(time.Now()) != webhook.StateFailed || got.Outcome.Answer.Reason != "a reason" {
			t.Errorf("%s: %s, %q", id, got.State(time.Now()), got.Outcome.Answer.Reason)
		}
	}
	if got := summary(t, s, first); got.Answer.Status != 429 {
		t.Errorf("its own answer has become %d", got.Answer.Status)
	}
	// It is one webhook: the resend of any of them recovers all.
	mustTry(t, s, resent(first, 200))
	for _, id := range []webhook.ID{first, second, third} {
		if got := state(t, s, id); got != webhook.StateRecovered {
			t.Errorf("%s: %s", id, got)
		}
	}
	c, err := s.Counts(t.Context())
	if err != nil || c.Delivered != 3 || c.Failed+c.Retrying+c.Rejected != 0 {
		t.Errorf("Counts = %+v, %v", c, err)
	}
}

func TestARefusedEventIsNoRedelivery(t *testing.T) {
	s := newStore(t)
	first := answered(t, s, newEvent("w"), 429)
	forged := mustPut(t, s, rejected("w"))
	if got := summary(t, s, forged); got.RedeliveryOf != 0 || got.Try != 1 {
		t.Errorf("the forged one is a redelivery of %s", got.RedeliveryOf)
	}
	if got := state(t, s, first); got != webhook.StateRetrying {
		t.Errorf("the genuine one is %s", got)
	}
	if got := summary(t, s, mustPut(t, s, newEvent("w"))); got.RedeliveryOf != first || got.Try != 2 {
		t.Errorf("the genuine redelivery is one of %s, try %d", got.RedeliveryOf, got.Try)
	}
}

func TestAnAnswerThatComesAfterTheRedeliverySharesItsOutcomeToo(t *testing.T) {
	s := newStore(t)
	first := mustPut(t, s, newEvent("w"))
	second := answered(t, s, newEvent("w"), 200)
	a, answer := received(first, 429), byApp(429)
	if err := s.PutAttempt(t.Context(), &a, &answer); err != nil {
		t.Fatal(err)
	}
	if state(t, s, first) != webhook.StateDelivered || state(t, s, second) != webhook.StateDelivered {
		t.Errorf("%s, %s", state(t, s, first), state(t, s, second))
	}
}

// TestCountsAndPagesAgree does random things to a store and holds that the
// running counters are what counting all events would give.
func TestCountsAndPagesAgree(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		path := newPath(t)
		s, err := Open(path, Options{})
		if err != nil {
			r.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		var known []webhook.ID
		pick := func() webhook.ID { return rapid.SampledFrom(known).Draw(r, "event") }
		hooks := rapid.SampledFrom([]string{"a", "b", ""})
		statuses := rapid.SampledFrom([]int{200, 429, 429, 429, 500})
		for range rapid.IntRange(1, 40).Draw(r, "steps") {
			do := rapid.SampledFrom([]string{"put", "put", "answer", "answer", "decide", "resend", "delete", "reopen"}).Draw(r, "do")
			if len(known) == 0 {
				do = "put"
			}
			switch do {
			case "put":
				known = append(known, mustPut(t, s, newEvent(hooks.Draw(r, "webhookId"))))
			case "decide":
				d := rapid.SampledFrom(webhook.Decisions[:]).Draw(r, "decision")
				known = append(known, mustPut(t, s, decided(hooks.Draw(r, "webhookId"), d)))
			case "answer":
				id, answer := pick(), byApp(statuses.Draw(r, "status"))
				if summary(t, s, id).Answer.Status != 0 {
					continue
				}
				if answer.Status == 429 {
					answer.RetryAt = time.Now().Add(rapid.SampledFrom([]time.Duration{time.Hour, -time.Hour}).Draw(r, "retry"))
				}
				a := received(id, answer.Status)
				if err := s.PutAttempt(background, &a, &answer); err != nil {
					r.Fatal(err)
				}
			case "resend":
				mustTry(t, s, resent(pick(), statuses.Draw(r, "status")))
			case "delete":
				id := pick()
				if n, err := s.Delete(background, []webhook.ID{id}); n != 1 || err != nil {
					r.Fatalf("Delete = %d, %v", n, err)
				}
				known = slices.DeleteFunc(known, func(k webhook.ID) bool { return k == id })
			case "reopen":
				s = reopen(t, s, path, Options{})
			}
			checkCounts(t, r, s, known)
		}
	})
}

func checkCounts(t *testing.T, r *rapid.T, s *Store, known []webhook.ID) {
	var want webhook.Counts
	all := list(t, s, webhook.Query{Limit: 7, Filter: "state:passed or !state:passed"})
	if got := ids(all); len(got) != len(known) {
		r.Fatalf("events %v, want %v", got, known)
	}
	want.Events = len(all)
	for _, e := range all {
		switch e.State(time.Now()) {
		case webhook.StateDelivered, webhook.StateRecovered:
			want.Delivered++
		case webhook.StateRetrying:
			want.Retrying++
		case webhook.StateFailed, webhook.StateOverdue, webhook.StateInterrupted:
			want.Failed++
		case webhook.StateRejected:
			want.Rejected++
		case webhook.StateIgnored:
			want.Ignored++
		case webhook.StatePassed:
			want.Events--
		}
	}
	got, err := s.Counts(background)
	want.LastHour = got.LastHour // stands for some time, see hour.go
	if want.Bytes = got.Bytes; got != want || err != nil {
		r.Fatalf("Counts = %+v, %v\nwant %+v", got, err, want)
	}
	err = s.view(background, func(txn *txn) error {
		c, err := txn.readCounters()
		if again := txn.recount(c.LastID, c.LastSeq); err == nil && c != again {
			r.Fatalf("counters %+v\ncounted  %+v", c, again)
		}
		return err
	})
	if err != nil {
		r.Fatal(err)
	}
}

func TestOnlyTheEventsOwnBytesRecoverIt(t *testing.T) {
	s := newStore(t)
	e := newEvent("w")
	failed := mustPut(t, s, e)
	if err := s.PutAnswer(t.Context(), failed, byApp(500)); err != nil {
		t.Fatal(err)
	}
	other := resent(failed, 200)
	other.Sent = &webhook.Request{Method: "POST", Path: "/", Body: []byte(`{"webhookId":"new"}`)}
	mustTry(t, s, other)
	if got := state(t, s, failed); got != webhook.StateFailed {
		t.Errorf("after another body was delivered it is %s", got)
	}
	resigned := resent(failed, 200)
	resigned.Sent = &webhook.Request{Method: "POST", Path: "/", Body: e.Body}
	mustTry(t, s, resigned)
	if got := state(t, s, failed); got != webhook.StateRecovered {
		t.Errorf("after its own body was delivered it is %s", got)
	}
}
