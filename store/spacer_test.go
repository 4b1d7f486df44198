package store

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"

	"github.com/taskhook/taskhook/webhook"
)

// putLarge stores events with bodies of a size, one commit each.
func putLarge(t *testing.T, s *Store, n, size int) []webhook.ID {
	t.Helper()
	body := bytes.Repeat([]byte("x"), size)
	var ids []webhook.ID
	for i := range n {
		e := newEvent(fmt.Sprint("w-", i))
		e.Body, e.BodySize = body, int64(size)
		ids = append(ids, mustPut(t, s, e))
	}
	return ids
}

// TestALargeBodyIsWrittenOnce holds what goes through memory against what is
// stored: a page with four large bodies would be written with each of them.
func TestALargeBodyIsWrittenOnce(t *testing.T) {
	const n, size = 16, 1 << 20
	s := newStore(t)
	putLarge(t, s, 1, size)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	putLarge(t, s, n, size)
	runtime.ReadMemStats(&after)
	// putLarge itself makes one body.
	if times := float64(after.TotalAlloc-before.TotalAlloc-size) / (n * size); times > 1.5 {
		t.Errorf("a body takes %.1f times its bytes to be stored", times)
	}
}

func TestNothingIsLeftOfALargeBody(t *testing.T) {
	s := newStore(t)
	ids := putLarge(t, s, 4, spaced)
	long := received(ids[1], 200)
	long.Body = bytes.Repeat([]byte("y"), 2*spaced)
	mustTry(t, s, long)
	if n, err := s.Delete(t.Context(), ids[:3]); n != 3 || err != nil {
		t.Fatalf("Delete = %d, %v", n, err)
	}
	if e, err := s.Event(t.Context(), ids[3]); err != nil || len(e.Body) != spaced {
		t.Errorf("the body has %d bytes, %v", len(e.Body), err)
	}
	err := s.view(background, func(txn *txn) error {
		for k := range txn.all(bucketLarge) {
			if firstOf(k) != uint64(ids[3]) {
				t.Errorf("%x is left", k)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
