//go:build !windows

package boltfile

import (
	"errors"
	"os"
	"syscall"
)

// flock takes the lock that bbolt takes too, so that bbolt, given the same
// file, finds it taken by itself. It reports false when another has it.
func flock(f *os.File, exclusive bool) (bool, error) {
	how := syscall.LOCK_SH | syscall.LOCK_NB
	if exclusive {
		how = syscall.LOCK_EX | syscall.LOCK_NB
	}
	err := syscall.Flock(int(f.Fd()), how)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// unlock gives up every lock of a file. Closing it is not enough while bbolt
// has it mapped.
func unlock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
