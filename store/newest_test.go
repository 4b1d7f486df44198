package store

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"github.com/taskhook/taskhook/webhook"
)

// TestAnEventFollowsTheNewestOneThatIsThere does random things to a store and
// holds that each event is linked to the newest of its webhookId.
func TestAnEventFollowsTheNewestOneThatIsThere(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		path := newPath(t)
		s, err := Open(path, Options{})
		if err != nil {
			r.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		type stored struct {
			id   webhook.ID
			hook string // "": links nothing
		}
		var all []stored
		hooks := rapid.SampledFrom([]string{"a", "b", ""})
		for range rapid.IntRange(1, 25).Draw(r, "steps") {
			switch rapid.SampledFrom([]string{"put", "put", "refuse", "delete", "fail", "reopen"}).Draw(r, "do") {
			case "put":
				hook := hooks.Draw(r, "webhookId")
				want := webhook.ID(0)
				for _, e := range all {
					if hook != "" && e.hook == hook {
						want = e.id
					}
				}
				e := newEvent(hook)
				if mustPut(t, s, e); e.RedeliveryOf != want {
					r.Fatalf("%s is a redelivery of %s, want %s", e.ID, e.RedeliveryOf, want)
				}
				all = append(all, stored{e.ID, hook})
			case "refuse":
				all = append(all, stored{mustPut(t, s, rejected(hooks.Draw(r, "webhookId"))), ""})
			case "delete":
				if len(all) == 0 {
					continue
				}
				i := rapid.IntRange(0, len(all)-1).Draw(r, "event")
				if _, err := s.Delete(background, []webhook.ID{all[i].id}); err != nil {
					r.Fatal(err)
				}
				all = slices.Delete(all, i, i+1)
			case "fail":
				mine := errors.New("mine")
				err := s.update(background, 0, func(t *txn) error {
					t.newestWith(hash("a"), 99)
					if len(all) > 0 {
						_, err := t.delete(all[len(all)-1].id)
						return errors.Join(mine, err)
					}
					return mine
				})
				if !errors.Is(err, mine) {
					r.Fatal(err)
				}
			case "reopen":
				s = reopen(t, s, path, Options{})
			}
		}
	})
}

func TestEventsThatShareACommitFollowEachOther(t *testing.T) {
	s := newStore(t)
	const n = 100
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if err := s.PutEvent(background, newEvent("w")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for id := webhook.ID(1); id <= n; id++ {
		if got := summary(t, s, id); got.RedeliveryOf != id-1 || got.Try != int(id) {
			t.Errorf("%s is a redelivery of %s, try %d", id, got.RedeliveryOf, got.Try)
		}
	}
}

func TestADamagedEventLinksNothingAndOnceDeletedHidesNone(t *testing.T) {
	s := newStore(t)
	first := answered(t, s, newEvent("w"), 500)
	second := answered(t, s, newEvent("w"), 500)
	mustPut(t, s, newEvent("other"))
	// The row turns bad while the store knows the event as the newest.
	err := s.update(t.Context(), 0, func(t *txn) error {
		row := slices.Clone(t.in(bucketEvents).Get(rowKey(second)))
		row[40] ^= 1
		return t.in(bucketEvents).Put(rowKey(second), row)
	})
	if err != nil {
		t.Fatal(err)
	}
	alone := newEvent("w")
	if mustPut(t, s, alone); alone.RedeliveryOf != 0 || alone.Try != 1 {
		t.Errorf("it is a redelivery of %s, try %d", alone.RedeliveryOf, alone.Try)
	}
	if n, err := s.Delete(t.Context(), []webhook.ID{second, alone.ID}); n != 2 || err != nil {
		t.Fatalf("Delete = %d, %v", n, err)
	}
	again := newEvent("w")
	if mustPut(t, s, again); again.RedeliveryOf != first {
		t.Errorf("it is a redelivery of %s, want %s", again.RedeliveryOf, first)
	}
}

func TestLongRecordsAreDeletedWithTheirEvent(t *testing.T) {
	s := newStore(t)
	long := []byte(strings.Repeat("x", maxInline+1))
	var put []webhook.ID
	for range 2 {
		e := newEvent("w")
		e.Body, e.BodySize = long, int64(len(long))
		put = append(put, mustPut(t, s, e))
		a := resent(e.ID, 200)
		a.Body, a.BodySize, a.Sent = long, int64(len(long)), &webhook.Request{Method: "POST", Body: long}
		mustTry(t, s, a)
	}
	if n, err := s.Delete(t.Context(), put[:1]); n != 1 || err != nil {
		t.Fatalf("Delete = %d, %v", n, err)
	}
	e, err := s.Event(t.Context(), put[1])
	if err != nil || string(e.Body) != string(long) {
		t.Errorf("the body has %d bytes, %v", len(e.Body), err)
	}
	attempts, err := s.Attempts(t.Context(), put[1])
	if err != nil || len(attempts) != 1 || string(attempts[0].Body) != string(long) || string(attempts[0].Sent.Body) != string(long) {
		t.Errorf("the attempt has changed: %v", err)
	}
	err = s.view(background, func(txn *txn) error {
		n := 0
		for k := range txn.all(bucketLarge) {
			if n++; firstOf(k) != uint64(put[1]) {
				t.Errorf("%x is left", k)
			}
		}
		if n != 3 {
			t.Errorf("%d long records, want 3", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestARowUnderNoIDTakesNothingWithIt(t *testing.T) {
	path := three(t)
	editFile(t, path, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketNames[bucketEvents])).Put(rowKey(0), []byte("no row"))
	})
	s := mustOpen(t, path, Options{})
	if n, err := s.Delete(t.Context(), []webhook.ID{0}); n != 1 || err != nil {
		t.Fatalf("Delete = %d, %v", n, err)
	}
	if got := ids(list(t, s, webhook.Query{})); !slices.Equal(got, []webhook.ID{3, 2, 1}) {
		t.Errorf("left are %v", got)
	}
	if c, err := s.Counts(t.Context()); err != nil || c.Events != 3 || c.Failed != 3 {
		t.Errorf("Counts = %+v, %v", c, err)
	}
}
