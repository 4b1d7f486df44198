package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/taskhook/taskhook/files"
)

const (
	// socketFile is the socket's name, in the data directory or in a short
	// private one.
	socketFile = "control.sock"
	// pathFile, in the data directory, has the socket's path when it is
	// elsewhere.
	pathFile = "control.path"
	// maxSocketPath is the longest path in bytes that every system takes:
	// sun_path has 104 to 108 with its end.
	maxSocketPath = 100
	// shortPrefix begins the name of a short private directory.
	shortPrefix = "taskhook-"
)

// Listen opens the control socket of a data directory that exists. The caller
// holds the lock of the directory's store, so a socket that is there already
// is a dead listener's and is removed.
//
// Only the owner can connect: the socket has mode 0600 and lies in a directory
// that others cannot enter. Where the data directory is not such a one, or its
// path is too long for a socket, that is a new directory among the temporary
// files, and [Dial] finds it by the file control.path. Close removes what
// Listen made.
func Listen(dataDir string) (net.Listener, error) {
	if _, err := os.Stat(dataDir); err != nil {
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	if err := removeStale(dataDir); err != nil {
		return nil, err
	}
	direct := filepath.Join(dataDir, socketFile)
	if len(direct) <= maxSocketPath && checkPrivate(dataDir, os.Stat) == nil {
		return bind(direct)
	}
	return listenApart(dataDir)
}

// listenApart opens the socket in a short private directory.
func listenApart(dataDir string) (net.Listener, error) {
	dir, err := os.MkdirTemp("", shortPrefix+"*")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the control socket: %w", err)
	}
	undo := func(err error) error { return errors.Join(err, os.Remove(dir)) }
	if err := checkPrivate(dir, os.Lstat); err != nil {
		return nil, undo(err)
	}
	path := filepath.Join(dir, socketFile)
	if len(path) > maxSocketPath {
		return nil, undo(fmt.Errorf("the path of the control socket would be longer than %d bytes: %s; choose a shorter directory for temporary files", maxSocketPath, path))
	}
	ln, err := bind(path)
	if err != nil {
		return nil, undo(err)
	}
	record := filepath.Join(dataDir, pathFile)
	if err := files.Write(record, []byte(path+"\n"), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("record the control socket: %w", err), ln.Close(), os.Remove(dir))
	}
	return &listenerApart{Listener: ln, close: sync.OnceValue(func() error {
		return errors.Join(ln.Close(), os.Remove(record), os.Remove(dir))
	})}, nil
}

// listenerApart is a listener that removes its directory when it is closed.
type listenerApart struct {
	net.Listener
	close func() error
}

func (l *listenerApart) Close() error { return l.close() }

// bind opens a socket whose directory is private already: between bind and
// chmod nobody else gets at it.
func bind(path string) (net.Listener, error) {
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("open the control socket: %w", err), ln.Close())
	}
	return ln, nil
}

// removeStale removes what a listener that was killed left behind.
func removeStale(dataDir string) error {
	record := filepath.Join(dataDir, pathFile)
	if text, err := os.ReadFile(record); err == nil {
		removeApart(strings.TrimSpace(string(text)))
	}
	for _, path := range []string{record, filepath.Join(dataDir, socketFile)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the last control socket: %w", err)
		}
	}
	return nil
}

// removeApart removes a socket and its short directory, if they are what
// listenApart makes: the record is only a file.
func removeApart(path string) {
	dir := filepath.Dir(path)
	if filepath.Base(path) != socketFile || !strings.HasPrefix(filepath.Base(dir), shortPrefix) || checkPrivate(dir, os.Lstat) != nil {
		return
	}
	// What cannot be removed is a few bytes among the temporary files.
	_ = os.Remove(path)
	_ = os.Remove(dir)
}

// locate finds the socket of a data directory, or [ErrNoListener]. A socket
// that others could have put there is refused.
func locate(dataDir string) (string, error) {
	path, stat := filepath.Join(dataDir, socketFile), os.Stat
	text, err := os.ReadFile(filepath.Join(dataDir, pathFile))
	switch {
	case err == nil:
		path, stat = strings.TrimSpace(string(text)), os.Lstat
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("find the control socket: %w", err)
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return "", ErrNoListener
	} else if err != nil {
		return "", fmt.Errorf("find the control socket: %w", err)
	}
	if err := checkPrivate(filepath.Dir(path), stat); err != nil {
		return "", fmt.Errorf("the control socket is not to be trusted: %w", err)
	}
	return path, nil
}
