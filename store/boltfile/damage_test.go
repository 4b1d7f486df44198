package boltfile

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// The files here are damaged before they are opened; none may panic, hang or
// keep a lock.

func TestADamagedFileIsSetAsideAndANewOneStarted(t *testing.T) {
	whole := filled(t)
	cut := func(n int) []byte { return whole[:n] }
	tests := []struct {
		name    string
		content []byte
	}{
		{"one byte", cut(1)},
		{"within the first head", cut(50)},
		{"after the first head", cut(pageSize)},
		{"within the second head", cut(pageSize + 70)},
		{"after both heads", cut(2 * pageSize)},
		{"in the middle", cut(len(whole) / 2)},
		{"one page short of what is used", cut(usedBytes(t, whole) - 1)},
		{"text", []byte(strings.Repeat("this is no database\n", 5000))},
		{"zeros", make([]byte, len(whole))},
		{"another kind of database", append([]byte("SQLite format 3\x00"), make([]byte, 100_000)...)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := newPath(t)
			writeFile(t, path, tt.content)

			r, err := Open(path, Options{ReadOnly: true})
			if err == nil { // a head is left: what follows from it is read, or is not there
				err = errors.Join(readAll(r), r.Close())
			} else if !errors.Is(err, ErrCorrupt) {
				t.Errorf("open to read = %v, want ErrCorrupt", err)
			}
			if err != nil && !errors.Is(err, ErrCorrupt) {
				t.Errorf("read: %v", err)
			}
			f := mustOpen(t, path, Options{})
			mustPut(t, f, "a", "b")
			kept := asides(t, path)
			if len(kept) != 1 {
				t.Fatalf("set aside: %v", kept)
			}
			if got, _ := os.ReadFile(kept[0]); !slices.Equal(got, tt.content) {
				t.Error("the file that was set aside has changed")
			}
			if say := f.SetAside(); !strings.Contains(say, path) || !strings.Contains(say, "damaged-") {
				t.Errorf("SetAside = %q", say)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if f := mustOpen(t, path, Options{}); value(t, f, "a") != "b" || f.SetAside() != "" {
				t.Errorf("after reopening: %q, %q", value(t, f, "a"), f.SetAside())
			}
		})
	}
}

// usedBytes is how many bytes of a file bbolt uses.
func usedBytes(t *testing.T, content []byte) int {
	t.Helper()
	m, err := readMeta(strings.NewReader(string(content)), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return int(int64(m.high) * m.pageSize)
}

func TestAnEmptyFileIsNew(t *testing.T) {
	path := newPath(t)
	writeFile(t, path, nil)
	if _, err := Open(path, Options{ReadOnly: true}); !errors.Is(err, ErrEmpty) {
		t.Errorf("open to read = %v, want ErrEmpty", err)
	}
	f := mustOpen(t, path, Options{})
	mustPut(t, f, "a", "b")
	if say := f.SetAside(); !strings.Contains(say, path+" was empty") || len(asides(t, path)) != 0 {
		t.Errorf("SetAside = %q, and beside it are %v", say, asides(t, path))
	}
}

// flips yields content with one byte flipped, for each byte that is worth it:
// the header of each page, some of its first entries, every step-th of the
// rest. FuzzCheck tries the others.
func flips(content []byte, step int) func(yield func(int, []byte) bool) {
	return func(yield func(int, []byte) bool) {
		b := slices.Clone(content)
		for i := range b {
			if at := i % pageSize; at >= headerSize && (at >= 5*headerSize || at%7 != 0) && i%step != 0 {
				continue
			}
			mask := byte(1) << (i % 8)
			if i%3 == 0 {
				mask = 0xff
			}
			b[i] ^= mask
			if !yield(i, b) {
				return
			}
			b[i] ^= mask
		}
	}
}

func TestNoFlippedByteIsFatalToAReader(t *testing.T) {
	whole := filled(t)
	for name, l := range map[string]limits{"every page checked": defaultLimits, "headers checked": {}} {
		t.Run(name, func(t *testing.T) {
			path := newPath(t)
			writeFile(t, path, whole)
			file, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			for at, content := range flips(whole[:usedBytes(t, whole)], 2999) {
				if _, err := file.WriteAt(content[at:at+1], int64(at)); err != nil {
					t.Fatal(err)
				}
				f, err := open(path, Options{ReadOnly: true}, l)
				if err == nil {
					err = errors.Join(readAll(f), f.Close())
				}
				if err != nil && !errors.Is(err, ErrCorrupt) {
					t.Fatalf("byte %d: %v", at, err)
				}
				if _, err := file.WriteAt(whole[at:at+1], int64(at)); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestNoFlippedByteIsFatalToAWriter(t *testing.T) {
	whole := filled(t)
	n, used := 0, usedBytes(t, whole)
	for at, content := range flips(whole, 4001) {
		if n++; n%7 != 0 || at >= used {
			continue
		}
		var l limits // as of a large file
		if n%2 == 0 {
			l = defaultLimits
		}
		path := newPath(t)
		writeFile(t, path, content)
		f, err := open(path, Options{}, l)
		if err != nil {
			t.Fatalf("byte %d: %v", at, err)
		}
		for _, key := range []string{"key 0000", "key 0350", "key 0699", "new"} {
			if err := f.Update(t.Context(), 0, put(key, "new")); err != nil && !errors.Is(err, ErrCorrupt) {
				t.Errorf("byte %d: put: %v", at, err)
			}
		}
		if err := f.Close(); err != nil {
			t.Errorf("byte %d: close: %v", at, err)
		}
		if f, err = Open(path, Options{}); err != nil { // no lock is left
			t.Fatalf("byte %d: open again: %v", at, err)
		}
		if err := f.Close(); err != nil {
			t.Errorf("byte %d: close again: %v", at, err)
		}
	}
}

// TestALeafThatLeadsToItselfAsABranchIsNoWayWithoutEnd makes leaves, which of a
// large file are not read at the start, branches that lead to themselves.
func TestALeafThatLeadsToItselfAsABranchIsNoWayWithoutEnd(t *testing.T) {
	whole := filled(t)
	m, _ := newestMeta(strings.NewReader(string(whole)))
	for id := uint64(firstPage); id < m.high; id++ {
		content := slices.Clone(whole)
		p := content[int64(id)*pageSize:]
		if headOf(p).flags != flagLeaf || headOf(p).id != id {
			continue
		}
		native.PutUint16(p[8:], flagBranch)
		for i := range headOf(p).count {
			native.PutUint64(p[headerSize+i*elementSize+8:], id)
		}
		path := newPath(t)
		writeFile(t, path, content)
		if r, err := Open(path, Options{ReadOnly: true}); err != nil || errors.Join(readAll(r), r.Close()) != nil {
			t.Errorf("page %d: to read: %v", id, err)
		}
		f, err := open(path, Options{}, limits{})
		if err != nil {
			t.Fatalf("page %d: %v", id, err)
		}
		if err := f.UpdateAnyway(t.Context(), 0, put("key 0350", "new")); err != nil {
			t.Errorf("page %d: %v", id, err)
		}
		if err := f.Close(); err != nil {
			t.Errorf("page %d: close: %v", id, err)
		}
	}
}

func TestDamageThatAWriterMetHasTheNextOneLookAtEveryPage(t *testing.T) {
	content := filled(t)
	// Every leaf that is not checked at open loses its entries.
	for at := 0; at < usedBytes(t, content); at += pageSize {
		if p := content[at:]; native.Uint16(p[8:]) == flagLeaf && native.Uint16(p[10:]) > 50 {
			for i := range 50 {
				native.PutUint32(p[headerSize+i*elementSize+4:], 1<<30)
			}
		}
	}
	path := newPath(t)
	writeFile(t, path, content)
	f, err := open(path, Options{}, limits{})
	if err != nil {
		t.Fatal(err)
	}
	if f.SetAside() != "" {
		t.Fatalf("the damage was found at once: %s", f.SetAside())
	}
	// bbolt reads the leaf, which panics while it holds its locks or not.
	err = f.Update(t.Context(), 0, put("key 0001", "new"))
	if !errors.Is(err, ErrCorrupt) {
		t.Fatalf("Update = %v, want ErrCorrupt", err)
	}
	f.breakOn(err)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := open(path, Options{}, limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if again.SetAside() == "" {
		t.Error("the damaged file is in use again")
	}
	mustPut(t, again, "a", "b")
}

func TestWhatIsNotAcceptedIsSetAsideOnlyIfItIsDamaged(t *testing.T) {
	path := newPath(t)
	f := mustOpen(t, path, Options{})
	mustPut(t, f, "a", "b")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	newer := errors.New("newer")
	if _, err := Open(path, Options{Accept: func(*bbolt.Tx) error { return newer }}); !errors.Is(err, newer) {
		t.Errorf("Open = %v", err)
	}
	first := true
	f = mustOpen(t, path, Options{Accept: func(*bbolt.Tx) error {
		if first {
			first = false
			return fmt.Errorf("%w: foreign", ErrCorrupt)
		}
		return nil
	}})
	if got := value(t, f, "a"); got != "" || !strings.Contains(f.SetAside(), "foreign") {
		t.Errorf("a = %q, SetAside = %q", got, f.SetAside())
	}
}

// FuzzCheck damages a whole file in up to four places.
func FuzzCheck(f *testing.F) {
	f.Add(uint32(0), uint32(pageSize+16), uint32(3*pageSize), uint32(40_000), byte(1))
	f.Add(uint32(16), uint32(20), uint32(24), uint32(72), byte(0xff))
	var whole []byte
	f.Fuzz(func(t *testing.T, a, b, c, d uint32, mask byte) {
		if whole == nil {
			whole = filled(t)
		}
		content := slices.Clone(whole)
		for _, at := range []uint32{a, b, c, d} {
			content[int(at)%len(content)] ^= mask
		}
		path := newPath(t)
		writeFile(t, path, content)
		file, err := Open(path, Options{ReadOnly: true})
		if err == nil {
			err = errors.Join(readAll(file), file.Close())
		}
		if err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
	})
}
