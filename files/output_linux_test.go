package files

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestADeviceIsWrittenThrough holds that a device survives: as root a rename
// would replace /dev/null by a file.
func TestADeviceIsWrittenThrough(t *testing.T) {
	dir := t.TempDir()
	null, full := filepath.Join(dir, "null"), filepath.Join(dir, "full")
	const mem = 1 << 8
	if err := errors.Join(syscall.Mknod(null, syscall.S_IFCHR|0o666, mem|3), syscall.Mknod(full, syscall.S_IFCHR|0o666, mem|7)); err != nil {
		t.Logf("no device of our own: %v", err)
		null, full = "/dev/null", "/dev/full"
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(null, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{null, link} {
		for _, overwrite := range []bool{false, true} {
			if err := write(t, name, "text", overwrite); err != nil {
				t.Errorf("%s, %v: %v", name, overwrite, err)
			}
		}
	}
	o, err := Create(t.Context(), full, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Write([]byte("text")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a full device: %v", err)
	}
	o.Abort()
	for _, name := range []string{null, full} {
		if info, err := os.Lstat(name); err != nil || info.Mode()&os.ModeCharDevice == 0 {
			t.Errorf("%s is a device no more: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestAPipeIsWrittenThrough(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	read := make(chan string)
	go func() {
		r, err := os.Open(path)
		if err != nil {
			close(read)
			return
		}
		text, _ := io.ReadAll(r)
		_ = r.Close()
		read <- string(text)
	}()
	if err := write(t, path, "through the pipe", false); err != nil {
		t.Error(err)
	}
	if got := <-read; got != "through the pipe" {
		t.Errorf("the reader got %q", got)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("it is a pipe no more: %v, %v", info.Mode(), err)
	}
}

func TestAPipeThatNobodyReadsIsGivenUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := Create(t.Context(), path, true)
		if !errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(err.Error(), path) {
			t.Errorf("Create = %v, want a timeout that names the pipe", err)
		}
		if took := time.Since(began); took < pipeTimeout || took > pipeTimeout+time.Second {
			t.Errorf("it took %s", took)
		}
	})
	if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("it is a pipe no more: %v, %v", info.Mode(), err)
	}
}

func TestABlockDeviceIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "disk")
	const loop = 7 << 8 // of which none is attached here
	if err := syscall.Mknod(path, syscall.S_IFBLK|0o600, loop|200); err != nil {
		t.Skipf("no device of our own: %v", err)
	}
	for _, overwrite := range []bool{false, true} {
		if err := write(t, path, "text", overwrite); err == nil || !strings.Contains(err.Error(), "block device") {
			t.Errorf("overwrite %v: %v", overwrite, err)
		}
	}
	if info, err := os.Lstat(path); err != nil || info.Mode().Type() != os.ModeDevice {
		t.Errorf("it is a device no more: %v, %v", info.Mode(), err)
	}
}

func TestAPipeThatNobodyReadsCanBeLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, after := range []time.Duration{0, 20 * time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), after)
		if _, err := Create(ctx, path, false); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended after %s: %v", after, err)
		}
		cancel()
	}

	// A reader that is there and does not read.
	r, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	o, err := Create(ctx, path, false)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, cancel)
	if _, err := o.Write(make([]byte, 1<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a stuck pipe: %v", err)
	}
	o.Abort()
}

func TestAReadOnlyFolderKeepsItsFiles(t *testing.T) {
	dir := t.TempDir()
	path := place(t, filepath.Join(dir, "out"), "old")
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Chmod(dir, 0o700) }()
	asNobody(t, []string{path, dir, filepath.Dir(dir)}, func() {
		if err := write(t, path, "new", true); !errors.Is(err, os.ErrPermission) {
			t.Errorf("overwritten in a folder that cannot be written to: %v", err)
		}
		if err := write(t, filepath.Join(dir, "other"), "new", false); !errors.Is(err, os.ErrPermission) {
			t.Errorf("created in a folder that cannot be written to: %v", err)
		}
		if err := Write(path, []byte("new"), 0o600); !errors.Is(err, os.ErrPermission) {
			t.Errorf("replaced in a folder that cannot be written to: %v", err)
		}
	})
	wantContent(t, path, "old")
	wantFiles(t, dir, "out")
}

// asNobody gives files to nobody and does something as nobody, if it is root
// who may do everything.
func asNobody(t *testing.T, paths []string, do func()) {
	t.Helper()
	const nobody = 65534
	if os.Geteuid() != 0 {
		do()
		return
	}
	for _, path := range paths {
		if err := os.Chown(path, nobody, nobody); err != nil {
			t.Skip(err)
		}
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		err := syscall.Setfsuid(nobody)
		if err == nil {
			do()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Skip(err)
	}
}
