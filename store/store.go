// Package store keeps events, their bodies and every attempt at the app in one
// file that survives a crash at any moment.
//
// A fixed-layout row per event is what lists and filters scan; records, bodies
// and attempts are read only for what is shown. Every record has a checksum: a
// damaged one is an error that wraps webhook.ErrDamaged and names its event, and
// lists go on without it.
//
// [Open] returns a [Store] that is ready. What it returns are copies; no
// method holds a transaction open while its caller works. Its errors that are not
// about one event are those of package boltfile.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/notify"
	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

// ErrNewerSchema is returned by [Open] when a newer Taskhook wrote the file.
var ErrNewerSchema = errors.New("the store was written by a newer taskhook")

// ErrEmpty is returned by [Open] for a file without content that is only to be
// read.
var ErrEmpty = boltfile.ErrEmpty

// LockedError is returned by [Open] when another process has the store open.
type LockedError = boltfile.LockedError

// Options tune a Store. The zero value opens for writing and deletes nothing
// but rejected events.
type Options struct {
	ReadOnly    bool          // create and change nothing
	LockTimeout time.Duration // how long to wait for another process; 0: 1 s

	Keep       time.Duration // older events are deleted; 0: at no age
	KeepEvents int           // the oldest beyond are deleted; 0: any number is kept
	KeepBytes  int64         // the oldest beyond are deleted; 0: any amount is kept

	// JQ runs the jq expressions of filters; nil: they are [filter.ErrNoJQ].
	JQ filter.JQ

	Logger *slog.Logger // nil: silence
}

// Store is an open store. All methods are safe for concurrent use.
type Store struct {
	file    *boltfile.File
	path    string
	opts    Options
	quotas  quotas
	logger  *slog.Logger
	changes notify.Hub[webhook.Change]
	version atomic.Uint64 // of the newest change
	schema  uint32        // of the file when it was opened; 0: it was new
	// previous is what a store of an older layout counts that is only read;
	// else nil.
	previous *counters

	// Of the committing goroutine.
	newest   newest
	assigned webhook.Position // the highest numbers so far
	full     bool             // there is work for the janitor

	clock clock

	interrupted int
	life        context.Context
	end         context.CancelFunc
	janitor     sync.WaitGroup
	resting     atomic.Bool   // the janitor looks at nothing until something is stored
	work        chan struct{} // buffers one signal: something is over its quota
	closing     sync.Once
	closeErr    error

	skips skips
	types typeNames
	hour  hourTally
}

// SetAside says in a sentence which damaged file Open set aside, and why, or that
// it had been emptied; "" if none.
func (s *Store) SetAside() string {
	if s.file.Saved() == "" {
		return s.file.SetAside()
	}
	return s.file.SetAside() + "; " + salvageHint(s.file.Saved())
}

// Interrupted is how many events were found unanswered by Open: their outcome
// is unknown.
func (s *Store) Interrupted() int { return s.interrupted }

// Flush returns once everything that was queued before can be read. It costs
// next to nothing when nothing is queued. An error of the disk leaves it queued.
func (s *Store) Flush(ctx context.Context) error { return s.file.Flush(ctx) }

// Watch hints at changes until ctx or the store ends; then the channel is
// closed. Hints that nobody took in time are joined into the newest.
func (s *Store) Watch(ctx context.Context) <-chan webhook.Change { return s.changes.Watch(ctx) }

// Notify hints at a change of something that is read beside the store, such as
// the listener that has it open.
func (s *Store) Notify() { s.changes.Notify(webhook.Change{Version: s.version.Add(1)}) }

// Close stores what is queued, ends every Watch and waits for what it started.
// Only the first call does; all return its error.
func (s *Store) Close() error {
	s.closing.Do(func() {
		s.end()
		s.janitor.Wait()
		s.closeErr = s.file.Close()
		s.changes.Close()
	})
	return s.closeErr
}

// view runs fn in a read transaction unless ctx has ended; it must be quick.
func (s *Store) view(ctx context.Context, fn func(*txn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.file.Read(func(snap *boltfile.Snapshot) error {
		err := fn(&txn{snap: snap, orphaned: s.opts.ReadOnly, previous: s.previous})
		s.noteDamage(snap.Damage())
		return err
	})
}

// update runs fn in a shared write transaction and returns when it is on disk.
func (s *Store) update(ctx context.Context, size int, fn func(*txn) error) error {
	return s.file.Update(ctx, size, s.transact(fn))
}

// updateAnyway is update that stores in another file when this one is damaged.
func (s *Store) updateAnyway(ctx context.Context, size int, fn func(*txn) error) error {
	return s.file.UpdateAnyway(ctx, size, s.transact(fn))
}

// transact lets fn change the counters, and know the newest events.
func (s *Store) transact(fn func(*txn) error) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		s.newest.begin(tx)
		t := &txn{tx: tx, newest: &s.newest}
		stored, err := t.readCounters()
		if err != nil {
			stored = counters{}
			t.counts = t.recount(0, 0)
		} else {
			t.counts = stored
		}
		if err := fn(t); err != nil {
			return err
		}
		s.assigned = webhook.Position{Event: webhook.ID(t.counts.LastID), Attempt: t.counts.LastSeq}
		s.full = s.quotas.full(&t.counts)
		if t.counts == stored {
			return nil
		}
		return t.in(bucketMeta).Put(countersKey, t.counts.encode())
	}
}

func notFound(id webhook.ID) error { return fmt.Errorf("%s: %w", id, webhook.ErrNotFound) }

func damaged(id webhook.ID, why error) error {
	return &webhook.DamagedError{ID: id, Reason: why.Error()}
}

// skips remembers which damaged records were logged.
type skips struct {
	mu     sync.Mutex
	logged map[string]bool
}

// maxSkips bounds what is remembered.
const maxSkips = 1000

// skipped logs, once, that a list goes on without a damaged record.
func (s *Store) skipped(err error) {
	s.skips.mu.Lock()
	defer s.skips.mu.Unlock()
	text := err.Error()
	if s.skips.logged[text] || len(s.skips.logged) >= maxSkips {
		return
	}
	s.skips.logged[text] = true
	s.logger.Warn("a damaged record is left out", "error", err)
}
