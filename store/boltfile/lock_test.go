package boltfile

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/taskhook/taskhook/files"
)

func TestAFileInUseByAnotherProcessNamesIt(t *testing.T) {
	path := newPath(t)
	cmd, in, out := child(t, "hold", path)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "open\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	for _, readOnly := range []bool{false, true} {
		_, err := Open(path, Options{ReadOnly: readOnly, LockTimeout: 50 * time.Millisecond})
		var locked *LockedError
		if !errors.As(err, &locked) || locked.PID != cmd.Process.Pid {
			t.Errorf("read only %v: Open = %v, want a LockedError of process %d", readOnly, err, cmd.Process.Pid)
		}
	}
	// It is given up in an orderly way, or by a kill.
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path, Options{LockTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	cmd, _, out = child(t, "hold", path)
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if f, err = Open(path, Options{LockTimeout: 10 * time.Second}); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestReadersShareAndKeepWritersOut(t *testing.T) {
	path := newPath(t)
	f := mustOpen(t, path, Options{})
	mustPut(t, f, "a", "b")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	one, two := mustOpen(t, path, Options{ReadOnly: true}), mustOpen(t, path, Options{ReadOnly: true})
	if value(t, one, "a") != "b" || value(t, two, "a") != "b" {
		t.Error("readers do not see what was written")
	}
	if err := one.Update(t.Context(), 0, put("a", "c")); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Update = %v, want ErrReadOnly", err)
	}
	var locked *LockedError
	if _, err := Open(path, Options{LockTimeout: 50 * time.Millisecond}); !errors.As(err, &locked) || locked.PID != 0 {
		t.Errorf("Open = %v, want a LockedError without a process", err)
	}
	for _, f := range []*File{one, two} {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	mustPut(t, mustOpen(t, path, Options{}), "a", "d")
}

func TestAReaderCreatesNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "sub", "file.db"), Options{ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open = %v, want fs.ErrNotExist", err)
	}
	path := filepath.Join(dir, "file.db")
	f := mustOpen(t, path, Options{})
	mustPut(t, f, "a", "b")
	if err := errors.Join(f.Close(), os.Remove(path+lockSuffix)); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f = mustOpen(t, path, Options{ReadOnly: true})
	if err := errors.Join(readAll(f), f.Close()); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(path); err != nil || len(entries) != 1 || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("the directory has %v, the file changed from %v to %v (%v)", entries, before, after, err)
	}
}

func TestAPathThatCannotBeAFileIsAnError(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	writeFile(t, file, []byte("x"))
	for name, path := range map[string]string{"a directory": dir, "below a file": filepath.Join(file, "x.db")} {
		if f, err := Open(path, Options{}); err == nil {
			t.Errorf("%s: opened", name)
			_ = f.Close()
		}
	}
}

func TestADirectoryThatCannotBeWrittenToIsAnError(t *testing.T) {
	if os.Geteuid() <= 0 {
		t.Skip("modes do not bind the superuser, and are not known on every system")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(dir, "file.db"), Options{}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("Open = %v, want fs.ErrPermission", err)
	}
}

func TestALinkInPlaceOfAFileIsRefused(t *testing.T) {
	for _, suffix := range []string{"", lockSuffix} {
		path := newPath(t)
		target := filepath.Join(t.TempDir(), "precious")
		writeFile(t, target, []byte("precious"))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.Symlink(target, path+suffix)); err != nil {
			t.Fatal(err)
		}
		f, err := Open(path, Options{})
		if !errors.Is(err, files.ErrIrregular) {
			t.Errorf("%q: Open = %v, %v", suffix, f, err)
		}
		if text, err := os.ReadFile(target); err != nil || string(text) != "precious" {
			t.Errorf("%q: what the link leads to has %q, %v", suffix, text, err)
		}
	}
}
