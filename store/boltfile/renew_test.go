package boltfile

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// renewed opens a file of many entries, and returns what its owner is told.
func renewed(t *testing.T, path string) (*File, *[]Renewal) {
	t.Helper()
	told := &[]Renewal{}
	f := mustOpen(t, path, Options{Renewed: func(tx *bbolt.Tx, r Renewal) error {
		*told = append(*told, r)
		return put("renewed", "yes")(tx)
	}})
	for i := range 300 {
		f.Queue(1, put(string(rune('a'+i%26))+strings.Repeat("k", i), strings.Repeat("v", 1000)), func(err error) { t.Error(err) })
	}
	mustPut(t, f, "a", "b")
	return f, told
}

func TestAFileThatIsLostWhileOpenIsRenewed(t *testing.T) {
	other := func(t *testing.T) []byte { return filled(t) }
	tests := []struct {
		name  string
		lose  func(t *testing.T, path string) error
		why   error
		saved string // the kind of what is saved, and whether the entries can be read from it
		reads bool
		has   string // an entry of what somebody put in its place
	}{
		{"removed", func(_ *testing.T, path string) error { return os.Remove(path) }, ErrRemoved, "removed", true, ""},
		{"removed with its lock and directory", func(_ *testing.T, path string) error { return os.RemoveAll(filepath.Dir(path)) }, ErrRemoved, "removed", true, ""},
		{"replaced by another one", func(t *testing.T, path string) error {
			writeFile(t, path+".new", other(t))
			return os.Rename(path+".new", path)
		}, ErrRemoved, "removed", true, "key 0001"},
		{"replaced by what is none", func(t *testing.T, path string) error {
			writeFile(t, path+".new", []byte("no database"))
			return os.Rename(path+".new", path)
		}, ErrRemoved, "removed", true, ""},
		{"replaced by a directory", func(_ *testing.T, path string) error {
			return errors.Join(os.Remove(path), os.Mkdir(path, 0o700))
		}, ErrRemoved, "removed", true, ""},
		{"overwritten by another one", func(t *testing.T, path string) error { return os.WriteFile(path, other(t), 0o600) }, ErrCorrupt, "", false, "key 0001"},
		{"overwritten by what is none", func(_ *testing.T, path string) error {
			return os.WriteFile(path, make([]byte, 1<<20), 0o600)
		}, ErrCorrupt, "damaged", false, ""},
		{"cut to nothing", func(_ *testing.T, path string) error { return os.Truncate(path, 0) }, ErrCorrupt, "", false, ""},
		{"cut", func(_ *testing.T, path string) error { return os.Truncate(path, 6*pageSize) }, ErrCorrupt, "damaged", false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := newPath(t)
			f, told := renewed(t, path)
			if err := tt.lose(t, path); err != nil {
				t.Fatal(err)
			}
			_ = f.Read(func(s *Snapshot) error { _ = s.Tree("things").Get([]byte("a")); return nil })
			mustPut(t, f, "c", "d")
			if value(t, f, "c") != "d" || value(t, f, "renewed") != "yes" || value(t, f, "a") != "" {
				t.Errorf("c = %q, renewed = %q, a = %q", value(t, f, "c"), value(t, f, "renewed"), value(t, f, "a"))
			}
			if tt.has != "" && value(t, f, tt.has) == "" {
				t.Errorf("what was put in its place is not in use")
			}
			if len(*told) != 1 || !errors.Is((*told)[0].Why, tt.why) {
				t.Fatalf("told %+v", *told)
			}
			saved := (*told)[0].Saved
			if tt.saved == "" != (saved == "") || !strings.Contains(saved, tt.saved) {
				t.Errorf("saved as %q, want %q", saved, tt.saved)
			}
			if tt.reads {
				old := mustOpen(t, saved, Options{ReadOnly: true})
				if value(t, old, "a") != "b" {
					t.Error("what was saved cannot be read")
				}
			}
			mustPut(t, f, "e", "f") // once is enough
			if err := f.Close(); err != nil || len(*told) != 1 {
				t.Errorf("Close = %v, told %d times", err, len(*told))
			}
			if f := mustOpen(t, path, Options{}); value(t, f, "e") != "f" || f.SetAside() != "" {
				t.Errorf("after reopening e = %q, %s", value(t, f, "e"), f.SetAside())
			}
		})
	}
}

// overwrite fills every leaf of the things but the first of a file that is open.
func overwrite(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at := 2 * pageSize; at < len(content); at += pageSize {
		if p := headOf(content[at:]); p.flags == flagLeaf && p.count > 3 {
			copy(content[at:at+pageSize], slices.Repeat([]byte{0xa5}, pageSize))
		}
	}
	if err := os.WriteFile(path, content, 0o600); err != nil { // in place
		t.Fatal(err)
	}
}

func TestOverwrittenPagesStopNoWriteThatGoesOnAnyway(t *testing.T) {
	path := newPath(t)
	f, told := renewed(t, path)
	overwrite(t, path)
	if err := f.Update(t.Context(), 0, put("b", "c")); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Update = %v, want ErrCorrupt", err)
	}
	if len(*told) != 0 {
		t.Errorf("told %+v", *told)
	}
	if err := f.UpdateAnyway(t.Context(), 0, put("c", "d")); err != nil {
		t.Fatal(err)
	}
	if value(t, f, "c") != "d" || len(*told) != 1 || len(asides(t, path)) != 1 || (*told)[0].Saved != asides(t, path)[0] {
		t.Errorf("c = %q, told %+v, set aside %v", value(t, f, "c"), *told, asides(t, path))
	}
}

func TestAnErrorOfTheOwnerIsNoDamage(t *testing.T) {
	path := newPath(t)
	f, told := renewed(t, path)
	mine := errors.New("mine")
	if err := f.UpdateAnyway(t.Context(), 0, func(*bbolt.Tx) error { return mine }); !errors.Is(err, mine) {
		t.Errorf("UpdateAnyway = %v", err)
	}
	if len(*told) != 0 || value(t, f, "a") != "b" {
		t.Errorf("told %+v", *told)
	}
}

func TestAFileThatCannotBeBegunIsTriedAgain(t *testing.T) {
	path := newPath(t)
	full, n := errors.New("full"), 0
	f := mustOpen(t, path, Options{Renewed: func(tx *bbolt.Tx, r Renewal) error {
		if n++; n == 1 {
			return full
		}
		return put("renewed", filepath.Base(r.Saved))(tx)
	}})
	mustPut(t, f, "a", "b")
	giveBack := takeAway(t, path)
	if err := f.Update(t.Context(), 0, put("c", "d")); !errors.Is(err, ErrRemoved) {
		t.Errorf("Update = %v, want ErrRemoved", err)
	}
	giveBack()
	mustPut(t, f, "c", "d")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := f.Update(t.Context(), 0, put("e", "f")); !errors.Is(err, full) {
		t.Errorf("Update = %v", err)
	}
	mustPut(t, f, "g", "h")
	if got := value(t, f, "renewed"); !strings.Contains(got, "removed-") || value(t, f, "g") != "h" {
		t.Errorf("renewed = %q, g = %q", got, value(t, f, "g"))
	}
}
