package e2e

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/taskhook/taskhook/taskee"
)

// listener is a taskhook of its own, run from the test binary.
type listener struct {
	cmd *exec.Cmd
	url string
	out lockedBuffer
}

func startListener(t *testing.T, dir, target string, more ...string) *listener {
	t.Helper()
	l := &listener{}
	args := append([]string{
		"listen", target, "--tunnel", "none", "--addr", "127.0.0.1:0", "--verify", "off",
		"--output", "json", "--data-dir", dir,
	}, more...)
	l.cmd = exec.CommandContext(t.Context(), "taskhook", args...)
	l.cmd.Stdout = &l.out
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.cmd.Process.Kill(); _ = l.cmd.Wait() })
	for end := time.Now().Add(patience); l.url == "" && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		line, _, _ := strings.Cut(l.out.String(), "\n")
		var ready struct{ Local string }
		if json.Unmarshal([]byte(line), &ready) == nil {
			l.url = ready.Local
		}
	}
	if l.url == "" {
		t.Fatalf("it never was ready:\n%s", l.out.String())
	}
	return l
}

// names is a set of webhookIds.
type names struct {
	mu  sync.Mutex
	all map[string]bool
}

func (n *names) add(name string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.all == nil {
		n.all = map[string]bool{}
	}
	n.all[name] = true
	return len(n.all)
}

func event(name string, size int) []byte {
	return fmt.Appendf(nil, `{"type":"ContactCreate","webhookId":"%s","note":"%s"}`, name, strings.Repeat("x", size))
}

// send posts an event and returns the status; 0: no answer.
func send(url string, body []byte) int {
	resp, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// stored asks a listener, or the file, for the webhookIds it has.
func stored(t *testing.T, dir string) map[string]bool {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "taskhook", "events", "list", "--json", "--limit", "1000000", "--data-dir", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		var e struct{ WebhookID string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all[e.WebhookID] = true
	}
	return all
}

// recorder is an app that remembers which events it got.
func recorder(t *testing.T) (*names, string) {
	t.Helper()
	got := &names{}
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got.add(taskee.Parse(body).WebhookID)
	}))
	t.Cleanup(srv.Close)
	return got, srv.Listener.Addr().String()
}

// full runs the crash and load tests at their full length.
var full = flag.Bool("full", false, "run the crash and load tests at their full length")

// times is how often a test does something: short in the gate, long with -full.
func times(short, long int) int {
	if *full {
		return long
	}
	return short
}

func TestKilledUnderLoadNothingAnsweredOrForwardedIsMissing(t *testing.T) {
	got, target := recorder(t)
	dir := t.TempDir()
	for round := range times(3, 30) {
		l := startListener(t, dir, target)
		answered := &names{}
		var senders sync.WaitGroup
		for s := range 8 {
			senders.Go(func() {
				for i := 0; ; i++ {
					name := fmt.Sprintf("%d-%d-%d", round, s, i)
					status := send(l.url, event(name, 500))
					if status == 0 {
						return
					}
					if n := answered.add(name); n == 200 {
						_ = l.cmd.Process.Kill()
					}
				}
			})
		}
		senders.Wait()
		_ = l.cmd.Wait()
		have := stored(t, dir)
		for name := range answered.all {
			if !have[name] {
				t.Errorf("round %d: %s was answered and is not stored", round, name)
			}
		}
		got.mu.Lock()
		for name := range got.all {
			if !have[name] {
				t.Errorf("round %d: %s reached the app and is not stored", round, name)
			}
		}
		got.mu.Unlock()
	}
}

func TestOnAFullDiskTheSenderGets429AndServiceResumesByItself(t *testing.T) {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("needs root, to mount a small file system")
	}
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=3m,mode=700", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("mount: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "-l", dir).Run() })
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	_, target := recorder(t)
	l := startListener(t, dir, target)
	accepted := &names{}
	full := false
	for i := 0; i < 500 && !full; i++ {
		name := fmt.Sprint("before-", i)
		switch status := send(l.url, event(name, 20_000)); status {
		case http.StatusOK:
			accepted.add(name)
		case http.StatusTooManyRequests:
			full = true
		default:
			t.Fatalf("event %d: status %d", i, status)
		}
	}
	if !full {
		t.Fatal("the disk never was full")
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); send(l.url, event("after", 20_000)) != http.StatusOK; {
		if time.Now().After(end) {
			t.Fatal("with room again, events are still refused")
		}
	}
	accepted.add("after")
	have := stored(t, dir)
	for name := range accepted.all {
		if !have[name] {
			t.Errorf("%s was accepted and is not stored", name)
		}
	}
}
