package boltfile

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/files"
)

// renew begins another file when the one that is open was lost: removed or
// replaced, overwritten, or found damaged. What is left of it is saved beside.
// A file that somebody has put in its place is used if it can be. It is called
// by the committing goroutine.
func (f *File) renew(why error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := Renewal{Why: why}
	if errors.Is(why, ErrRemoved) {
		var err error
		if r.Saved, err = f.saveRemoved(); err != nil {
			return fmt.Errorf("%w; and what was in it cannot be saved: %w", why, err)
		}
	}
	if err := f.detach(); err != nil {
		f.opts.Logger.Info("close a file that was lost", "path", f.path, "error", err)
	}
	f.broken.Store(nil)
	f.suspect = false
	aside, err := f.openAnother(why)
	r.Saved = cmp.Or(r.Saved, aside)
	if err != nil {
		f.left = r.Saved // for the next try
		return err
	}
	f.lock.damaged, f.left = false, ""
	f.opts.Logger.Info("another file was begun", "path", f.path, "error", why, "saved", r.Saved)
	f.pending = &r
	return f.begin()
}

// openAnother opens the file that is in the place of the lost one, or a new
// one; then it returns the path of what was in the way.
func (f *File) openAnother(why error) (aside string, err error) {
	if err := files.MakeDirectory(filepath.Dir(f.path)); err != nil {
		return "", err
	}
	if err := f.lockAgain(); err != nil {
		return "", err
	}
	f.lock.damaged = errors.Is(why, ErrCorrupt) // have every page looked at
	if err = f.openCreate(); err == nil {
		if !f.lock.damaged || errors.Is(why, errOverwritten) {
			return "", nil
		}
		// It passes, but was damaged in a way that only its use shows.
		err = errors.Join(why, f.detach())
	}
	var locked *LockedError
	var system syscall.Errno
	if errors.As(err, &locked) || errors.As(err, &system) {
		return "", err
	}
	if aside, err = f.setAside(err); err != nil {
		return "", err
	}
	return aside, f.openCreate()
}

// errOverwritten is the reason of a file in which another one was written.
var errOverwritten = corrupt("it was overwritten or cut short")

// saveRemoved copies what the lost file still holds to a file of its own.
func (f *File) saveRemoved() (path string, err error) {
	if f.file == nil {
		return f.left, nil
	}
	info, err := f.file.Stat()
	if err != nil || info.Size() == 0 {
		return "", err
	}
	name := f.freeName("removed")
	if err := files.MakeDirectory(filepath.Dir(name)); err != nil {
		return "", err
	}
	to, err := files.Open(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(to, io.NewSectionReader(f.file, 0, info.Size()))
	if err = errors.Join(err, to.Sync(), to.Close()); err != nil {
		return "", errors.Join(err, os.Remove(name))
	}
	return name, nil
}

// lockAgain locks the lock file anew if that was removed or replaced, too.
func (f *File) lockAgain() error {
	there, err := os.Stat(f.path + lockSuffix)
	if err == nil {
		if ours, err := f.lock.file.Stat(); err == nil && os.SameFile(there, ours) {
			return nil
		}
	}
	lock, err := takeLock(f.path+lockSuffix, f.opts.LockTimeout)
	if err != nil {
		return err
	}
	_ = f.lock.file.Close() // of a file that nobody sees
	f.lock = lock
	return nil
}

// begin has the owner fill a file that took the place of another.
func (f *File) begin() error {
	if f.opts.Renewed == nil {
		f.pending = nil
		return nil
	}
	var tx *bbolt.Tx
	err := guard(func() (err error) { tx, err = f.db.Begin(true); return err })
	if err != nil {
		return err
	}
	if err = guard(func() error { return f.opts.Renewed(tx, *f.pending) }); err == nil {
		err = guard(tx.Commit)
	} else {
		err = errors.Join(err, guard(tx.Rollback))
	}
	if err != nil {
		f.suspect = true
		return fmt.Errorf("begin another file: %w", err)
	}
	f.pending = nil
	f.committed()
	return nil
}
