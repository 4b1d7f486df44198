package boltfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// fillDisk writes until its file may not grow any more, and prints what comes
// of it. Its limit stands for a full disk, and is lifted when a line comes in.
func fillDisk(path string) error {
	signal.Ignore(syscall.SIGXFSZ)
	f, err := Open(path, Options{})
	if err != nil {
		return err
	}
	const limit = 600 << 10
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: old.Max}); err != nil {
		return err
	}
	n, err := writeUntilFull(f)
	if err == nil {
		return errors.New("the disk never was full")
	}
	f.Queue(1, put("queued", "x"), func(err error) { fmt.Println("lost", err) })
	fmt.Println("full", n)
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		return err
	}
	if err := f.Update(background, 0, put("after", "x")); err != nil {
		return fmt.Errorf("after there was space again: %w", err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	fmt.Println("done")
	return nil
}

// writeUntilFull returns how many writes were made, and why the next was not;
// each failure is tried again before it is believed.
func writeUntilFull(f *File) (int, error) {
	for n := range 10_000 {
		value := strings.Repeat("x", 8000)
		if err := f.Update(background, 0, put(fmt.Sprint("key ", n), value)); err != nil {
			for range 3 {
				if f.Update(background, 0, put(fmt.Sprint("key ", n), value)) == nil {
					return n, errors.New("a full disk took it the second time")
				}
			}
			return n, err
		}
	}
	return 10_000, nil
}

func checkWritten(t *testing.T, f *File, n int) {
	t.Helper()
	for i := range n {
		if len(value(t, f, fmt.Sprint("key ", i))) != 8000 {
			t.Errorf("write %d of %d is not there", i, n)
		}
	}
	if got := value(t, f, fmt.Sprint("key ", n)); got != "" {
		t.Errorf("a write that failed is there: %d bytes", len(got))
	}
	if err := readAll(f); err != nil {
		t.Error(err)
	}
}

func TestAFullDiskFailsWritesUntilThereIsSpace(t *testing.T) {
	path := newPath(t)
	_, in, out := child(t, "full", path)
	lines := bufio.NewScanner(out)
	var n int
	if !lines.Scan() {
		t.Fatal("the process ended")
	}
	if _, err := fmt.Sscanf(lines.Text(), "full %d", &n); err != nil || n == 0 {
		t.Fatalf("the process says %q", lines.Text())
	}
	if _, err := io.WriteString(in, "\n"); err != nil {
		t.Fatal(err)
	}
	if !lines.Scan() || lines.Text() != "done" {
		t.Fatalf("the process says %q", lines.Text())
	}
	f := mustOpen(t, path, Options{})
	checkWritten(t, f, n)
	if value(t, f, "queued") != "x" || value(t, f, "after") != "x" || f.SetAside() != "" {
		t.Errorf("queued = %q, after = %q, aside %q", value(t, f, "queued"), value(t, f, "after"), f.SetAside())
	}
}

func TestAFullFileSystemFailsWritesUntilThereIsSpace(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m,mode=700"); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(dir, "file.db")
	ballast := filepath.Join(dir, "ballast")
	writeFile(t, ballast, make([]byte, 300<<10))
	f, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n, err := writeUntilFull(f)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("after %d writes: %v, want ENOSPC", n, err)
	}
	f.Queue(1, put("queued", "x"), func(err error) { t.Error(err) })
	checkWritten(t, f, n) // reads go on
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	mustPut(t, f, "after", "x")
	if value(t, f, "queued") != "x" {
		t.Error("what was queued is not there")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f, err = Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkWritten(t, f, n)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
