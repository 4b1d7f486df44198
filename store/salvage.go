package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
)

// salvageAtOnce is how many events one transaction brings back.
const salvageAtOnce = deleteAtOnce

// maxLost bounds how many lost events are named.
const maxLost = 5000

// Salvage brings back what is intact in the file of a damaged store, which is
// not changed. Events keep their numbers; those that are there already are
// skipped. One that may have been deleted is marked as such. tell hears how far
// it is; nil: nobody does. What was done before an error stays.
//
// The error wraps webhook.ErrNothingFound, webhook.ErrOwnFile, ErrNewerSchema, or is a
// *LockedError when another process uses the file.
func (s *Store) Salvage(ctx context.Context, path string, tell func(webhook.SalvageStep)) (webhook.Salvage, error) {
	if own, err := os.Stat(s.path); err == nil {
		if there, err := os.Stat(path); err == nil && os.SameFile(own, there) {
			return webhook.Salvage{}, fmt.Errorf("salvage %s: %w", path, webhook.ErrOwnFile)
		}
	}
	file, err := boltfile.OpenScanner(path)
	if err != nil {
		return webhook.Salvage{}, fmt.Errorf("salvage %s: %w", path, err)
	}
	v := &salvage{store: s, file: file, version: schema, events: map[webhook.ID]*find{}}
	if tell == nil {
		tell = func(webhook.SalvageStep) {}
	}
	err = v.run(ctx, tell)
	if err != nil {
		err = fmt.Errorf("salvage %s: %w", path, err)
	}
	return v.report, errors.Join(err, file.Close())
}

// salvage is one run of Salvage.
type salvage struct {
	store   *Store
	file    *boltfile.Scanner
	version uint32 // of the file's layout
	known   bool   // there are signs of a store
	layout  bool   // version was read
	events  map[webhook.ID]*find
	texts   map[string]boltfile.Ref
	report  webhook.Salvage
}

// find is what was found of one event.
type find struct {
	where  boltfile.Where // the best place of anything but its body
	row    *row           // nil: it is lost
	rowAt  boltfile.Where
	event  *boltfile.Ref
	reason *boltfile.Ref
	bodies []boltfile.Ref // their checksum is in the row
	tries  []try
}

// try is what was found of one attempt; nil: nothing.
type try struct {
	seq                  uint64
	attempt, reply, sent *boltfile.Ref
}

// stands reports whether an event is to be brought back: what is on free pages
// alone was deleted.
func (f *find) stands() bool { return f.where != boltfile.Free }

func (v *salvage) run(ctx context.Context, tell func(webhook.SalvageStep)) error {
	found, err := v.file.Run(ctx, func(e boltfile.Entry) error { v.collect(e); return nil })
	v.report.Pages = len(found.Damaged)
	if err != nil {
		return err
	}
	ids := slices.DeleteFunc(slices.Sorted(maps.Keys(v.events)), func(id webhook.ID) bool { return !v.events[id].stands() })
	switch {
	case v.version > schema:
		return fmt.Errorf("%w: its layout is version %d, and this taskhook knows those up to %d", ErrNewerSchema, v.version, schema)
	case len(ids) == 0 && !v.known:
		return webhook.ErrNothingFound
	}
	done := 0
	for some := range slices.Chunk(ids, salvageAtOnce) {
		if err := v.bringBack(ctx, some); err != nil {
			return err
		}
		done += len(some)
		tell(webhook.SalvageStep{Done: done, Total: len(ids)})
	}
	return v.store.update(ctx, 0, v.putTexts)
}

// collect remembers where an entry is. A better place comes first.
func (v *salvage) collect(e boltfile.Entry) {
	p := parseEntry(e.Key, e.Value)
	if p.kind == 0 {
		v.collectText(e)
		return
	}
	if p.kind == kindCounters {
		v.known = true
		return
	}
	f := v.events[p.id]
	if f == nil {
		f = &find{where: boltfile.Free}
		v.events[p.id] = f
	}
	if p.kind != kindBody {
		f.where = min(f.where, e.Where)
	}
	switch p.kind {
	case kindRow:
		if f.row == nil || f.rowAt != boltfile.InTree && p.row.beyond(f.row) {
			f.row, f.rowAt = &p.row, e.Where
		}
	case kindEvent:
		keep(&f.event, e.Ref)
	case kindReason:
		keep(&f.reason, e.Ref)
	case kindBody:
		f.bodies = append(f.bodies, e.Ref)
	case kindAttempt:
		keep(&f.try(p.seq).attempt, e.Ref)
	case kindReply:
		keep(&f.try(p.seq).reply, e.Ref)
	case kindSent:
		keep(&f.try(p.seq).sent, e.Ref)
	}
}

func keep(to **boltfile.Ref, r boltfile.Ref) {
	if *to == nil {
		*to = &r
	}
}

// try is what was found of an attempt.
func (f *find) try(seq uint64) *try {
	at, there := slices.BinarySearchFunc(f.tries, seq, func(t try, seq uint64) int { return int(int64(t.seq) - int64(seq)) })
	if !there {
		f.tries = slices.Insert(f.tries, at, try{seq: seq})
	}
	return &f.tries[at]
}

// beyond reports whether a version of a row is more advanced than another.
func (r *row) beyond(other *row) bool {
	progress := func(r *row) [5]int {
		return [5]int{int(r.attempts), min(int(r.status), 1), min(int(r.later), 1), int(r.deliveries), int(r.answered >> 32)}
	}
	a, b := progress(r), progress(other)
	return slices.Compare(a[:], b[:]) > 0
}

// collectText remembers the version of the layout, and settings.
func (v *salvage) collectText(e boltfile.Entry) {
	if len(e.Key) == 0 || len(e.Key) > 64 || e.Where > boltfile.InOlder || !isSealed(e.Key, e.Value) {
		return
	}
	if string(e.Key) == string(schemaKey) {
		if payload := e.Value[boltfile.SumSize:]; len(payload) >= 4 && !v.layout {
			v.version, v.known, v.layout = binary.BigEndian.Uint32(payload), true, true
		}
		return
	}
	for _, c := range e.Key {
		if c < '-' || c > 'z' {
			return
		}
	}
	if v.texts == nil {
		v.texts = map[string]boltfile.Ref{}
	}
	if _, there := v.texts[string(e.Key)]; !there {
		v.texts[string(e.Key)] = e.Ref
	}
}

// putTexts brings back the settings that are not there.
func (v *salvage) putTexts(t *txn) error {
	for name, ref := range v.texts {
		if key := []byte(name); t.get(bucketSettings, key) == nil {
			if err := t.in(bucketSettings).Put(key, slices.Clone(v.file.Value(ref))); err != nil {
				return err
			}
		}
	}
	return nil
}
