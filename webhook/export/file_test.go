package export

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestAFileAppearsCompleteOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.har")
	f := formatNamed(t, "har")
	create := func(overwrite bool) *File {
		t.Helper()
		w, err := Create(t.Context(), path, f, overwrite, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range wholes() {
			if err := w.Event(e); err != nil {
				t.Fatal(err)
			}
		}
		return w
	}
	create(false).Abort()
	wantFiles(t, dir)

	if err := create(false).Close(); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, "out.har")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read it: %v %v", info.Mode(), err)
	}

	if _, err := Create(t.Context(), path, f, false, Options{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that exists: %v", err)
	}
	before, _ := os.ReadFile(path)
	create(true).Abort()
	if after, _ := os.ReadFile(path); !bytes.Equal(after, before) {
		t.Error("an export that was stopped has overwritten the file")
	}
	if err := create(true).Close(); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, "out.har")
	if _, err := Create(t.Context(), filepath.Join(dir, "none", "x"), f, false, Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such folder: %v", err)
	}
	if _, err := Create(t.Context(), dir, f, true, Options{}); err == nil {
		t.Error("a folder is overwritten")
	}
	wantFiles(t, dir, "out.har")
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, f.Name())
	}
	if !slices.Equal(got, want) {
		t.Errorf("files %v, want %v", got, want)
	}
}
