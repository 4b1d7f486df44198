package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
)

// three makes a store of three answered events and closes it.
func three(t *testing.T) string {
	t.Helper()
	path := newPath(t)
	s := mustOpen(t, path, Options{})
	for i := range 3 {
		answered(t, s, newEvent(fmt.Sprint("w", i)), 500)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestADamagedRecordNamesItsEventAndListsGoOn(t *testing.T) {
	tests := []struct {
		name   string
		in     bucket
		key    []byte
		read   func(*Store) error
		listed []webhook.ID
	}{
		{"row", bucketEvents, rowKey(2), func(s *Store) error { _, err := s.Summary(background, 2); return err }, []webhook.ID{3, 1}},
		{"event", bucketEvents, recordKey(2, kindEvent), func(s *Store) error { _, err := s.Event(background, 2); return err }, []webhook.ID{3, 1}},
		{"body", bucketEvents, recordKey(2, kindBody), func(s *Store) error { _, err := s.Event(background, 2); return err }, []webhook.ID{3, 2, 1}},
		{"attempt", bucketEvents, attemptKey(2, kindAttempt, 2), func(s *Store) error { _, err := s.Attempts(background, 2); return err }, []webhook.ID{3, 2, 1}},
		{"reply", bucketEvents, attemptKey(2, kindReply, 2), func(s *Store) error { _, err := s.Attempts(background, 2); return err }, []webhook.ID{3, 2, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := three(t)
			damage(t, path, tt.in, tt.key)
			var log lockedBuffer
			s := mustOpen(t, path, Options{Logger: logTo(&log)})
			if err := tt.read(s); !errors.Is(err, webhook.ErrDamaged) || !strings.Contains(err.Error(), "#2") {
				t.Errorf("read = %v, want ErrDamaged of #2", err)
			}
			if got := ids(list(t, s, webhook.Query{})); !slices.Equal(got, tt.listed) {
				t.Errorf("listed %v, want %v", got, tt.listed)
			}
			n, err := s.Updates(t.Context(), webhook.Position{})
			if err != nil || len(n.Events) != len(tt.listed) || n.More {
				t.Errorf("%d events are updates, more %v, %v", len(n.Events), n.More, err)
			}
			if len(tt.listed) == 2 && !strings.Contains(log.String(), "#2") {
				t.Errorf("the log does not name it: %q", log.String())
			}
			// It can be deleted, and all is counted right.
			if n, err := s.Delete(t.Context(), []webhook.ID{2}); n != 1 || err != nil {
				t.Fatalf("Delete = %d, %v", n, err)
			}
			if got := ids(list(t, s, webhook.Query{Filter: "type:ContactCreate"})); !slices.Equal(got, []webhook.ID{3, 1}) {
				t.Errorf("listed by type %v", got)
			}
			if c, err := s.Counts(t.Context()); err != nil || c.Events != 2 || c.Failed != 2 {
				t.Errorf("Counts = %+v, %v", c, err)
			}
		})
	}
}

func TestDamagedCountersAreCountedAnew(t *testing.T) {
	path := three(t)
	damage(t, path, bucketMeta, countersKey)
	s := mustOpen(t, path, Options{})
	if c, err := s.Counts(t.Context()); err != nil || c.Events != 3 || c.Failed != 3 {
		t.Errorf("Counts = %+v, %v", c, err)
	}
	if id := mustPut(t, s, newEvent("w")); id != 4 {
		t.Errorf("the next event is %s", id)
	}
	if a := mustTry(t, s, resent(4, 200)); a.Seq != 4 {
		t.Errorf("the next attempt is %d", a.Seq)
	}
	if c, err := s.Counts(t.Context()); err != nil || c.Events != 4 || c.Failed != 3 {
		t.Errorf("Counts = %+v, %v", c, err)
	}
}

func TestCountersOfAnEarlierVersionAreCountedAnew(t *testing.T) {
	path := three(t)
	withBucket(t, path, bucketMeta, func(b *bbolt.Bucket) error {
		old, err := boltfile.Unseal(countersKey, b.Get(countersKey))
		if err != nil {
			return err
		}
		shorter := append(make([]byte, boltfile.SumSize), old[:len(old)-8]...)
		return b.Put(countersKey, boltfile.Seal(countersKey, shorter))
	})
	s := mustOpen(t, path, Options{})
	if c, err := s.Counts(t.Context()); err != nil || c.Events != 3 || c.Failed != 3 {
		t.Errorf("Counts = %+v, %v", c, err)
	}
	if id := mustPut(t, s, newEvent("w")); id != 4 {
		t.Errorf("the next event is %s", id)
	}
	cleaned(t, s)
}

func TestAStoreOfANewerTaskhookIsRefusedAndLeftAlone(t *testing.T) {
	path := three(t)
	setSchema(t, path, schema+1, "with more to it")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, readOnly := range []bool{true, false} {
		_, err := Open(path, Options{ReadOnly: readOnly})
		if !errors.Is(err, ErrNewerSchema) || errors.Is(err, boltfile.ErrCorrupt) || !strings.Contains(err.Error(), fmt.Sprint("version ", schema+1)) {
			t.Errorf("Open = %v", err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file has changed, %v", err)
	}
	setSchema(t, path, schema, "") // no lock was kept
	if s := mustOpen(t, path, Options{}); s.SetAside() != "" {
		t.Error(s.SetAside())
	}
}

// setSchema writes a version of the layout, and what a newer one may add to
// its record.
func setSchema(t *testing.T, path string, v uint32, more string) {
	t.Helper()
	editFile(t, path, func(tx *bbolt.Tx) error {
		record := append(binary.BigEndian.AppendUint32(make([]byte, boltfile.SumSize), v), more...)
		return tx.Bucket([]byte("meta")).Put(schemaKey, boltfile.Seal(schemaKey, record))
	})
}

func editFile(t *testing.T, path string, edit func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(edit), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestAForeignOrIncompleteDatabaseIsSetAside(t *testing.T) {
	tests := map[string]func(*bbolt.Tx) error{
		"foreign": func(tx *bbolt.Tx) error {
			return errors.Join(tx.DeleteBucket([]byte("meta")), tx.DeleteBucket([]byte("events")))
		},
		"a bucket is missing":   func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("pending")) },
		"no version":            func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Delete(schemaKey) },
		"its version is damage": func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put(schemaKey, []byte("12345678")) },
	}
	for name, edit := range tests {
		t.Run(name, func(t *testing.T) {
			path := three(t)
			editFile(t, path, edit)
			if name == "foreign" {
				if _, err := Open(path, Options{ReadOnly: true}); !errors.Is(err, boltfile.ErrCorrupt) {
					t.Errorf("open to read = %v", err)
				}
			} else { // what is there can be read
				r := mustOpen(t, path, Options{ReadOnly: true})
				if got := ids(list(t, r, webhook.Query{})); !slices.Equal(got, []webhook.ID{3, 2, 1}) {
					t.Errorf("listed %v", got)
				}
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
			}
			s := mustOpen(t, path, Options{})
			if s.SetAside() == "" || mustPut(t, s, newEvent("w")) != 4 {
				t.Errorf("SetAside = %q", s.SetAside())
			}
		})
	}
}

func TestAReaderNeedsAStore(t *testing.T) {
	path := newPath(t)
	if _, err := Open(path, Options{ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open = %v, want fs.ErrNotExist", err)
	}
	s := mustOpen(t, path, Options{})
	id := mustPut(t, s, newEvent("w"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, path, Options{ReadOnly: true})
	if err := s.PutEvent(t.Context(), newEvent("w")); !errors.Is(err, boltfile.ErrReadOnly) {
		t.Errorf("PutEvent = %v", err)
	}
	if _, err := s.Delete(t.Context(), []webhook.ID{id}); !errors.Is(err, boltfile.ErrReadOnly) {
		t.Errorf("Delete = %v", err)
	}
	if got := state(t, s, id); got != webhook.StateInterrupted { // nobody is at work on it
		t.Errorf("the event is %s", got)
	}
}

// kept are the files beside a store that are left of others.
func kept(t *testing.T, path string) []string {
	t.Helper()
	all, err := filepath.Glob(path + ".*-*")
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAStoreThatIsLostWhileOpenGoesOnWithHigherNumbers(t *testing.T) {
	tests := map[string]struct {
		lose func(path string) error
		said string
	}{
		"removed":     {os.Remove, "removed or replaced"},
		"overwritten": {func(path string) error { return os.WriteFile(path, make([]byte, 1<<20), 0o600) }, "overwritten"},
		"pages overwritten": {func(path string) error {
			content, err := os.ReadFile(path)
			for at := 2 * 16384; at+16384 <= len(content) && err == nil; at += 16384 {
				copy(content[at+16:at+16384], bytes.Repeat([]byte{0xa5}, 16384))
			}
			return errors.Join(err, os.WriteFile(path, content, 0o600))
		}, "damaged"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var log lockedBuffer
			path := newPath(t)
			s := mustOpen(t, path, Options{Logger: logTo(&log)})
			for i := range 3 {
				answered(t, s, newEvent(fmt.Sprint("w", i)), 200)
			}
			hints := s.Watch(t.Context())
			if err := tt.lose(path); err != nil {
				t.Fatal(err)
			}
			_, _ = webhook.ReadPage(t.Context(), s, webhook.Query{}) // whatever a reader meets
			if id := answered(t, s, newEvent("w0"), 200); id != 4 {
				t.Errorf("the next event is %s", id)
			}
			<-hints
			n, err := s.Updates(t.Context(), webhook.Position{Event: 3, Attempt: 3})
			if err != nil || len(n.Events) != 1 || len(n.Attempts) != 1 || n.Attempts[0].Seq != 4 {
				t.Errorf("Updates = %+v, %v", n, err)
			}
			files := kept(t, path)
			if len(files) != 1 || !strings.Contains(log.String(), tt.said) || !strings.Contains(log.String(), "taskhook store salvage "+files[0]) {
				t.Errorf("kept %v, log: %s", files, log.String())
			}
			if strings.Contains(log.String(), "goroutine ") && strings.Contains(log.String(), "level=ERROR") {
				t.Errorf("a stack is told: %s", log.String())
			}
		})
	}
}

func TestAStoreBesideOneThatWasSetAsideBeginsAboveItsNumbers(t *testing.T) {
	path := three(t)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{16, 16384 + 16} { // both heads
		content[at] ^= 1
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, path, Options{})
	if !strings.Contains(s.SetAside(), "taskhook store salvage "+kept(t, path)[0]) {
		t.Errorf("SetAside = %q", s.SetAside())
	}
	if id := mustPut(t, s, newEvent("w")); id != 4 {
		t.Errorf("the next event is %s", id)
	}
	if a := mustTry(t, s, resent(4, 200)); a.Seq != 4 {
		t.Errorf("the next attempt is %d", a.Seq)
	}
	// The second one is lost without a trace: the first is still kept.
	if err := errors.Join(s.Close(), os.Remove(path)); err != nil {
		t.Fatal(err)
	}
	if id := mustPut(t, mustOpen(t, path, Options{}), newEvent("w")); id != 4 {
		t.Errorf("the next event of a third store is %s", id)
	}
}
