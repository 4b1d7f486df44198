package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/webhook"
)

// large is how many events of 1 MiB fillLarge stores.
const large = 24

// fillLarge stores large events: far more than pipes and sockets hold.
func fillLarge(t *testing.T, dir string) {
	t.Helper()
	st, err := store.Open(filepath.Join(dir, "events.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range large {
		body := event(fmt.Sprint("large-", i), 1<<20)
		e := webhook.Event{
			Type: "ContactCreate", ReceivedAt: time.Now(), Method: http.MethodPost, Path: "/",
			Body: body, BodySize: int64(len(body)), Source: webhook.SourceLocal,
			Answer: webhook.Answer{Status: http.StatusOK, By: webhook.ByApp, At: time.Now()},
		}
		if err := st.PutEvent(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
}

// exporting is an events export whose output nobody reads.
type exporting struct {
	cmd    *exec.Cmd
	out    *bufio.Reader
	stderr bytes.Buffer
}

// startExport starts an export and returns once it has written something.
func startExport(t *testing.T, dir string, more ...string) *exporting {
	t.Helper()
	x := &exporting{cmd: exec.CommandContext(t.Context(), "taskhook", append([]string{"events", "export", "--data-dir", dir}, more...)...)}
	x.cmd.Stderr = &x.stderr
	out, err := x.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.cmd.Process.Kill() })
	x.out = bufio.NewReader(out)
	if _, err := x.out.Peek(1); err != nil {
		t.Fatal(err)
	}
	return x
}

// end waits for the export and returns its exit code.
func (x *exporting) end() int {
	_ = x.cmd.Wait()
	return x.cmd.ProcessState.ExitCode()
}

// A reader that pauses holds up neither the listener's store nor its end, and
// is told when the listener stops before everything was read.
func TestAnExportThatIsNotReadHoldsUpNobody(t *testing.T) {
	_, target := recorder(t)
	dir := t.TempDir()
	fillLarge(t, dir)
	l := startListener(t, dir, target)
	x := startExport(t, dir)
	for i := range 8 { // the file grows, for which no transaction may be open
		if status := send(l.url, event(fmt.Sprint("meanwhile-", i), 4<<20)); status != http.StatusOK {
			t.Fatalf("event %d is answered %d", i, status)
		}
	}
	if err := l.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := l.cmd.Wait(); err != nil {
		t.Errorf("the listener: %v", err)
	}
	read, err := io.ReadAll(x.out)
	if err != nil {
		t.Fatal(err)
	}
	code := x.end()
	if lines := bytes.Count(read, []byte("\n")); code != 1 || lines == 0 || lines >= large {
		t.Errorf("the export of %d events has code %d", lines, code)
	}
	if said := x.stderr.String(); !strings.Contains(said, "error: the listener stopped in the middle of its answer") || !strings.Contains(said, "hint: run the command again") {
		t.Errorf("it says %q", said)
	}
}

func TestAnExportThatIsNotReadIsCancelled(t *testing.T) {
	_, target := recorder(t)
	dir := t.TempDir()
	fillLarge(t, dir)
	for _, running := range []bool{false, true} {
		if running {
			startListener(t, dir, target)
		}
		x := startExport(t, dir)
		if err := x.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if code := x.end(); code != 130 {
			t.Errorf("with a listener %v: code %d: %s", running, code, x.stderr.String())
		}
	}
}

func TestAnExportThatFailsLeavesTheFileAlone(t *testing.T) {
	_, target := recorder(t)
	dir := t.TempDir()
	fillLarge(t, dir)
	l := startListener(t, dir, target)
	out := filepath.Join(t.TempDir(), "out.jsonl")
	if err := os.WriteFile(out, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	// It takes its time over each event, and says so.
	cmd := exec.CommandContext(t.Context(), "taskhook", "events", "export", "--filter", "jq:(last(range(1e18)))", "--out", out, "--force", "--data-dir", dir)
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(pipe)
	if line, err := said.ReadString('\n'); err != nil || !strings.Contains(line, "takes too long") {
		t.Errorf("%v: %s", err, line)
	}
	if err := l.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(said)
	if err := cmd.Wait(); err == nil || !bytes.Contains(rest, []byte("the listener stopped in the middle")) {
		t.Errorf("%v: %s", err, rest)
	}
	_ = l.cmd.Wait()
	if text, err := os.ReadFile(out); err != nil || string(text) != "mine" {
		t.Errorf("the file has %.20q: %v", text, err)
	}
	if files, err := os.ReadDir(filepath.Dir(out)); err != nil || len(files) != 1 {
		t.Errorf("beside it are %v: %v", files, err)
	}
}
