package boltfile

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"strings"
	"testing"
)

func TestACompactedFileIsSmallerAndHoldsTheSame(t *testing.T) {
	path := newPath(t)
	f := mustOpen(t, path, Options{})
	for range 3 { // each leaves room behind
		mustPut(t, f, "large", strings.Repeat("x", 1<<20))
	}
	mustPut(t, f, "large", "small")
	mustPut(t, f, "a", "b")
	var locked *LockedError
	if err := Compact(path); !errors.As(err, &locked) {
		t.Errorf("Compact of a file in use = %v", err)
	}
	before := f.Size()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(Check(path), Compact(path), Check(path)); err != nil {
		t.Fatal(err)
	}
	f = mustOpen(t, path, Options{})
	if f.Size() > before/4 || value(t, f, "large") != "small" || value(t, f, "a") != "b" {
		t.Errorf("%d bytes of %d, large = %q, a = %q", f.Size(), before, value(t, f, "large"), value(t, f, "a"))
	}
	mustPut(t, f, "c", "d")
}

func TestADamagedFileIsNotCompacted(t *testing.T) {
	whole := filled(t)
	content := []byte(string(whole))
	content[3*pageSize] ^= 1 // the number of a page
	path := newPath(t)
	writeFile(t, path, content)
	for name, do := range map[string]func(string) error{"Check": Check, "Compact": Compact} {
		if err := do(path); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s = %v", name, err)
		}
		if err := do(path + ".none"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s of none = %v", name, err)
		}
	}
	if now, err := os.ReadFile(path); err != nil || string(now) != string(content) {
		t.Errorf("the file has changed, %v", err)
	}
	aside, err := SetAside(path)
	if err != nil {
		t.Fatal(err)
	}
	f := mustOpen(t, aside, Options{ReadOnly: true})
	_ = f.Read(func(s *Snapshot) error {
		if !maps.Equal(things(s), wholeThings()) {
			t.Error("what was set aside is not as it was")
		}
		return nil
	})
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}
