package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/taskhook/taskhook/taskee"
)

// box is a sandbox of its own, run from the test binary.
type box struct {
	cmd                  *exec.Cmd
	api, token, location string
}

func startBox(t *testing.T, dir string, args ...string) *box {
	t.Helper()
	var out lockedBuffer
	b := &box{cmd: exec.CommandContext(t.Context(), "taskhook", append([]string{
		"sandbox", "--addr", "127.0.0.1:0", "--json", "--people", "0", "--data-dir", dir,
	}, args...)...)}
	b.cmd.Stdout = &out
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.cmd.Process.Kill(); _ = b.cmd.Wait() })
	for end := time.Now().Add(patience); b.api == "" && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		line, _, _ := strings.Cut(out.String(), "\n")
		var ready struct{ API, Token, LocationID string }
		if json.Unmarshal([]byte(line), &ready) == nil {
			b.api, b.token, b.location = ready.API, ready.Token, ready.LocationID
		}
	}
	if b.api == "" {
		t.Fatalf("the sandbox never was ready:\n%s", out.String())
	}
	return b
}

// create makes a contact and reports whether the API said so.
func (b *box) create(n int) bool {
	body := fmt.Sprintf(`{"locationId":%q,"email":"c%d@example.com"}`, b.location, n)
	req, err := http.NewRequest(http.MethodPost, b.api+"/contacts/", strings.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer "+b.token)
	req.Header.Set("Version", taskee.APIVersion)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode == http.StatusOK
}

// TestAKilledSandboxLosesNoRetry kills a sandbox in mid-delivery, while its
// receiver answers 429, and has the next one go on.
func TestAKilledSandboxLosesNoRetry(t *testing.T) {
	var mu sync.Mutex
	times := map[string]int{} // how often each webhook came
	accepting, killed := false, make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		times[taskee.Parse(body).WebhookID]++
		if !accepting {
			w.WriteHeader(http.StatusTooManyRequests)
			if len(times) == 10 {
				select {
				case <-killed:
				default:
					close(killed)
				}
			}
		}
	}))
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	first := startBox(t, dir, "--webhook-url", srv.URL, "--scheme", "ed25519", "--speed", "1x")
	made := 0
	for n := range 30 {
		select {
		case <-killed:
			_ = first.cmd.Process.Kill()
		default:
		}
		if first.create(n) {
			made++
		}
	}
	_ = first.cmd.Process.Kill()
	_ = first.cmd.Wait()
	if made < 10 {
		t.Fatalf("%d contacts were created", made)
	}
	mu.Lock()
	accepting = true
	mu.Unlock()
	second := startBox(t, dir, "--webhook-url", srv.URL, "--scheme", "ed25519", "--speed", "1x")
	if second.token != first.token || second.location != first.location {
		t.Error("the start token or the location is another after the restart")
	}
	run := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), "taskhook", append(args, "--data-dir", dir)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	run("sandbox", "clock", "+15m")
	var rates struct{ All, Delivered, Retrying int }
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		lines := bytes.Split(bytes.TrimSpace([]byte(run("sandbox", "logs", "--json", "--limit", "1"))), []byte("\n"))
		if err := json.Unmarshal(lines[len(lines)-1], &rates); err != nil {
			t.Fatal(err)
		}
		if rates.Retrying == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("webhooks are still retrying: %+v", rates)
		}
	}
	if rates.Delivered != rates.All || rates.All < made {
		t.Errorf("%d contacts were made, the log has %+v", made, rates)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(times) != rates.All {
		t.Errorf("%d webhooks came, the log has %d", len(times), rates.All)
	}
	for id, n := range times {
		// One 429 and its retry; what was in flight at the kill came once more.
		if n > 3 {
			t.Errorf("%s came %d times", id, n)
		}
	}
	if matches, err := filepath.Glob(filepath.Join(dir, "sandbox.db")); err != nil || len(matches) != 1 {
		t.Errorf("%v, %v", matches, err)
	}
}
