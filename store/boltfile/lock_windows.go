package boltfile

import (
	"errors"
	"math"
	"os"
	"syscall"
	"unsafe"
)

var (
	kernel32     = syscall.NewLazyDLL("kernel32.dll")
	lockFileEx   = kernel32.NewProc("LockFileEx")
	unlockFileEx = kernel32.NewProc("UnlockFileEx")
)

const (
	lockfileFailImmediately = 1
	lockfileExclusiveLock   = 2

	errorLockViolation = syscall.Errno(33)
)

// flock locks the byte range that bbolt locks too, far behind the content. It
// reports false when another has it.
func flock(f *os.File, exclusive bool) (bool, error) {
	flags := uintptr(lockfileFailImmediately)
	if exclusive {
		flags |= lockfileExclusiveLock
	}
	at := syscall.Overlapped{Offset: math.MaxUint32, OffsetHigh: math.MaxUint32}
	ok, _, err := lockFileEx.Call(f.Fd(), flags, 0, 1, 0, uintptr(unsafe.Pointer(&at)))
	if ok == 0 && errors.Is(err, errorLockViolation) {
		return false, nil
	}
	if ok == 0 {
		return false, err
	}
	return true, nil
}

// unlock gives up the lock of a file. Closing it is not enough while bbolt has
// it mapped.
func unlock(f *os.File) error {
	at := syscall.Overlapped{Offset: math.MaxUint32, OffsetHigh: math.MaxUint32}
	if ok, _, err := unlockFileEx.Call(f.Fd(), 0, 1, 0, uintptr(unsafe.Pointer(&at))); ok == 0 {
		return err
	}
	return nil
}
