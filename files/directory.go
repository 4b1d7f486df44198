package files

import (
	"errors"
	"fmt"
	"os"
)

// ErrShared is returned for a data directory that others than its owner can
// write to: they could put keys of theirs in it.
var ErrShared = errors.New("others can write to the directory")

// MakeDirectory makes a data directory, which only its owner can enter, and
// those above it, unless it is there. The error wraps [ErrShared] when others
// can write to it.
func MakeDirectory(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	return CheckDirectory(path)
}

// CheckDirectory returns an error that wraps [ErrShared] when others can write
// to a data directory.
func CheckDirectory(path string) error {
	info, err := os.Stat(path)
	if err == nil && shared(info) {
		err = fmt.Errorf("%w %s (mode %04o)", ErrShared, path, info.Mode().Perm())
	}
	return err
}
