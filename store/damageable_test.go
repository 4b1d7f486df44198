package store

import (
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/webhook"
)

// full is for make full: as many damages as there should be.
var full = flag.Bool("full", false, "damage stores in as many ways as make full does")

// filePage is the size of a page of the files here.
const filePage = 16 << 10

// damageable is a store that is to be damaged, and what was in it.
type damageable struct {
	content []byte
	events  map[webhook.ID]webhook.Record
	pages   map[webhook.ID][]uint64 // where the records of each event are
	deleted map[webhook.ID]bool
	leaves  []uint64 // pages that have records
	high    uint64
}

// newDamageable makes a store of n events with bodies of about size bytes, some
// of them retried, resent, redelivered, rejected or deleted.
func newDamageable(t *testing.T, n, size int) *damageable {
	t.Helper()
	path := newPath(t)
	s := mustOpen(t, path, Options{})
	d := &damageable{events: map[webhook.ID]webhook.Record{}, pages: map[webhook.ID][]uint64{}, deleted: map[webhook.ID]bool{}}
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range n {
		e := newEvent(fmt.Sprint("w", i-i%7)) // seven of each
		e.Body = fmt.Appendf(nil, `{"type":"ContactCreate","n":%d,"pad":"%x"}`, i, make([]byte, size/2+r.IntN(size/2+1)))
		e.BodySize = int64(len(e.Body))
		switch {
		case i%11 == 3:
			mustPut(t, s, rejected(fmt.Sprint("r", i)))
		case i%5 == 0:
			answered(t, s, e, 429)
		default:
			id := answered(t, s, e, []int{200, 500, 200, 404}[i%4])
			if i%9 == 1 {
				mustTry(t, s, resent(id, 200))
			}
		}
		if i%13 == 12 {
			id := webhook.ID(1 + r.IntN(i))
			if _, err := s.Delete(t.Context(), []webhook.ID{id}); err != nil {
				t.Fatal(err)
			}
			d.deleted[id] = true
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	d.read(t, path)
	return d
}

// read remembers what is in a store, and where.
func (d *damageable) read(t *testing.T, path string) {
	t.Helper()
	r := mustOpen(t, path, Options{ReadOnly: true})
	d.events = allOf(t, r)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if d.content, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bbolt.Tx) error {
		d.high = uint64(tx.Size() / filePage)
		for id := 2; id < int(d.high); id++ {
			p, err := tx.Page(id)
			if err != nil || p == nil {
				return err
			}
			if p.Type == "leaf" {
				d.locate(uint64(id), p.OverflowCount)
			}
			if p.Type != "free" { // of such a page only itself is
				id += p.OverflowCount
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// locate notes which events have records on a leaf.
func (d *damageable) locate(page uint64, overflow int) {
	b := d.content[page*filePage:]
	ne := binary.NativeEndian
	for i := range int(ne.Uint16(b[10:])) {
		e := b[16+16*i:]
		at := 16 + 16*i + int(ne.Uint32(e[4:]))
		key := b[at : at+int(ne.Uint32(e[8:]))]
		var id webhook.ID
		switch {
		case len(key) == numberedSize && firstOf(key) == 0 && kind(key[idSize]) == kindRow:
			id = webhook.ID(numberOf(key))
		case len(key) == recordSize || len(key) == numberedSize:
			id = webhook.ID(firstOf(key))
		}
		if id == 0 || slices.Contains(d.pages[id], page) {
			continue
		}
		for n := range uint64(overflow + 1) {
			d.pages[id] = append(d.pages[id], page+n)
		}
		if !slices.Contains(d.leaves, page) {
			d.leaves = append(d.leaves, page)
		}
	}
}

// allOf reads all events of a store with everything.
func allOf(t testing.TB, r webhook.Reader) map[webhook.ID]webhook.Record {
	t.Helper()
	all := map[webhook.ID]webhook.Record{}
	q := webhook.Query{Order: webhook.OrderArrival, Parts: webhook.Parts{Payload: true, Attempts: true}}
	for chunk, err := range r.Read(background, q) {
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range chunk.Records {
			all[one.ID] = one
		}
	}
	return all
}

// check salvages a damaged file, into a store that a start has made beside it,
// and holds that every event that harm does not touch is back and whole, and
// none that was deleted without its mark.
func (d *damageable) check(t *testing.T, name string, content []byte, harmed func(page uint64) bool, all bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data", "store.db")
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, content, 0o600)); err != nil {
		t.Fatal(err)
	}
	intact := func(id webhook.ID) bool { return all || !slices.ContainsFunc(d.pages[id], harmed) }
	if r, err := Open(path, Options{ReadOnly: true}); err == nil {
		_ = allOf(t, r) // whatever is left
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatalf("%s: a start fails: %v", name, err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
	}()
	aside := kept(t, path)
	if len(aside) == 0 { // the damage is not in the way: it is met when it is read
		aside = []string{path + ".copy"}
		if err := os.WriteFile(aside[0], content, 0o600); err != nil {
			t.Fatal(err)
		}
		other := mustOpen(t, filepath.Join(t.TempDir(), "data", "store.db"), Options{})
		d.salvage(t, name, other, aside[0], intact)
		return
	}
	d.salvage(t, name, s, aside[0], intact)
	for _, id := range []webhook.ID{mustPut(t, s, newEvent("new"))} {
		if _, taken := d.events[id]; taken && intact(id) {
			t.Errorf("%s: a new event has the number of %s", name, id)
		}
	}
}

func (d *damageable) salvage(t *testing.T, name string, s *Store, file string, intact func(webhook.ID) bool) {
	t.Helper()
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	report, err := s.Salvage(t.Context(), file, nil)
	if errors.Is(err, webhook.ErrNothingFound) && !slices.ContainsFunc(slices.Collect(maps.Keys(d.events)), intact) {
		return
	}
	if err != nil {
		t.Fatalf("%s: Salvage = %v", name, err)
	}
	if after, err := os.ReadFile(file); err != nil || string(after) != string(before) {
		t.Errorf("%s: the file was changed, %v", name, err)
	}
	got := allOf(t, s)
	for id, want := range d.events {
		is, back := got[id]
		switch {
		case !intact(id):
		case !back:
			t.Errorf("%s: %s is not back; %+v", name, id, report)
		case string(is.Body) != string(want.Body) || len(is.History) != len(want.History) || !is.PossiblyDeleted && is.Answer.Status != want.Answer.Status || is.WebhookID != want.WebhookID:
			t.Errorf("%s: %s is not as it was: %d bytes, %d attempts, answered %d", name, id, len(is.Body), len(is.History), is.Answer.Status)
		}
	}
	for id, is := range got {
		if d.deleted[id] && !is.PossiblyDeleted {
			t.Errorf("%s: %s had been deleted and is back unmarked", name, id)
		}
	}
	if report.Events != len(got) {
		t.Errorf("%s: %d events are back, told %+v", name, len(got), report)
	}
	counts, err := s.Counts(t.Context())
	if err != nil || counts.Events != len(got) {
		t.Errorf("%s: Counts = %+v, %v, want %d events", name, counts, err, len(got))
	}
	again, err := s.Salvage(t.Context(), file, nil)
	if err != nil || again.Events != 0 || again.There != report.Events || again.Different != 0 {
		t.Errorf("%s: a second time: %+v, %v", name, again, err)
	}
}
