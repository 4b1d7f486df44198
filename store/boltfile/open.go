package boltfile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/taskhook/taskhook/files"
)

// Open opens the file at path, for writing unless o.ReadOnly.
//
// A writer makes the file and its directory when they are not there, locks the
// file for this process alone, and sets a damaged file aside. A reader gets an
// error that wraps ErrCorrupt for such a file, ErrEmpty for one that was never
// written to, and one that wraps fs.ErrNotExist where there is none. Either
// may get a *LockedError. The caller closes the File.
func Open(path string, o Options) (*File, error) { return open(path, o, defaultLimits) }

func open(path string, o Options, l limits) (*File, error) {
	o.LockTimeout = cmp.Or(o.LockTimeout, defaultLockTimeout)
	o.QueueBytes = cmp.Or(o.QueueBytes, defaultQueueBytes)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	f := &File{path: path, opts: o, limits: l, queue: queue{maxBytes: o.QueueBytes, wake: make(chan struct{}, 1)}}
	if o.ReadOnly {
		if err := f.openToRead(); err != nil {
			return nil, fmt.Errorf("open %s: %w", path, err)
		}
		return f, nil
	}
	if err := f.openToWrite(); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	f.done.Go(f.write)
	return f, nil
}

func (f *File) openToRead() error {
	if err := files.CheckDirectory(filepath.Dir(f.path)); err != nil {
		return err
	}
	file, err := files.Open(f.path, os.O_RDONLY)
	if err != nil {
		return err
	}
	// Without the lock a writer could change what is being looked at.
	if err := awaitLock(file, false, f.opts.LockTimeout, f.path+lockSuffix); err != nil {
		return errors.Join(err, file.Close())
	}
	if info, err := file.Stat(); err != nil || info.Size() == 0 {
		return errors.Join(cmp.Or(err, ErrEmpty), file.Close())
	}
	if err := f.openForReading(file); err != nil {
		return errors.Join(err, file.Close())
	}
	return nil
}

func (f *File) openToWrite() error {
	if err := files.MakeDirectory(filepath.Dir(f.path)); err != nil {
		return err
	}
	var err error
	if f.lock, err = takeLock(f.path+lockSuffix, f.opts.LockTimeout); err != nil {
		return err
	}
	before, err := os.Lstat(f.path)
	missing := errors.Is(err, fs.ErrNotExist)
	emptied := err == nil && before.Mode().IsRegular() && before.Size() == 0
	err = f.openCreate()
	if errors.Is(err, ErrCorrupt) {
		f.aside = fmt.Sprintf("%s could not be used (%v)", f.path, err)
		if f.saved, err = f.setAside(err); err == nil {
			f.aside += ": it was set aside as " + filepath.Base(f.saved) + ", and a new one is started"
			err = f.openCreate()
		}
	}
	if err != nil && missing {
		_ = os.Remove(f.path) // what was begun, on a full disk perhaps
	}
	if emptied {
		f.aside = f.path + " was empty: if it held events, somebody has truncated it and they are gone; a new store begins in it"
	}
	if err != nil {
		return errors.Join(err, f.lock.release())
	}
	f.lock.damaged = false
	return nil
}

// openCreate opens the file, checks it if it has any content, and has bbolt
// take it over.
func (f *File) openCreate() error {
	file, err := files.Open(f.path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	if info.Mode().Perm()&0o077 != 0 {
		_ = file.Chmod(0o600) // of a file system without modes
	}
	return f.attach(file, f.lock.damaged)
}

// attach checks a file and has bbolt open it; deep looks at every page. The
// file is bbolt's afterwards, and closed when there is an error.
func (f *File) attach(file *os.File, deep bool) error {
	if err := check(file, f.limits, deep); err != nil {
		return errors.Join(err, file.Close())
	}
	if err := f.open(file); err != nil {
		return err
	}
	if f.opts.Accept == nil {
		return nil
	}
	if err := f.view(f.opts.Accept); err != nil {
		return errors.Join(err, f.detach())
	}
	return nil
}

// open has bbolt take over a file, which is closed when there is an error.
func (f *File) open(file *os.File) error {
	given := false
	o := &bbolt.Options{
		Timeout: f.opts.LockTimeout, ReadOnly: f.opts.ReadOnly, PageSize: pageSize,
		FreelistType: bbolt.FreelistMapType, NoStatistics: true,
		OpenFile: func(string, int, os.FileMode) (*os.File, error) { given = true; return file, nil },
	}
	var db *bbolt.DB
	err := guard(func() (err error) { db, err = bbolt.Open(f.path, 0o600, o); return err })
	switch {
	case err == nil:
		f.db, f.file = db, file
		f.committed()
		return nil
	case errors.Is(err, ErrCorrupt) || !given:
		_, _ = unlock(file), file.Close() // bbolt did not come to it
	case errors.Is(err, berrors.ErrTimeout):
		return &LockedError{}
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return err
}

// reopen gives bbolt a fresh start after a failed commit: it may have lost its
// map of the file. The lock file stays locked meanwhile.
func (f *File) reopen() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.detach(); err != nil {
		f.opts.Logger.Warn("close after a failed commit", "path", f.path, "error", err)
	}
	file, err := files.Open(f.path, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrRemoved
	}
	if err != nil {
		return err
	}
	if err := check(file, f.limits, false); err != nil {
		return errors.Join(err, file.Close())
	}
	return f.open(file)
}
