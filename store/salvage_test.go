package store

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/webhook"
)

// some is how many of a number of damages are tried.
func some(n int) int {
	if *full {
		return n
	}
	return max(4, n/15)
}

func TestAFlippedBitCostsNoOtherEvent(t *testing.T) {
	d := newDamageable(t, 400, 400)
	r := rand.New(rand.NewPCG(2, 2))
	for range some(300) {
		page := r.Uint64N(d.high)
		at, bit := int(page)*filePage, r.IntN(8)
		head := r.IntN(3) == 0
		if head {
			at += r.IntN(16)
		} else {
			at += r.IntN(filePage)
		}
		content := slices.Clone(d.content)
		content[at] ^= 1 << bit
		d.check(t, fmt.Sprintf("page %d, byte %d, bit %d", page, at%filePage, bit), content, func(p uint64) bool { return p == page }, head)
	}
}

func TestATruncationCostsNoEventBeforeIt(t *testing.T) {
	d := newDamageable(t, 400, 400)
	r := rand.New(rand.NewPCG(3, 3))
	for range some(60) {
		length := r.IntN(int(d.high) * filePage)
		d.check(t, fmt.Sprintf("cut to %d", length), d.content[:length], func(p uint64) bool { return int(p+1)*filePage > length }, false)
	}
}

func TestDamagedPagesOfALargeStoreCostNoOtherEvent(t *testing.T) {
	n := 400
	if !*full {
		n = 40
	}
	d := newDamageable(t, n, 400<<10)
	if *full && len(d.content) < 100<<20 {
		t.Fatalf("the store has %d bytes only", len(d.content))
	}
	r := rand.New(rand.NewPCG(4, 4))
	content := slices.Clone(d.content)
	bad := map[uint64]bool{}
	for i := 0; len(bad) < some(40); i++ {
		page := 2 + r.Uint64N(d.high-2)
		if i%13 == 0 {
			page = d.leaves[r.IntN(len(d.leaves))]
		}
		bad[page] = true
		b := content[page*filePage:][:filePage]
		switch r.IntN(3) {
		case 0:
			clear(b)
		case 1:
			for i := range b {
				b[i] = byte(r.Uint32())
			}
		default: // another page stands there
			copy(b, d.content[d.leaves[r.IntN(len(d.leaves))]*filePage:][:filePage])
		}
	}
	d.check(t, fmt.Sprint("pages ", slices.Sorted(maps.Keys(bad))), content, func(p uint64) bool { return bad[p] }, false)
}

func TestASalvageRefusesWhatIsNoStoreAndItsOwnFile(t *testing.T) {
	path := newPath(t)
	s := mustOpen(t, path, Options{})
	mustPut(t, s, newEvent("w"))
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no store\n", 10_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := three(t)
	setSchema(t, newer, schema+1, "")
	held := newPath(t)
	mustOpen(t, held, Options{})
	var locked *LockedError
	for name, tt := range map[string]struct {
		file string
		is   func(error) bool
	}{
		"text":        {text, func(err error) bool { return errors.Is(err, webhook.ErrNothingFound) }},
		"its own":     {path, func(err error) bool { return errors.Is(err, webhook.ErrOwnFile) }},
		"newer":       {newer, func(err error) bool { return errors.Is(err, ErrNewerSchema) }},
		"in use":      {held, func(err error) bool { return errors.As(err, &locked) }},
		"none":        {text + ".none", func(err error) bool { return errors.Is(err, os.ErrNotExist) }},
		"a directory": {filepath.Dir(text), func(err error) bool { return err != nil }},
	} {
		if r, err := s.Salvage(t.Context(), tt.file, nil); !tt.is(err) || r.Events != 0 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestASalvageSkipsWhatIsThereAndKeepsRedeliveriesTogether(t *testing.T) {
	old := newPath(t)
	s := mustOpen(t, old, Options{})
	answered(t, s, newEvent("a"), 429)
	answered(t, s, newEvent("a"), 429)
	answered(t, s, newEvent("a"), 200)
	answered(t, s, newEvent("b"), 500)
	if err := s.SetSetting(t.Context(), "target", "http://localhost:3000"); err != nil {
		t.Fatal(err)
	}
	before, err := s.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := allOf(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = newStore(t)
	mustPut(t, s, newEvent("other")) // #1 is another event here
	report, err := s.Salvage(t.Context(), old, nil)
	if err != nil || report.Events != 3 || report.Different != 1 || report.There != 0 || report.Attempts != 3 || report.PossiblyDeleted != 0 {
		t.Fatalf("%+v, %v", report, err)
	}
	if target, err := s.Setting("target"); err != nil || target != "http://localhost:3000" {
		t.Errorf("target %q, %v", target, err)
	}
	if id := mustPut(t, s, newEvent("b")); id != 5 {
		t.Errorf("the next event is %s", id)
	}
	if e := summary(t, s, 5); e.RedeliveryOf != 4 {
		t.Errorf("it is a redelivery of %s", e.RedeliveryOf)
	}

	s = newStore(t)
	if report, err = s.Salvage(t.Context(), old, nil); err != nil || report.Events != 4 {
		t.Fatalf("%+v, %v", report, err)
	}
	after, err := s.Counts(t.Context())
	after.Bytes, before.Bytes = 0, 0
	if err != nil || after != before {
		t.Errorf("Counts = %+v, %v, want %+v", after, err, before)
	}
	for id, one := range allOf(t, s) {
		if one.State(one.ReceivedAt) != want[id].State(one.ReceivedAt) || one.RedeliveryOf != want[id].RedeliveryOf || one.RedeliveredAs != want[id].RedeliveredAs {
			t.Errorf("%s is %+v", id, one.Summary)
		}
	}
}

func TestAnEventWithoutItsRowComesBackFromItsRecords(t *testing.T) {
	path := three(t)
	s := mustOpen(t, path, Options{})
	mustPut(t, s, rejected("forged"))
	redirect := decided("", webhook.Passed)
	redirect.Verdict.Status = webhook.Skipped
	mustPut(t, s, redirect)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	editFile(t, path, func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte("events"))
		return errors.Join(b.Delete(rowKey(2)), b.Delete(rowKey(4)), b.Delete(rowKey(5)))
	})
	if err := Compact(path); err != nil { // else older versions of the rows would be found
		t.Fatal(err)
	}
	s = newStore(t)
	report, err := s.Salvage(t.Context(), path, nil)
	if err != nil || report.Events != 5 || report.Incomplete != 3 {
		t.Fatalf("%+v, %v", report, err)
	}
	if got := state(t, s, 4); got != webhook.StateRejected {
		t.Errorf("the forged event is %s", got)
	}
	if got := state(t, s, 5); got != webhook.StatePassed {
		t.Errorf("what is no webhook is %s", got)
	}
	if got, want := allOf(t, s)[2], allOf(t, s)[3]; got.Answer.Status != want.Answer.Status || len(got.Body) != len(want.Body) || len(got.History) != 1 {
		t.Errorf("#2 is %+v", got.Summary)
	}
}

func TestASalvageConvertsAPreviousLayout(t *testing.T) {
	s := newStore(t)
	if _, err := s.Salvage(t.Context(), copyPrevious(t), nil); err != nil {
		t.Fatal(err)
	}
	converted := mustOpen(t, copyPrevious(t), Options{})
	want, got := allOf(t, converted), allOf(t, s)
	if len(got) != len(want) {
		t.Errorf("%d events are back, want %d", len(got), len(want))
	}
	for id, one := range want {
		if got, want := got[id].State(previousEnd), one.State(previousEnd); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	before, err := converted.Counts(t.Context())
	after, err2 := s.Counts(t.Context())
	before.Bytes, after.Bytes = 0, 0
	if before != after || err != nil || err2 != nil {
		t.Errorf("Counts = %+v, %v, want %+v, %v", after, err2, before, err)
	}
}
