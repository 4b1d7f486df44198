package store

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
)

func TestAnEventComesBackAsItWas(t *testing.T) {
	long := newEvent("w1")
	long.Path, long.RawQuery = "/caf\xe9%2F", "q=<&>&\x00"
	long.Header = http.Header{"X-Twice": {"b", "a", ""}, "X-Latin": {"caf\xe9"}, "X-None": {}}
	long.Body = []byte{0, 1, 0xff, '\n'}
	long.BodySize = 4
	long.SentAt = time.Date(9999, 12, 31, 23, 59, 59, 1, time.UTC)
	long.Verdict = webhook.Verdict{Status: webhook.Invalid, Scheme: "rsa", Header: "x", Key: "k", Reason: "a\nb", Next: "c", Age: -time.Hour}
	empty := &webhook.Event{ReceivedAt: time.Unix(1, 2).UTC(), Method: "GET", Path: "/", Body: []byte{}}
	unread := newEvent("")
	unread.Body, unread.BodySize, unread.NoBody = nil, -1, true
	unread.Answer = webhook.Answer{Status: 413, By: webhook.ByTaskhook, Reason: "too large", At: time.Unix(5, 6).UTC()}
	large := newEvent("w2")
	large.Body = []byte(strings.Repeat("x", 5<<20))
	large.BodySize = 5 << 20

	path := newPath(t)
	s := mustOpen(t, path, Options{})
	events := []*webhook.Event{newEvent("w0"), long, empty, unread, large}
	for i, e := range events {
		if id := mustPut(t, s, e); id != webhook.ID(i+1) {
			t.Errorf("event %d has ID %s", i+1, id)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, path, Options{ReadOnly: true})
	for _, want := range events {
		got, err := s.Event(t.Context(), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Body, want.Body) || (got.Body == nil) != (want.Body == nil) {
			t.Errorf("the body of %s has changed", want.ID)
		}
		put := *want
		put.Body, got.Body = nil, nil
		if diff := cmp.Diff(put, got); diff != "" {
			t.Errorf("event %s (-put +got):\n%s", want.ID, diff)
		}
	}
}

func TestAttemptsComeBackAsTheyWere(t *testing.T) {
	s := newStore(t)
	id := mustPut(t, s, newEvent("w"))
	first := received(id, 500)
	first.Hint, first.Slow, first.Unsuccessful = "a hint", true, true
	refusedConn := webhook.Attempt{EventID: id, Number: 1, Trigger: webhook.TriggerResend, Target: "http://x/", StartedAt: time.Unix(1, 0).UTC(), Error: "connection refused"}
	edited := resent(id, 200)
	edited.Body, edited.BodySize = []byte{}, 300_000
	edited.Sent = &webhook.Request{Method: "POST", Path: "/caf\xe9", RawQuery: "a=b", Header: http.Header{"A": {"b", "c"}}, Body: []byte(strings.Repeat("y", 100_000))}
	bare := resent(id, 204)
	bare.Body, bare.Header, bare.Sent = nil, nil, &webhook.Request{}
	answer := byApp(500)
	want := []webhook.Attempt{first, refusedConn, edited, bare}
	for i := range want {
		var a *webhook.Answer
		if i == 0 {
			a = &answer
		}
		if err := s.PutAttempt(t.Context(), &want[i], a); err != nil {
			t.Fatal(err)
		}
		if want[i].Seq != uint64(i+1) || want[i].Delivery != i+1 {
			t.Errorf("attempt %d has Seq %d, Delivery %d", i+1, want[i].Seq, want[i].Delivery)
		}
	}
	got, err := s.Attempts(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("attempts (-put +got):\n%s", diff)
	}
	if _, err := s.Attempts(t.Context(), 99); !errors.Is(err, webhook.ErrNotFound) {
		t.Errorf("attempts of no event: %v", err)
	}
	if err := s.PutAttempt(t.Context(), &webhook.Attempt{EventID: 99}, nil); !errors.Is(err, webhook.ErrNotFound) {
		t.Errorf("an attempt at no event: %v", err)
	}
}

func TestASummaryTellsWhatBecameOfAnEvent(t *testing.T) {
	s := newStore(t)
	e := newEvent("w")
	id := mustPut(t, s, e)
	if got := state(t, s, id); got != webhook.StateForwarding {
		t.Errorf("unanswered: %s", got)
	}
	answer := byApp(500)
	a := received(id, 500)
	a.Error, a.Slow = "cut off", true
	if err := s.PutAttempt(t.Context(), &a, &answer); err != nil {
		t.Fatal(err)
	}
	want := webhook.Summary{
		Event: *e, Attempts: 1, LastStatus: 500, LastDuration: 3 * time.Millisecond, LastError: true, Slow: true,
		Outcome: webhook.Outcome{Answer: answer, Try: 1},
	}
	want.Header, want.Body, want.Answer = nil, nil, answer
	if diff := cmp.Diff(want, summary(t, s, id)); diff != "" {
		t.Errorf("answered 500 (-want +got):\n%s", diff)
	}
	simulated := resent(id, 200)
	simulated.Trigger, simulated.Simulated = webhook.TriggerSimulation, true
	mustTry(t, s, simulated)
	if got := summary(t, s, id); got.State(time.Now()) != webhook.StateFailed || !got.Simulated || got.Resent {
		t.Errorf("after a simulated answer: %s, %+v", got.State(time.Now()), got)
	}
	mustTry(t, s, resent(id, 200))
	if got := summary(t, s, id); got.State(time.Now()) != webhook.StateRecovered || !got.Resent || got.Attempts != 3 || got.LastError || got.Slow {
		t.Errorf("after a resend: %s, %+v", got.State(time.Now()), got)
	}
	if err := s.Mark(t.Context(), []webhook.ID{id, 99}, true); err != nil || !summary(t, s, id).Marked {
		t.Errorf("Mark: %v, %v", err, summary(t, s, id).Marked)
	}
	if err := s.Mark(t.Context(), []webhook.ID{id}, false); err != nil || summary(t, s, id).Marked {
		t.Errorf("unmark: %v", err)
	}
}

func TestASimulatedAnswerWithoutACallIsNotTheAppsLast(t *testing.T) {
	s := newStore(t)
	id := answered(t, s, newEvent("w"), 500)
	before := summary(t, s, id)
	for _, status := range []int{0, 429} {
		mustTry(t, s, webhook.Attempt{
			EventID: id, Number: 1, Trigger: webhook.TriggerSimulation, StartedAt: time.Now(), StatusCode: status, Simulated: true,
		})
	}
	got := summary(t, s, id)
	if got.LastStatus != before.LastStatus || got.LastDuration != before.LastDuration || !got.Simulated || got.Attempts != 3 {
		t.Errorf("last status %d, duration %s, simulated %v, %d attempts", got.LastStatus, got.LastDuration, got.Simulated, got.Attempts)
	}
	if found := list(t, s, webhook.Query{Filter: "status:none"}); len(found) != 0 {
		t.Errorf("status:none selects %v", ids(found))
	}
	masked := resent(id, 429)
	masked.Trigger, masked.Simulated, masked.AppStatus = webhook.TriggerSimulation, true, 200
	mustTry(t, s, masked)
	if got := summary(t, s, id); got.LastStatus != 429 {
		t.Errorf("after a masked answer: last status %d", got.LastStatus)
	}
}

func TestQueuedAttemptsAreSeenByTheNextWriteAndKeptByClose(t *testing.T) {
	path := newPath(t)
	s := mustOpen(t, path, Options{})
	id := mustPut(t, s, newEvent("w"))
	s.QueueAttempt(received(id, 500), byApp(500))
	if a := mustTry(t, s, resent(id, 200)); a.Seq != 2 || a.Delivery != 2 {
		t.Errorf("the attempt after a queued one has Seq %d, Delivery %d", a.Seq, a.Delivery)
	}
	other := mustPut(t, s, newEvent("x"))
	s.QueueAttempt(received(other, 200), byApp(200))
	s = reopen(t, s, path, Options{})
	if got := state(t, s, id); got != webhook.StateRecovered {
		t.Errorf("%s is %s", id, got)
	}
	if got := state(t, s, other); got != webhook.StateDelivered || s.Interrupted() != 0 {
		t.Errorf("%s is %s, %d interrupted", other, got, s.Interrupted())
	}
}

func TestAQueuedAttemptThatCannotBeStoredIsLogged(t *testing.T) {
	var log lockedBuffer
	s := mustOpen(t, newPath(t), Options{Logger: logTo(&log)})
	s.QueueAttempt(received(99, 200), byApp(200))
	mustPut(t, s, newEvent("w")) // comes after it
	if !strings.Contains(log.String(), "#99") {
		t.Errorf("the log says %q", log.String())
	}
}

func TestIDsAreNeverReused(t *testing.T) {
	path := newPath(t)
	s := mustOpen(t, path, Options{})
	for range 3 {
		mustPut(t, s, newEvent("w"))
	}
	if n, err := s.Delete(t.Context(), []webhook.ID{3, 2, 99}); n != 2 || err != nil {
		t.Fatalf("Delete = %d, %v", n, err)
	}
	s = reopen(t, s, path, Options{})
	if id := mustPut(t, s, newEvent("w")); id != 4 {
		t.Errorf("after deleting the newest the next is %s", id)
	}
}

func TestUnansweredEventsAreInterruptedByTheNextOpen(t *testing.T) {
	path := newPath(t)
	s := mustOpen(t, path, Options{})
	open := mustPut(t, s, newEvent("a"))
	answered(t, s, newEvent("b"), 200)
	mustPut(t, s, rejected("c"))
	recovered := mustPut(t, s, newEvent("d"))
	mustTry(t, s, resent(recovered, 200))

	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	reader, err := Open(path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	// A reader says what the next writer will find, and changes nothing.
	page, err := webhook.ReadPage(t.Context(), reader, webhook.Query{Filter: "state:interrupted"})
	if got := state(t, reader, open); err != nil || got != webhook.StateInterrupted || reader.Interrupted() != 0 || len(page.Events) != 1 || page.Events[0].ID != open {
		t.Errorf("to a reader the event is %s; listed %v, %v", got, page.Events, err)
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, path, Options{})
	if s.Interrupted() != 2 || state(t, s, open) != webhook.StateInterrupted || state(t, s, recovered) != webhook.StateRecovered {
		t.Errorf("%d interrupted: %s, %s", s.Interrupted(), state(t, s, open), state(t, s, recovered))
	}
	if s = reopen(t, s, path, Options{}); s.Interrupted() != 0 || state(t, s, open) != webhook.StateInterrupted {
		t.Errorf("opened again: %d interrupted, %s", s.Interrupted(), state(t, s, open))
	}
}

func TestSettingsAreKept(t *testing.T) {
	path := newPath(t)
	s := mustOpen(t, path, Options{})
	if v, err := s.Setting("target"); v != "" || err != nil {
		t.Errorf("unset: %q, %v", v, err)
	}
	for _, v := range []string{"a", "http://localhost:3000"} {
		if err := s.SetSetting(t.Context(), "target", v); err != nil {
			t.Fatal(err)
		}
	}
	s = reopen(t, s, path, Options{})
	if v, err := s.Setting("target"); v != "http://localhost:3000" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
}

func TestFind(t *testing.T) {
	s := newStore(t)
	if _, err := s.Find(t.Context(), "latest"); !errors.Is(err, webhook.ErrNotFound) {
		t.Errorf("latest of none: %v", err)
	}
	mustPut(t, s, newEvent("w-1"))
	mustPut(t, s, newEvent("w-2"))
	mustPut(t, s, newEvent("w-1"))
	mustPut(t, s, newEvent("77"))
	for name, want := range map[string]webhook.ID{"2": 2, "#2": 2, "latest": 4, "w-1": 3, "w-2": 2, "77": 4} {
		if id, err := s.Find(t.Context(), name); id != want || err != nil {
			t.Errorf("Find(%q) = %s, %v, want %s", name, id, err, want)
		}
	}
	for _, name := range []string{"5", "#0", "w", "", "#"} {
		if id, err := s.Find(t.Context(), name); !errors.Is(err, webhook.ErrNotFound) || id != 0 {
			t.Errorf("Find(%q) = %s, %v", name, id, err)
		}
	}
}

func TestPendingEventsAreNamedSoonestFirst(t *testing.T) {
	s := newStore(t)
	now := time.Now()
	put := func(retry time.Time) webhook.ID {
		answer := byApp(429)
		answer.RetryAt = retry
		return answeredWith(t, s, newEvent(""), answer)
	}
	late := put(now.Add(time.Hour))
	soon := put(now.Add(time.Minute))
	due := put(now.Add(-time.Minute))
	overdue := put(now.Add(-time.Hour))
	final := put(time.Time{})
	retrying, err := s.Retrying(t.Context())
	if want := []webhook.ID{due, soon, late}; err != nil || !slices.Equal(ids(retrying), want) {
		t.Errorf("Retrying = %v, %v, want %v", ids(retrying), err, want)
	}
	if state(t, s, overdue) != webhook.StateOverdue || state(t, s, final) != webhook.StateFailed {
		t.Errorf("%s, %s", state(t, s, overdue), state(t, s, final))
	}
	c, err := s.Counts(t.Context())
	if err != nil || c.Retrying != 3 || c.Failed != 2 || c.Events != 5 || c.Bytes == 0 {
		t.Errorf("Counts = %+v, %v", c, err)
	}
}

func TestWatchHintsAtChangesAndJoinsThem(t *testing.T) {
	s := newStore(t)
	idle := s.Watch(t.Context())
	for range 5 {
		mustPut(t, s, newEvent("w"))
	}
	first := <-idle
	mustPut(t, s, newEvent("w"))
	if second := <-idle; first.Version == 0 || second.Version <= first.Version {
		t.Errorf("versions %d, %d", first.Version, second.Version)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range idle { // ends
	}
	for range s.Watch(t.Context()) {
		t.Error("a closed store hints")
	}
}

func TestAfterCloseEverythingIsRefused(t *testing.T) {
	s := newStore(t)
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if err := s.PutEvent(t.Context(), newEvent("w")); !errors.Is(err, boltfile.ErrClosed) {
		t.Errorf("PutEvent = %v", err)
	}
	if _, err := webhook.ReadPage(t.Context(), s, webhook.Query{}); !errors.Is(err, boltfile.ErrClosed) {
		t.Errorf("Page = %v", err)
	}
}
