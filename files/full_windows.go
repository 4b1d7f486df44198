package files

import (
	"errors"
	"syscall"
)

// Full reports whether an error is that of a disk without room.
func Full(err error) bool {
	const handleDiskFull, diskFull = syscall.Errno(39), syscall.Errno(112)
	return errors.Is(err, handleDiskFull) || errors.Is(err, diskFull)
}
