package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// write writes an output in two parts.
func write(t *testing.T, name, text string, overwrite bool) error {
	t.Helper()
	o, err := Create(t.Context(), name, overwrite)
	if err != nil {
		return err
	}
	for _, part := range []string{text[:len(text)/2], text[len(text)/2:]} {
		if _, err := o.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	return o.Close()
}

func wantContent(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s has %q, %v; want %q", filepath.Base(path), got, err, want)
	}
}

// wantFiles compares the names in a folder; ">" stands before what a link
// leads to.
func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		name := e.Name()
		if to, err := os.Readlink(filepath.Join(dir, name)); err == nil {
			name += ">" + filepath.Base(to)
		}
		got = append(got, name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("the folder has %q, want %q", got, want)
	}
}

func place(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnOutputAppearsCompleteOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	o, err := Create(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Write([]byte("half")); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(t.Context(), path, false); !errors.Is(err, fs.ErrExist) {
		t.Errorf("another may take the name: %v", err)
	}
	o.Abort()
	o.Abort()
	wantFiles(t, dir)

	if err := write(t, path, "whole", false); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, "out")
	wantContent(t, path, "whole")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
}

func TestAnOutputReplacesOnlyWhatItMay(t *testing.T) {
	dir := t.TempDir()
	path := place(t, filepath.Join(dir, "out"), "old")
	if err := write(t, path, "new", false); !errors.Is(err, fs.ErrExist) {
		t.Errorf("unasked: %v", err)
	}
	wantContent(t, path, "old")
	if err := write(t, path, "new", true); err != nil {
		t.Error(err)
	}
	wantContent(t, path, "new")
	if err := write(t, dir, "new", true); err == nil || !strings.Contains(err.Error(), "folder") {
		t.Errorf("a folder: %v", err)
	}
	if err := write(t, filepath.Join(dir, "none", "out"), "new", true); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such folder: %v", err)
	}
	wantFiles(t, dir, "out")
}

func TestAFailedWriteKeepsTheOldContent(t *testing.T) {
	for name, fail := range map[string]func(*Output) error{
		"in the middle": func(o *Output) error {
			_ = o.file.Close()
			_, err := o.Write([]byte("more"))
			o.Abort()
			return err
		},
		"at the end": func(o *Output) error { _ = o.file.Close(); return o.Close() },
		"something else has the name by now": func(o *Output) error {
			if err := errors.Join(os.Rename(o.path, o.path+".kept"), os.Mkdir(o.path, 0o700)); err != nil {
				t.Fatal(err)
			}
			err := o.Close()
			_ = errors.Join(os.Remove(o.path), os.Rename(o.path+".kept", o.path))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := place(t, filepath.Join(dir, "out"), "old")
			o, err := Create(t.Context(), path, true)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := o.Write([]byte("half")); err != nil {
				t.Fatal(err)
			}
			if fail(o) == nil {
				t.Error("no error")
			}
			wantContent(t, path, "old")
			wantFiles(t, dir, "out")
		})
	}
}

func TestAnOutputFollowsSymbolicLinks(t *testing.T) {
	for name, tt := range map[string]struct{ overwrite, there bool }{
		"to a file":    {true, true},
		"that dangles": {false, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			elsewhere := filepath.Join(dir, "elsewhere")
			if err := errors.Join(os.Mkdir(elsewhere, 0o700), os.Symlink("second", filepath.Join(dir, "first")),
				os.Symlink(filepath.Join("elsewhere", "file"), filepath.Join(dir, "second"))); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(elsewhere, "file")
			if tt.there {
				place(t, file, "old")
			}
			if err := write(t, filepath.Join(dir, "first"), "new", tt.overwrite); err != nil {
				t.Fatal(err)
			}
			wantFiles(t, dir, "elsewhere", "first>second", "second>file")
			wantFiles(t, elsewhere, "file")
			wantContent(t, file, "new")
			if err := write(t, filepath.Join(dir, "first"), "again", false); !errors.Is(err, fs.ErrExist) {
				t.Errorf("what the link leads to is overwritten: %v", err)
			}
		})
	}
	loop := filepath.Join(t.TempDir(), "loop")
	if err := os.Symlink("loop", loop); err != nil {
		t.Fatal(err)
	}
	if err := write(t, loop, "x", true); err == nil {
		t.Error("a link to itself is written to")
	}
}
