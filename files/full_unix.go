//go:build unix

package files

import (
	"errors"
	"syscall"
)

// Full reports whether an error is that of a disk without room, or of a quota
// that is used up.
func Full(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
