// Package boltfile opens one bbolt file safely and writes to it in groups.
//
// bbolt trusts its file: a truncated or altered one makes it panic, sometimes
// with its own locks held. So [Open] looks at the file before bbolt does, sets
// a damaged one aside under a new name and starts afresh; every transaction
// runs where a panic or a memory fault becomes an error that wraps
// [ErrCorrupt]; and nothing that fails keeps a lock. [File.Read] steps over what
// is damaged, a [Scanner] finds whatever is left in a file, and a file that is
// lost while it is open is replaced by another, see [Options].Renewed.
//
// One goroutine owned by the [File] commits. Writers that come at the same
// time share a commit and each returns when its own is on disk.
//
// A file is locked by PATH.lock, which holds the process ID of the owner and
// is never removed. The package knows nothing of what is stored.
package boltfile

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/format"
)

// Errors of a File.
var (
	// ErrCorrupt is returned when the content of the file cannot be what was
	// once written to it.
	ErrCorrupt = errors.New("the file is damaged")
	// ErrClosed is returned when a File is used after Close.
	ErrClosed = errors.New("the file is closed")
	// ErrReadOnly is returned when a File that is open for reading is written to.
	ErrReadOnly = errors.New("the file is open for reading only")
	// ErrRemoved is returned when the file has been removed or replaced while
	// it was open: what is written now would be gone with this process.
	ErrRemoved = errors.New("the file was removed or replaced while in use")
	// ErrEmpty is returned when a file that is opened for reading was created
	// and never written to.
	ErrEmpty = errors.New("the file is empty")
)

// LockedError is returned by [Open] when another process has the file open.
type LockedError struct {
	PID int // of that process; 0: not known, as for one that only reads
}

// Error names the process.
func (e *LockedError) Error() string {
	if e.PID == 0 {
		return "the file is in use by another process"
	}
	return fmt.Sprintf("the file is in use by process %d", e.PID)
}

// Options tune a File. The zero value opens for writing.
type Options struct {
	ReadOnly    bool          // create and change nothing; many processes may read at one time
	LockTimeout time.Duration // how long to wait for another process; 0: 1 s
	// QueueBytes bounds the queued writes that wait for a disk that refuses
	// them; 0: 64 MiB.
	QueueBytes int
	// Accept looks at an open file; nil accepts all. An error that wraps
	// ErrCorrupt has a writer set the file aside; any other fails Open.
	Accept func(tx *bbolt.Tx) error
	// Renewed is called when the file was lost while it was open, or a damaged
	// one was set aside, and another took its place: in the first transaction
	// of that one, by the committing goroutine. nil: nobody is told.
	Renewed func(tx *bbolt.Tx, r Renewal) error
	// Committed is called after each commit, by the committing goroutine,
	// before its writers return. It must not block; nil: nobody is told.
	Committed func()
	Logger    *slog.Logger // nil: silence
}

// Renewal says what became of a file that was lost.
type Renewal struct {
	Why   error  // ErrRemoved, or one that wraps ErrCorrupt
	Saved string // the path of what is left of it; "": nothing
}

const (
	defaultLockTimeout = time.Second
	defaultQueueBytes  = 64 << 20
	// pageSize of new files: rows and records of a few hundred bytes make
	// shallow trees in large pages.
	pageSize = 16 << 10
)

// File is one open bbolt file. All methods are safe for concurrent use.
type File struct {
	path   string
	opts   Options
	limits limits
	aside  string // what was set aside at Open, in words
	saved  string // its path

	// pending is of the committing goroutine: a file that the owner has not
	// filled yet.
	pending *Renewal
	left    string // the path of what is left of a file that no other has replaced yet
	lock    *lock  // nil when reading only

	mu     sync.RWMutex // held for reading by every View, for writing while db changes
	db     *bbolt.DB    // nil when it could not be opened again
	file   *os.File     // what db has open, or what is read
	meta   meta         // the head of the last commit, or of what is read
	closed bool

	broken  atomic.Pointer[error] // bbolt may hold locks of its own: begin nothing more
	suspect bool                  // a commit failed; of the committing goroutine, as the next two
	waiting bool                  // it is said that queued writes wait
	lost    int                   // queued writes that no commit would take until closing
	queue   queue
	done    sync.WaitGroup // the committing goroutine
	closing sync.Once
	closeEr error
}

// SetAside says in a sentence what Open set aside, and why, or that the file had
// been emptied; "" if nothing.
func (f *File) SetAside() string { return f.aside }

// Saved is the path of what Open set aside, "" if nothing.
func (f *File) Saved() string { return f.saved }

// Size is the length of the file in bytes, 0 when it is not known.
func (f *File) Size() int64 {
	info, err := os.Stat(f.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// View runs fn in a read transaction of a file that is open for writing. What fn finds in it is valid within fn
// alone, and fn must be quick: no page is reused and the file cannot grow
// while it runs. Do not call View within View.
func (f *File) View(fn func(tx *bbolt.Tx) error) error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	switch broken := f.broken.Load(); {
	case f.closed:
		return ErrClosed
	case broken != nil:
		return *broken
	case f.opts.ReadOnly:
		return ErrReadOnly
	case f.db == nil:
		return fmt.Errorf("%w: it could not be opened again", ErrRemoved)
	}
	return f.view(fn)
}

// view is View with the lock held.
func (f *File) view(fn func(tx *bbolt.Tx) error) error {
	var tx *bbolt.Tx
	if err := guard(func() (err error) { tx, err = f.db.Begin(false); return err }); err != nil {
		f.breakOn(err)
		return err
	}
	err := guard(func() error { return fn(tx) })
	f.logPanic(err)
	if end := guard(tx.Rollback); end != nil {
		f.breakOn(end)
		err = errors.Join(err, end)
	}
	return err
}

// breakOn stops all use of the file when err is a panic within bbolt's own
// code: it may have left a lock held, and the next transaction would hang.
func (f *File) breakOn(err error) {
	if !errors.Is(err, ErrCorrupt) {
		return
	}
	if f.broken.CompareAndSwap(nil, &err) && f.lock != nil {
		f.lock.noteDamage()
	}
	f.opts.Logger.Info("the file is damaged and not used any more", "path", f.path, "error", err)
}

// Close commits what is queued, waits for running transactions and releases
// the locks. Only the first call does; all return its error, which says when
// queued writes are lost.
func (f *File) Close() error {
	f.closing.Do(func() {
		f.queue.close()
		f.done.Wait()
		f.mu.Lock()
		defer f.mu.Unlock()
		f.closed = true
		f.closeEr = f.detach()
		if f.lost > 0 {
			lost := errors.New(format.Plural(f.lost, "queued write", "queued writes") + " could not be stored")
			f.closeEr = errors.Join(lost, f.closeEr)
		}
		if f.lock != nil {
			f.closeEr = errors.Join(f.closeEr, f.lock.release())
		}
	})
	return f.closeEr
}

// detach closes bbolt, or only its file when bbolt's locks cannot be trusted.
func (f *File) detach() error {
	if f.db == nil {
		if f.opts.ReadOnly {
			return f.file.Close()
		}
		return nil
	}
	db, file := f.db, f.file
	f.db, f.file = nil, nil
	if f.broken.Load() != nil {
		return errors.Join(unlock(file), file.Close())
	}
	return guard(db.Close)
}
