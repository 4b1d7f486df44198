package boltfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/files"
)

// compactTx is how many bytes one transaction of a compaction copies.
const compactTx = 8 << 20

// exclusively locks the file at path for this process while fn runs. The error
// may be a *LockedError, and wraps fs.ErrNotExist when there is no file.
func exclusively(path string, fn func() error) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	l, err := takeLock(path+lockSuffix, defaultLockTimeout)
	if err != nil {
		return err
	}
	err = fn()
	return errors.Join(err, l.release())
}

// Check looks at every page of a file that nobody has open. The error wraps
// ErrCorrupt when one of them is damaged, or leads to where it should not.
func Check(path string) error {
	return exclusively(path, func() error { return checkAll(path) })
}

func checkAll(path string) error {
	file, err := files.Open(path, os.O_RDONLY)
	if err != nil {
		return err
	}
	return errors.Join(guard(func() error { return check(file, defaultLimits, true) }), file.Close())
}

// Compact writes a file that nobody has open anew, without the room that
// deleted records have left. The error wraps ErrCorrupt when the file is
// damaged; then, as after any other error, it is as it was.
func Compact(path string) error {
	return exclusively(path, func() error {
		if err := checkAll(path); err != nil {
			return err
		}
		f := File{path: path}
		fresh := f.freeName("compact")
		err := guard(func() error { return copyTo(fresh, path) })
		if err == nil {
			err = files.Rename(fresh, filepath.Base(path))
		}
		if err != nil {
			_ = os.Remove(fresh)
			return fmt.Errorf("compact %s: %w", path, err)
		}
		return nil
	})
}

// copyTo copies what a file holds to a new one.
func copyTo(fresh, path string) error {
	from, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: defaultLockTimeout})
	if err != nil {
		return err
	}
	to, err := bbolt.Open(fresh, 0o600, &bbolt.Options{
		PageSize: pageSize, FreelistType: bbolt.FreelistMapType, NoSync: true,
		OpenFile: func(name string, _ int, _ os.FileMode) (*os.File, error) {
			return files.Open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
		},
	})
	if err != nil {
		return errors.Join(err, from.Close())
	}
	err = bbolt.Compact(to, from, compactTx)
	return errors.Join(err, to.Sync(), to.Close(), from.Close())
}

// SetAside renames a file that nobody has open, so that it can be salvaged, and
// returns its new path.
func SetAside(path string) (aside string, err error) {
	err = exclusively(path, func() error {
		f := File{path: path}
		aside = f.freeName("damaged")
		return files.Rename(path, filepath.Base(aside))
	})
	return aside, err
}
