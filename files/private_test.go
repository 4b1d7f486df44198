package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestAFileIsReplacedInOneStep(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.json")
	for _, text := range []string{"one", "two"} {
		if err := Write(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		wantContent(t, path, text)
	}
	wantFiles(t, dir, "state.json")
	if err := Write(filepath.Join(dir, "none", "x"), nil, 0o600); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such folder: %v", err)
	}
	folder := filepath.Join(dir, "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(folder, nil, 0o600); err == nil {
		t.Error("a folder is replaced")
	}
	wantFiles(t, dir, "folder", "state.json")
}

func TestASymbolicLinkInTheDataDirectoryLeadsNowhere(t *testing.T) {
	dir := t.TempDir()
	outside := place(t, filepath.Join(t.TempDir(), "outside"), "precious")
	inside := place(t, filepath.Join(dir, "inside"), "precious")
	for _, to := range []string{outside, "inside", filepath.Join(t.TempDir(), "dangles")} {
		link := filepath.Join(dir, "link")
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
		for _, flag := range []int{os.O_RDWR | os.O_CREATE, os.O_WRONLY | os.O_CREATE | os.O_APPEND, os.O_WRONLY | os.O_TRUNC} {
			if f, err := Open(link, flag); !errors.Is(err, ErrIrregular) {
				t.Errorf("%v is opened for %s: %v", f, to, err)
			}
		}
		if err := Install(link, []byte("mine"), 0o600); err != nil {
			t.Error(err)
		}
		if _, err := os.Readlink(link); err != nil {
			t.Errorf("Install replaced what is there: %v", err)
		}
		if err := Write(link, []byte("mine"), 0o600); err != nil {
			t.Error(err)
		}
		wantContent(t, link, "mine")
		wantContent(t, outside, "precious")
		wantContent(t, inside, "precious")
		if _, err := os.Lstat(to); filepath.Base(to) == "dangles" && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a file was made where the link leads: %v", err)
		}
		wantFiles(t, dir, "inside", "link")
		if err := os.Remove(link); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheFirstToInstallAFileWins(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key.pem")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if err := Install(path, []byte(strings.Repeat(string(rune('a'+i)), 1000)), 0o600); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	before, err := os.ReadFile(path)
	if err != nil || len(before) != 1000 || strings.Trim(string(before), string(before[:1])) != "" {
		t.Errorf("it has %q, %v", before, err)
	}
	if err := Install(path, []byte("late"), 0o600); err != nil {
		t.Error(err)
	}
	wantContent(t, path, string(before))
	wantFiles(t, dir, "key.pem")
}

func TestOpenMakesAFileForItsOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for range 2 {
		f, err := Open(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("line\n"); err != nil {
			t.Error(err)
		}
		if info, err := f.Stat(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	wantContent(t, path, "line\nline\n")
	if err := Rename(path, "log.1"); err != nil {
		t.Error(err)
	}
	wantFiles(t, filepath.Dir(path), "log.1")
	if _, err := Open(path, os.O_WRONLY); !errors.Is(err, fs.ErrNotExist) || !strings.HasPrefix(err.Error(), "open "+path+": ") {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := Open(filepath.Dir(path), os.O_RDWR); !errors.Is(err, ErrIrregular) {
		t.Errorf("a folder: %v", err)
	}
}
