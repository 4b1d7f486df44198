package store

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// writeForEver stores events from many goroutines and prints the ID of each
// once PutEvent has returned, and then queues its attempt.
func writeForEver(path string) error {
	s, err := Open(path, Options{})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	errs := make(chan error, 16)
	for w := range 16 {
		wg.Go(func() {
			for {
				e := newEvent(fmt.Sprint("w", w))
				if err := s.PutEvent(background, e); err != nil {
					errs <- err
					return
				}
				mu.Lock()
				_, err := fmt.Println(uint64(e.ID))
				mu.Unlock()
				if err != nil {
					errs <- err
					return
				}
				s.QueueAttempt(received(e.ID, 200), byApp(200))
			}
		})
	}
	wg.Wait()
	return errors.Join(<-errs, s.Close())
}

func child(t *testing.T, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, path)
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.Stderr = io.Discard
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd, bufio.NewScanner(out)
}

func TestAKillUnderLoadLosesNoEventThatWasStored(t *testing.T) {
	path := newPath(t)
	told := 0
	for round := range 3 {
		cmd, lines := child(t, path)
		var stored []webhook.ID
		for lines.Scan() {
			var id webhook.ID
			if _, err := fmt.Sscan(lines.Text(), &id); err != nil {
				break // a line was cut
			}
			stored = append(stored, id)
			if len(stored) == 300 {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait()
		if told += len(stored); len(stored) < 300 {
			t.Fatalf("round %d: only %d events were stored", round, len(stored))
		}
		s := mustOpen(t, path, Options{LockTimeout: 10 * time.Second})
		if s.SetAside() != "" {
			t.Fatalf("the store was set aside: %s", s.SetAside())
		}
		for _, id := range stored {
			if e, err := s.Event(t.Context(), id); err != nil || !strings.Contains(string(e.Body), e.WebhookID) {
				t.Fatalf("event %s was stored: %v", id, err)
			}
			if got := state(t, s, id); got != webhook.StateDelivered && got != webhook.StateInterrupted {
				t.Errorf("event %s is %s", id, got)
			}
		}
		c, err := s.Counts(t.Context())
		if err != nil || c.Events < told || c.Delivered+c.Failed != c.Events {
			t.Errorf("Counts = %+v, %v, and %d were stored", c, err, told)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAStoreInUseByAnotherProcessNamesIt(t *testing.T) {
	path := newPath(t)
	cmd, lines := child(t, path)
	if !lines.Scan() {
		t.Fatal("the other process does not start")
	}
	_, err := Open(path, Options{LockTimeout: 50 * time.Millisecond})
	var locked *LockedError
	if !errors.As(err, &locked) || locked.PID != cmd.Process.Pid {
		t.Errorf("Open = %v, want a LockedError of process %d", err, cmd.Process.Pid)
	}
}
