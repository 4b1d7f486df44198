package files

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrIrregular is returned when a file of the data directory is not a regular
// file but, for example, a symbolic link that leads elsewhere.
var ErrIrregular = errors.New("not a regular file")

// Write creates or replaces a file of the data directory. Readers see either
// the old content or the new. A symbolic link of that name is replaced, not
// followed.
func Write(path string, data []byte, mode fs.FileMode) error {
	return within("write", path, func(dir *os.Root, name string) error {
		return put(dir, name, data, mode, dir.Rename)
	})
}

// Install creates a file of the data directory. If one of that name exists, it
// stays, which is not an error: of several processes the first one wins.
func Install(path string, data []byte, mode fs.FileMode) error {
	return within("write", path, func(dir *os.Root, name string) error {
		return put(dir, name, data, mode, func(from, to string) error {
			// A link, unlike a rename, never replaces.
			err := dir.Link(from, to)
			if err == nil || errors.Is(err, fs.ErrExist) {
				return nil
			}
			return dir.Rename(from, to) // the file system has no links: the last one wins
		})
	})
}

// put writes a temporary file, then has finish give it its name.
func put(dir *os.Root, name string, data []byte, mode fs.FileMode, finish func(from, to string) error) (err error) {
	temp := ".new-" + rand.Text()
	f, err := dir.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if gone := dir.Remove(temp); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return finish(temp, name)
}

// Open opens a file of the data directory with the flags of [os.OpenFile]. Only
// its owner can read a file that Open creates. The error wraps [ErrIrregular]
// when path is not a regular file.
func Open(path string, flag int) (*os.File, error) {
	var file *os.File
	err := within("open", path, func(dir *os.Root, name string) error {
		if err := regular(dir, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		f, err := dir.OpenFile(name, flag, 0o600)
		if err != nil {
			return err
		}
		if err := regular(dir, name); err != nil { // it was replaced in between
			return errors.Join(err, f.Close())
		}
		file = f
		return nil
	})
	return file, err
}

func regular(dir *os.Root, name string) error {
	info, err := dir.Lstat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = ErrIrregular
	}
	return err
}

// Rename gives a file of the data directory another name in the same folder,
// replacing a file of that name.
func Rename(path, name string) error {
	return within("rename", path, func(dir *os.Root, old string) error { return dir.Rename(old, name) })
}

// within calls do with the folder of a file and its name there. An error names
// the operation and the whole path, as those of package os do.
func within(op, path string, do func(dir *os.Root, name string) error) error {
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	err = errors.Join(do(dir, filepath.Base(path)), dir.Close())
	if err == nil {
		return nil
	}
	var inside *fs.PathError
	var two *os.LinkError
	switch {
	case errors.As(err, &inside):
		err = inside.Err
	case errors.As(err, &two):
		err = two.Err
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}
