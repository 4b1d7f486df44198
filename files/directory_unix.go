//go:build !windows

package files

import (
	"io/fs"
	"syscall"
)

// shared reports whether others than the owner can write to a directory. A
// group that has its owner's number is, by custom, of that user alone: where
// there are such groups, every new directory is writable for them.
func shared(info fs.FileInfo) bool {
	mode := info.Mode().Perm()
	of, ok := info.Sys().(*syscall.Stat_t)
	private := ok && of.Gid == of.Uid
	return mode&0o002 != 0 || mode&0o020 != 0 && !private
}
