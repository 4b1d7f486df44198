package store

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/taskhook/taskhook/webhook"
)

// TestUpdatesTellEverythingOnceInOrder follows a store with random pauses.
func TestUpdatesTellEverythingOnceInOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s, err := Open(newPath(t), Options{})
		if err != nil {
			r.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		var at webhook.Position
		seen := map[webhook.ID]bool{}
		var lastID webhook.ID
		var lastSeq uint64
		follow := func() {
			for more := true; more; {
				n, err := s.Updates(background, at)
				if err != nil {
					r.Fatal(err)
				}
				for _, e := range n.Events {
					if e.ID <= lastID {
						r.Fatalf("%s after %s", e.ID, lastID)
					}
					lastID, seen[e.ID] = e.ID, true
				}
				for _, a := range n.Attempts {
					if a.Seq <= lastSeq || !seen[a.EventID] {
						r.Fatalf("attempt %d of %s after %d; event told: %v", a.Seq, a.EventID, lastSeq, seen[a.EventID])
					}
					lastSeq = a.Seq
				}
				if n.More && n.Position == at {
					r.Fatal("more, and no step forward")
				}
				at, more = n.Position, n.More
			}
		}
		var known []webhook.ID
		attempts := uint64(0)
		for range rapid.IntRange(1, 30).Draw(r, "steps") {
			switch rapid.SampledFrom([]string{"put", "put", "try", "try", "delete", "follow"}).Draw(r, "do") {
			case "put":
				known = append(known, mustPut(t, s, newEvent("w")))
			case "try":
				if len(known) > 0 {
					attempts++
					mustTry(t, s, resent(rapid.SampledFrom(known).Draw(r, "event"), 200))
				}
			case "delete":
				if len(known) > 1 {
					if _, err := s.Delete(background, known[:1]); err != nil {
						r.Fatal(err)
					}
					known = known[1:]
				}
			case "follow":
				follow()
			}
		}
		follow()
		for _, id := range known {
			if !seen[id] {
				r.Errorf("%s was not told", id)
			}
		}
		if p, err := webhook.ReadPage(background, s, webhook.Query{Limit: 1}); err != nil || p.Position != at || at.Attempt != attempts {
			r.Errorf("at %+v, the store at %+v, %d attempts, %v", at, p.Position, attempts, err)
		}
	})
}

func TestTheResendsOfAnEventAreNumbered(t *testing.T) {
	s := newStore(t)
	one, other := mustPut(t, s, newEvent("a")), mustPut(t, s, newEvent("b"))
	mustTry(t, s, received(one, 500))
	simulated := received(one, 429)
	simulated.Trigger, simulated.Sends = webhook.TriggerSimulation, 7
	for want, a := range []webhook.Attempt{simulated, resent(one, 500), resent(other, 200), resent(one, 200)} {
		want = [...]int{0, 1, 1, 2}[want]
		if got := mustTry(t, s, a); got.Resend != want {
			t.Errorf("%s of %s is resend %d, want %d", got.Trigger, got.EventID, got.Resend, want)
		}
	}
	want := []string{"received", "simulated 1/7", "resend 1", "resend 2"}
	all, err := s.Attempts(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, a := range all {
		names = append(names, a.Name())
	}
	if !slices.Equal(names, want) {
		t.Errorf("attempts %q, want %q", names, want)
	}
	updates, err := s.Updates(t.Context(), webhook.Position{})
	if err != nil {
		t.Fatal(err)
	}
	names = nil
	for _, a := range updates.Attempts {
		if a.EventID == one {
			names = append(names, a.Name())
		}
	}
	if !slices.Equal(names, want) {
		t.Errorf("updates %q, want %q", names, want)
	}
}

func TestManyUpdatesComeInParts(t *testing.T) {
	s := newStore(t)
	const n = updatesAtOnce + 20
	fill(t, s, n)
	for id := webhook.ID(n); id > 0; id-- {
		s.QueueAttempt(received(id, 200), byApp(200))
	}
	mustTry(t, s, resent(1, 200))
	var at webhook.Position
	events, attempts, parts := 0, 0, 0
	for more := true; more; parts++ {
		news, err := s.Updates(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range news.Attempts {
			if a.Body != nil || a.Sent != nil || a.Outcome.Answer.Status == 0 {
				t.Fatalf("attempt %+v", a)
			}
		}
		events, attempts = events+len(news.Events), attempts+len(news.Attempts)
		at, more = news.Position, news.More
	}
	if events != n || attempts != n+1 || parts != 3 {
		t.Errorf("%d events and %d attempts in %d parts", events, attempts, parts)
	}
	// A position beyond the end comes from another store.
	news, err := s.Updates(t.Context(), webhook.Position{Event: 1 << 40, Attempt: 1 << 40})
	if err != nil || news.More || news.Position != at {
		t.Errorf("from beyond: %+v, %v", news.Position, err)
	}
}
