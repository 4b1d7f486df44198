package boltfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.etcd.io/bbolt"
)

func TestAFailingWriteFailsNoOther(t *testing.T) {
	f := mustOpen(t, newPath(t), Options{})
	mine := errors.New("mine")
	release := block(t, f)
	errs := make([]error, 6)
	var wg sync.WaitGroup
	for i := range errs {
		fn := put(fmt.Sprint(i), "x")
		switch i {
		case 2:
			fn = func(tx *bbolt.Tx) error { return errors.Join(put("2", "x")(tx), mine) }
		case 4:
			fn = func(tx *bbolt.Tx) error { _ = put("4", "x")(tx); panic("a bug") }
		}
		wg.Go(func() { errs[i] = f.Update(background, 0, fn) })
	}
	release()
	wg.Wait()
	for i, err := range errs {
		want, there := error(nil), "x"
		switch i {
		case 2:
			want, there = mine, ""
		case 4:
			want, there = ErrCorrupt, ""
		}
		if !errors.Is(err, want) {
			t.Errorf("write %d = %v, want %v", i, err, want)
		}
		if got := value(t, f, fmt.Sprint(i)); got != there {
			t.Errorf("write %d left %q, want %q", i, got, there)
		}
	}
}

// block keeps the committing goroutine busy until release.
func block(t *testing.T, f *File) (release func()) {
	t.Helper()
	busy, free := make(chan struct{}), make(chan struct{})
	var once sync.Once
	done := make(chan error, 1)
	go func() {
		done <- f.Update(background, 0, func(*bbolt.Tx) error {
			once.Do(func() { close(busy) })
			<-free
			return nil
		})
	}()
	<-busy
	return func() {
		close(free)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestWritersShareACommit(t *testing.T) {
	var commits atomic.Int64
	f := mustOpen(t, newPath(t), Options{Committed: func() { commits.Add(1) }})
	release := block(t, f)
	const writers = 50
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			if err := f.Update(background, 0, put(fmt.Sprint(i), "x")); err != nil {
				t.Error(err)
			}
		})
	}
	for queued := 0; queued < writers; runtime.Gosched() {
		f.queue.mu.Lock()
		queued = f.queue.awaited
		f.queue.mu.Unlock()
	}
	release()
	wg.Wait()
	if n := commits.Load(); n != 2 {
		t.Errorf("%d commits, want 2", n)
	}
}

func TestAWriteWhoseContextEndsInTheQueueIsNotMade(t *testing.T) {
	f := mustOpen(t, newPath(t), Options{})
	release := block(t, f)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Update(ctx, 0, put("a", "b")) }()
	for queued := 0; queued < 1; runtime.Gosched() {
		f.queue.mu.Lock()
		queued = f.queue.awaited
		f.queue.mu.Unlock()
	}
	cancel()
	release()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Update = %v", err)
	}
	if got := value(t, f, "a"); got != "" {
		t.Errorf("a = %q", got)
	}
}

func TestQueuedWritesKeepTheirOrder(t *testing.T) {
	path := newPath(t)
	f := mustOpen(t, path, Options{})
	add := func(text string) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists(bucketName)
			if err != nil {
				return err
			}
			return b.Put([]byte("all"), append([]byte(string(b.Get([]byte("all")))), text...))
		}
	}
	lost := func(err error) { t.Error(err) }
	f.Queue(1, add("a"), lost)
	f.Queue(1, add("b"), lost)
	if err := f.Update(t.Context(), 0, add("c")); err != nil {
		t.Fatal(err)
	}
	if got := value(t, f, "all"); got != "abc" {
		t.Errorf("all = %q, want what was queued before too", got)
	}
	f.Queue(1, add("d"), lost)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got := value(t, mustOpen(t, path, Options{}), "all"); got != "abcd" {
		t.Errorf("all = %q, want what was queued when it was closed too", got)
	}
}

func TestAFlushWaitsForWhatWasQueuedBefore(t *testing.T) {
	var commits atomic.Int64
	f := mustOpen(t, newPath(t), Options{Committed: func() { commits.Add(1) }})
	release := block(t, f)
	f.Queue(1, put("a", "b"), func(err error) { t.Error(err) })
	flushed := make(chan error, 1)
	go func() { flushed <- f.Flush(background) }()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Flush(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Flush that is given up = %v", err)
	}
	select {
	case err := <-flushed:
		t.Errorf("Flush = %v while a commit is under way", err)
	default:
	}
	release()
	if err := <-flushed; err != nil || value(t, f, "a") != "b" {
		t.Errorf("Flush = %v, a = %q", err, value(t, f, "a"))
	}
	before := commits.Load()
	for range 3 {
		if err := f.Flush(t.Context()); err != nil {
			t.Errorf("Flush of nothing = %v", err)
		}
	}
	if n := commits.Load() - before; n != 0 {
		t.Errorf("%d commits for nothing", n)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Flush(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Flush after Close = %v", err)
	}
}

func TestAFlushSaysWhenTheFileCannotBeWritten(t *testing.T) {
	path := newPath(t)
	f := mustOpen(t, path, Options{})
	mustPut(t, f, "a", "b")
	giveBack := takeAway(t, path)
	f.Queue(1, put("c", "d"), func(err error) { t.Error(err) })
	if err := f.Flush(t.Context()); !errors.Is(err, ErrRemoved) {
		t.Errorf("Flush = %v, want ErrRemoved", err)
	}
	giveBack()
	if err := f.Flush(t.Context()); err != nil || value(t, f, "c") != "d" {
		t.Errorf("Flush = %v, c = %q", err, value(t, f, "c"))
	}
}

func TestAQueuedWriteThatFailsIsTold(t *testing.T) {
	f := mustOpen(t, newPath(t), Options{})
	mine := errors.New("mine")
	told := make(chan error, 1)
	f.Queue(1, func(*bbolt.Tx) error { return mine }, func(err error) { told <- err })
	if err := <-told; !errors.Is(err, mine) {
		t.Errorf("told %v", err)
	}
	if err := f.Close(); err != nil {
		t.Errorf("Close = %v: the write failed by itself", err)
	}
	f.Queue(1, put("a", "b"), func(err error) { told <- err })
	if err := <-told; !errors.Is(err, ErrClosed) {
		t.Errorf("told %v", err)
	}
}

func TestTheQueueIsBoundedWhileTheFileIsGone(t *testing.T) {
	path := newPath(t)
	f := mustOpen(t, path, Options{QueueBytes: 1000})
	mustPut(t, f, "a", "b")
	giveBack := takeAway(t, path)
	if err := f.Update(t.Context(), 0, put("c", "d")); !errors.Is(err, ErrRemoved) {
		t.Errorf("Update = %v, want ErrRemoved", err)
	}
	told := make(chan error, 1)
	f.Queue(900, put("e", "f"), func(err error) { t.Error(err) })
	f.Queue(900, put("g", "h"), func(err error) { told <- err })
	if err := <-told; err == nil || !strings.Contains(err.Error(), "more than 1 KiB") {
		t.Errorf("told %v", err)
	}
	giveBack()
	mustPut(t, f, "i", "j")
	if value(t, f, "e") != "f" || value(t, f, "g") != "" || value(t, f, "c") != "" {
		t.Errorf("e = %q, g = %q, c = %q", value(t, f, "e"), value(t, f, "g"), value(t, f, "c"))
	}
}

func TestCloseSaysWhatTheDiskDidNotTake(t *testing.T) {
	path := newPath(t)
	f := mustOpen(t, path, Options{})
	mustPut(t, f, "a", "b")
	takeAway(t, path)
	told := make(chan error, 1)
	f.Queue(1, put("c", "d"), func(err error) { told <- err })
	if err := f.Close(); err == nil || !strings.Contains(err.Error(), "1 queued write") {
		t.Errorf("Close = %v", err)
	}
	if err := <-told; !errors.Is(err, ErrRemoved) {
		t.Errorf("told %v", err)
	}
}

func TestAfterCloseNothingWorks(t *testing.T) {
	f := mustOpen(t, newPath(t), Options{})
	for range 2 {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := f.Update(t.Context(), 0, put("a", "b")); !errors.Is(err, ErrClosed) {
		t.Errorf("Update = %v", err)
	}
	if err := f.View(func(*bbolt.Tx) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("View = %v", err)
	}
}

func TestManyReadersAndWritersAtOnce(t *testing.T) {
	path := newPath(t)
	f := mustOpen(t, path, Options{})
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 20 {
				if err := f.Update(background, 0, put(fmt.Sprint(w, "-", i), strings.Repeat("x", 5000))); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 20 {
				if err := readAll(f); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	f = mustOpen(t, path, Options{})
	for w := range 8 {
		if value(t, f, fmt.Sprint(w, "-19")) == "" {
			t.Errorf("the last write of writer %d is not there", w)
		}
	}
}

func TestTheFileIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes here")
	}
	path := newPath(t)
	mustOpen(t, path, Options{})
	for name, want := range map[string]os.FileMode{path: 0o600, path + lockSuffix: 0o600, filepath.Dir(path): 0o700} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(name), got, want)
		}
	}
}
