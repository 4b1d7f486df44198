//go:build unix

package cli

import (
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// inForeground reports whether this process may read from a terminal and draw on
// it: a shell lends it to one group of processes at a time, and the system stops
// any other that tries.
func inForeground(terminal any) bool {
	f, ok := terminal.(interface{ Fd() uintptr })
	if !ok {
		return true
	}
	group, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp() // an error: nobody lends it
}

// writeInBackground has lines go to a terminal that stops who writes to it from
// the background (stty tostop): a listener that is stopped answers nobody.
func writeInBackground() { signal.Ignore(syscall.SIGTTOU) }
