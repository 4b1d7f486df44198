package boltfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/taskhook/taskhook/files"
)

// lock is the lock file beside a bbolt file. It is apart from bbolt's own lock
// so that it can be held while bbolt closes and opens the file.
type lock struct {
	file    *os.File
	damaged bool // the last owner found the file damaged
}

const (
	lockSuffix = ".lock"
	lockPoll   = 10 * time.Millisecond
	damageMark = "damaged"
)

// takeLock locks path for this process alone, or returns a *LockedError.
func takeLock(path string, timeout time.Duration) (*lock, error) {
	file, err := files.Open(path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	if err := awaitLock(file, true, timeout, path); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	l := &lock{file: file}
	text, _ := io.ReadAll(io.NewSectionReader(file, 0, 100))
	l.damaged = strings.Contains(string(text), damageMark)
	l.note(strconv.Itoa(os.Getpid()))
	return l, nil
}

// awaitLock locks a file, or returns a *LockedError with the owner that the
// lock file names.
func awaitLock(file *os.File, exclusive bool, timeout time.Duration, lockFile string) error {
	for deadline := time.Now().Add(timeout); ; time.Sleep(lockPoll) {
		ok, err := flock(file, exclusive)
		switch {
		case err != nil:
			return fmt.Errorf("lock %s: %w", file.Name(), err)
		case ok:
			return nil
		case time.Now().After(deadline):
			return &LockedError{PID: readOwner(lockFile)}
		}
	}
}

// note replaces the text of the lock file. On a full disk it stays as it was:
// then an other process cannot tell who has the lock, and that is all.
func (l *lock) note(text string) {
	if l.file.Truncate(0) == nil && text != "" {
		_, _ = l.file.WriteAt([]byte(text+"\n"), 0)
	}
}

// noteDamage has the next owner look at every page.
func (l *lock) noteDamage() {
	l.damaged = true
	l.note(strconv.Itoa(os.Getpid()) + " " + damageMark)
}

// release gives the lock up. The file stays: removing it would let two
// processes lock two files of one name.
func (l *lock) release() error {
	if l.damaged {
		l.note(damageMark)
	} else {
		l.note("")
	}
	return l.file.Close()
}

// readOwner is the process ID in a lock file, 0 if there is none.
func readOwner(path string) int {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, _, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	n, err := strconv.Atoi(pid)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
