package store

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/webhook"
)

func TestTheOldestEventsAreDeletedBeyondTheirNumber(t *testing.T) {
	s := mustOpen(t, newPath(t), Options{KeepEvents: 10})
	for i := range 25 {
		answered(t, s, newEvent(fmt.Sprint("w", i)), 200)
	}
	cleaned(t, s)
	got := ids(list(t, s, webhook.Query{}))
	if want := []webhook.ID{25, 24, 23, 22, 21, 20, 19, 18, 17, 16}; !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
	checkNothingIsLeft(t, s, 10)
}

// checkNothingIsLeft holds that every bucket has entries of the events that are
// there alone; each of them has one attempt with a reply.
func checkNothingIsLeft(t *testing.T, s *Store, n int) {
	t.Helper()
	err := s.view(background, func(txn *txn) error {
		have := map[kind]int{}
		for k := range txn.all(bucketEvents) {
			have[kind(k[idSize])]++
		}
		want := map[kind]int{kindRow: n, kindLog: n, kindEvent: n, kindBody: n, kindAttempt: n, kindReply: n}
		if !maps.Equal(have, want) {
			t.Errorf("entries of each kind: %v, want %v", have, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheOldestEventsAreDeletedBeyondTheirSize(t *testing.T) {
	s := mustOpen(t, newPath(t), Options{KeepBytes: 1 << 20})
	for range 30 {
		e := newEvent("")
		e.Body = make([]byte, 100_000)
		e.BodySize = 100_000
		mustPut(t, s, e)
	}
	cleaned(t, s)
	got := ids(list(t, s, webhook.Query{}))
	if len(got) < 9 || len(got) > 10 || got[0] != 30 {
		t.Errorf("kept %v, want about ten of 100 kB", got)
	}
}

func TestEventsAreDeletedByAgeWhenTheStoreOpens(t *testing.T) {
	path := newPath(t)
	s := mustOpen(t, path, Options{})
	old := newEvent("old")
	old.ReceivedAt = time.Now().Add(-48 * time.Hour)
	answered(t, s, old, 200)
	forged := rejected("forged")
	forged.ReceivedAt = time.Now().Add(-48 * time.Hour)
	mustPut(t, s, forged)
	answered(t, s, newEvent("new"), 200)
	s = reopen(t, s, path, Options{Keep: 24 * time.Hour})
	changes := s.Watch(t.Context())
	for len(list(t, s, webhook.Query{})) > 1 {
		<-changes
	}
	if got := ids(list(t, s, webhook.Query{})); !slices.Equal(got, []webhook.ID{3}) {
		t.Errorf("kept %v", got)
	}
}

func TestUntrustedEventsNeverPushOutOthers(t *testing.T) {
	path := newPath(t)
	s := mustOpen(t, path, Options{KeepEvents: 20})
	genuine := answered(t, s, newEvent("w"), 500)
	mustPut(t, s, decided("w", webhook.Ignored))
	for i := range maxUntrusted + 100 {
		d := webhook.Decisions[i%len(webhook.Decisions)]
		if d == webhook.Ignored {
			d = webhook.Passed
		}
		s.putSoon(t, decided("w", d))
	}
	unread := newEvent("")
	unread.Body, unread.NoBody, unread.BodySize = nil, true, -1
	unread.Answer = webhook.Answer{Status: 413, By: webhook.ByTaskhook}
	mustPut(t, s, unread)
	cleaned(t, s)
	if got := state(t, s, genuine); got != webhook.StateFailed {
		t.Errorf("the genuine event is %s", got)
	}
	untrusted := func() int {
		return len(list(t, s, webhook.Query{Filter: "state:rejected|passed", Limit: 1000}))
	}
	before := untrusted()
	if before > maxUntrusted+int(slack(maxUntrusted)) || before < maxUntrusted-1 {
		t.Errorf("%d untrusted events are kept", before)
	}
	if c, err := s.Counts(t.Context()); err != nil || c.Ignored != 1 || c.Events != c.Rejected+3 {
		t.Errorf("Counts = %+v, %v", c, err)
	}
	// And others do not push them out.
	for range 30 {
		answered(t, s, newEvent("x"), 200)
	}
	cleaned(t, s)
	if c, err := s.Counts(t.Context()); err != nil || c.Delivered != 20 || untrusted() != before {
		t.Errorf("Counts = %+v, %v, before %d untrusted, now %d", c, err, before, untrusted())
	}
}

// putSoon stores an event without waiting for the disk.
func (s *Store) putSoon(t *testing.T, e *webhook.Event) {
	t.Helper()
	record := newEventRecord(e)
	s.file.Queue(len(record), s.transact(func(txn *txn) error {
		txn.counts.LastID++
		id := webhook.ID(txn.counts.LastID)
		r := row{share: 1, try: 1, received: nanos(e.ReceivedAt), hookHash: hash(e.WebhookID), stored: 500,
			flags: flagUntrusted, decision: indexOf(decisions, e.Decision)}
		r.setAnswer(e.Answer)
		if err := txn.change(id, nil, &r); err != nil {
			return err
		}
		return txn.putEvent(id, newEventRecord(e), e)
	}), func(err error) { t.Error(err) })
}

func TestOverduePendingEventsAreSettled(t *testing.T) {
	s := newStore(t)
	answer := byApp(429)
	answer.RetryAt = time.Now().Add(-time.Hour)
	for range 3 {
		answeredWith(t, s, newEvent(""), answer)
	}
	recovered := answeredWith(t, s, newEvent(""), answer)
	mustTry(t, s, resent(recovered, 200))
	before, err := s.Counts(t.Context())
	if err != nil || before.Failed != 3 || before.Delivered != 1 || before.Retrying != 0 {
		t.Errorf("before: %+v, %v", before, err)
	}
	if err := s.cleanNow(true); err != nil {
		t.Fatal(err)
	}
	if after, err := s.Counts(t.Context()); err != nil || after.Failed != 3 || after.Delivered != 1 || after.Retrying != 0 {
		t.Errorf("after: %+v, %v", after, err)
	}
	err = s.view(background, func(txn *txn) error {
		if k, _ := txn.cursor(bucketRetries).First(); k != nil {
			t.Error("they are still among the retrying ones")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnIndexEntryWithoutItsEventIsTidiedUp(t *testing.T) {
	path := three(t)
	editFile(t, path, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("pending")).Put(pairKey(retryTime(1), 77), present)
	})
	s := mustOpen(t, path, Options{})
	if err := s.cleanNow(true); err != nil {
		t.Fatal(err)
	}
	if retrying, err := s.Retrying(t.Context()); err != nil || len(retrying) != 0 {
		t.Errorf("Retrying = %v, %v", ids(retrying), err)
	}
}
