package control

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// wsaRefused is what a unix socket without a listener answers.
const wsaRefused syscall.Errno = 10061

// checkPrivate checks that a directory is one. Mode bits say nothing on
// Windows: access is inherited from the user's profile.
func checkPrivate(dir string, stat func(string) (fs.FileInfo, error)) error {
	fi, err := stat(dir)
	if err != nil {
		return err
	}
	if !fi.IsDir() {
		return fmt.Errorf("%s is not a directory", dir)
	}
	return nil
}

// notListening reports whether a connection failed because nothing listens on
// the socket.
func notListening(err error) bool {
	return errors.Is(err, wsaRefused) || errors.Is(err, fs.ErrNotExist)
}
