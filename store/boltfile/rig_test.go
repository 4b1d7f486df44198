package boltfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
	"go.uber.org/goleak"
)

// childEnv names what the test binary does as a second process.
const childEnv = "BOLTFILE_TEST_CHILD"

var children = map[string]func(path string) error{
	"hold": holdFile,
	"full": fillDisk,
}

func TestMain(m *testing.M) {
	if name := os.Getenv(childEnv); name != "" {
		if err := children[name](os.Args[len(os.Args)-1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// child starts the test binary as a second process. It ends when its standard
// input does.
func child(t *testing.T, name, path string) (cmd *exec.Cmd, in io.WriteCloser, out io.Reader) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(exe, path)
	cmd.Env = append(os.Environ(), childEnv+"="+name)
	cmd.Stderr = os.Stderr
	if in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if out, err = cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	return cmd, in, out
}

// holdFile opens a file and keeps it until its standard input ends.
func holdFile(path string) error {
	f, err := Open(path, Options{})
	if err != nil {
		return err
	}
	fmt.Println("open")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return f.Close()
}

func mustOpen(t *testing.T, path string, o Options) *File {
	t.Helper()
	f, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func newPath(t *testing.T) string { return filepath.Join(t.TempDir(), "data", "file.db") }

var bucketName = []byte("things")

// put writes one thing.
func put(key, value string) func(*bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucketName)
		if err != nil {
			return err
		}
		return b.Put([]byte(key), []byte(value))
	}
}

func mustPut(t *testing.T, f *File, key, value string) {
	t.Helper()
	if err := f.Update(t.Context(), 0, put(key, value)); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

// value reads one thing, "" if it is not there.
func value(t *testing.T, f *File, key string) string {
	t.Helper()
	var v string
	if f.opts.ReadOnly {
		err := f.Read(func(s *Snapshot) error { v = string(s.Tree(string(bucketName)).Get([]byte(key))); return nil })
		if err != nil {
			t.Fatalf("read %s: %v", key, err)
		}
		return v
	}
	err := f.View(func(tx *bbolt.Tx) error {
		if b := tx.Bucket(bucketName); b != nil {
			v = string(b.Get([]byte(key)))
		}
		return nil
	})
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return v
}

// readAll reads every byte of every bucket.
func readAll(f *File) error {
	if f.opts.ReadOnly {
		return f.Read(func(s *Snapshot) error { _ = things(s); return nil })
	}
	return f.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(_ []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(k, v []byte) error {
				_ = bytes.Clone(k)
				_ = bytes.Clone(v)
				return nil
			})
		})
	})
}

// filled makes a file of several levels, with free pages and a small bucket,
// and returns its bytes.
func filled(t *testing.T) []byte {
	t.Helper()
	path := newPath(t)
	f := mustOpen(t, path, Options{})
	fill := func(tx *bbolt.Tx) error {
		for i := range 700 {
			if err := put(fmt.Sprintf("key %04d", i), strings.Repeat("v", 100+i%50))(tx); err != nil {
				return err
			}
		}
		b, err := tx.CreateBucketIfNotExists([]byte("small"))
		if err != nil {
			return err
		}
		return errors.Join(put("large", strings.Repeat("x", 40_000))(tx), b.Put([]byte("one"), []byte("two")))
	}
	if err := f.Update(t.Context(), 0, fill); err != nil {
		t.Fatal(err)
	}
	mustPut(t, f, "key 0350", "changed")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func writeFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// asides lists the files that were set aside beside a path.
func asides(t *testing.T, path string) []string {
	t.Helper()
	names, err := filepath.Glob(path + ".damaged-*")
	if err != nil {
		t.Fatal(err)
	}
	return names
}

var background = context.Background()

// takeAway puts a file in the place of a file's directory, so that nothing can
// be written there until it is given back.
func takeAway(t *testing.T, path string) (giveBack func()) {
	t.Helper()
	dir := filepath.Dir(path)
	if err := errors.Join(os.Rename(dir, dir+".away"), os.WriteFile(dir, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := errors.Join(os.Remove(dir), os.Rename(dir+".away", dir)); err != nil {
			t.Fatal(err)
		}
	}
}
