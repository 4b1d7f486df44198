package control

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func chmod(path string, mode fs.FileMode) error { return os.Chmod(path, mode) }

// leaveSocket leaves a socket as a killed listener does.
func leaveSocket(t *testing.T, dir string) {
	t.Helper()
	ln, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	apart, ok := ln.(*listenerApart)
	if ok {
		ln = apart.Listener
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func TestListenInThePrivateDataDirectory(t *testing.T) {
	dir := privateDir(t)
	leaveSocket(t, dir)
	ln, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	fi, err := os.Lstat(filepath.Join(dir, socketFile))
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && fi.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("mode %v", fi.Mode())
	}
	if got := listing(t, dir); got != socketFile {
		t.Errorf("files %q", got)
	}
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if got := listing(t, dir); got != "" {
		t.Errorf("Close left %q", got)
	}
}

// TestListenApart holds where the socket goes when it cannot be in the data
// directory itself.
func TestListenApart(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("mode bits say nothing here")
	}
	long := func(t *testing.T) string {
		dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	open := func(t *testing.T) string {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for name, makeDir := range map[string]func(*testing.T) string{
		"the path is too long":          long,
		"others can read the directory": open,
	} {
		t.Run(name, func(t *testing.T) {
			dir := makeDir(t)
			temporary := shortTemp(t)
			leaveSocket(t, dir)
			left := listing(t, temporary)
			ln, err := Listen(dir)
			if err != nil {
				t.Fatal(err)
			}
			path, err := locate(dir)
			if err != nil {
				t.Fatal(err)
			}
			if len(path) > maxSocketPath || !strings.HasPrefix(path, temporary) {
				t.Errorf("socket at %s", path)
			}
			if err := checkPrivate(filepath.Dir(path), os.Lstat); err != nil {
				t.Error(err)
			}
			if now := listing(t, temporary); now == left || strings.Contains(now, " ") {
				t.Errorf("temporary files %q, before %q", now, left)
			}
			if got := listing(t, dir); got != pathFile {
				t.Errorf("files %q", got)
			}
			if err := errors.Join(ln.Close(), ln.Close()); err != nil {
				t.Fatal(err)
			}
			if got := listing(t, dir) + listing(t, temporary); got != "" {
				t.Errorf("Close left %q", got)
			}
		})
	}
	t.Run("a client finds it there", func(t *testing.T) {
		dir := long(t)
		shortTemp(t)
		serve(t, dir, Handler(newFakeBackend()))
		if _, err := dial(t, dir).Listener(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("temporary files have long names too", func(t *testing.T) {
		dir := long(t)
		t.Setenv("TMPDIR", long(t))
		_, err := Listen(dir)
		if err == nil || !strings.Contains(err.Error(), "longer than 100 bytes") {
			t.Errorf("Listen = %v", err)
		}
		if got := listing(t, dir) + listing(t, os.TempDir()); got != "" {
			t.Errorf("it left %q", got)
		}
	})
}

// shortTemp makes a directory for temporary files whose own path is short.
func shortTemp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "t")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	t.Setenv("TMPDIR", dir)
	return dir
}

func TestListenNeedsTheDataDirectory(t *testing.T) {
	if _, err := Listen(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Listen = %v", err)
	}
}

// TestRecordIsOnlyAFile holds that a record of foreign making neither leads a
// client astray nor makes a listener remove what is not its own.
func TestRecordIsOnlyAFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("mode bits say nothing here")
	}
	elsewhere := t.TempDir()
	if err := os.Chmod(elsewhere, 0o755); err != nil {
		t.Fatal(err)
	}
	bystander := filepath.Join(elsewhere, socketFile)
	if err := os.WriteFile(bystander, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := privateDir(t)
	if err := os.WriteFile(filepath.Join(dir, pathFile), []byte(bystander), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(dir); err == nil || !strings.Contains(err.Error(), "open to other users") {
		t.Errorf("Dial = %v", err)
	}
	ln, err := Listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	if _, err := os.Stat(bystander); err != nil {
		t.Errorf("the bystander is gone: %v", err)
	}
}
