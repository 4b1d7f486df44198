package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/listener"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/verify"
)

// ran is what a command line left behind.
type ran struct {
	out, err string
	code     int
}

// runIn runs a command line on a data directory.
func runIn(ctx context.Context, t *testing.T, dir string, in io.Reader, args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	code := Run(ctx, append(args, "--data-dir", dir), Streams{
		In: in, Out: &out, Err: &errs, Env: func(string) string { return "" },
	})
	return ran{out.String(), errs.String(), code}
}

// check checks the exit code and that both streams have what is wanted.
func (r ran) check(t *testing.T, code int, out, errs string) {
	t.Helper()
	if r.code != code || !strings.Contains(r.out, out) || !strings.Contains(r.err, errs) || errs == "" && r.err != "" {
		t.Errorf("exit code %d\nstdout: %s\nstderr: %s\nwant %d, %q and %q", r.code, r.out, r.err, code, out, errs)
	}
}

// jsonLines reads an output of one object a line.
func jsonLines(t *testing.T, out string) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for line := range strings.Lines(out) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		lines = append(lines, m)
	}
	return lines
}

func TestKeysList(t *testing.T) {
	dir, _ := testPair(t, "b")
	r := runIn(t.Context(), t, dir, nil, "keys")
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if r.code != 0 || len(lines) != 5 {
		t.Fatalf("exit code %d, output:\n%s%s", r.code, r.out, r.err)
	}
	for i, want := range []string{"NAME", "taskee", "highlevel", "dev", "dev"} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d is %q, want %q", i, lines[i], want)
		}
	}
	var names, schemes []string
	for _, l := range jsonLines(t, runIn(t.Context(), t, dir, nil, "keys", "--json").out) {
		if l["kind"] != "key" || !strings.HasPrefix(l["fingerprint"].(string), "SHA256:") || l["local"] != (l["name"] == "dev") {
			t.Errorf("line %v", l)
		}
		names, schemes = append(names, l["name"].(string)), append(schemes, l["scheme"].(string))
	}
	if got := strings.Join(names, " ") + " / " + strings.Join(schemes, " "); got != "taskee highlevel dev dev / rsa ed25519 rsa ed25519" {
		t.Errorf("keys %s", got)
	}
}

func TestKeysReplaced(t *testing.T) {
	other := filepath.Join("..", "testdata", "keys", "test-rsa2048.pem")
	r := runIn(t.Context(), t, t.TempDir(), nil, "keys", "--public-key", other)
	r.check(t, 0, "test-rsa2048.pem", "")
	if strings.Contains(r.out, "taskee") {
		t.Errorf("the platform's key is still there:\n%s", r.out)
	}
	runIn(t.Context(), t, t.TempDir(), nil, "keys", "--public-key", "none.pem").check(t, 2, "", "hint:")
}

func TestKeysPEM(t *testing.T) {
	dir, signer := testPair(t, "b")
	r := runIn(t.Context(), t, dir, nil, "keys", "pem", "taskee")
	want, err := verify.PlatformKeys()
	if err != nil {
		t.Fatal(err)
	}
	got, err := verify.ParseKey("taskee", []byte(r.out))
	if err != nil || got.Fingerprint() != want[0].Fingerprint() {
		t.Errorf("printed %s: %v", r.out, err)
	}
	r = runIn(t.Context(), t, dir, nil, "keys", "pem", "dev", "--scheme", "rsa")
	got, err = verify.ParseKey("dev", []byte(r.out))
	if err != nil || !signer.RSA.PublicKey.Equal(got.Public) {
		t.Errorf("printed %s: %v", r.out, err)
	}
	if r = runIn(t.Context(), t, dir, nil, "keys", "pem", "dev"); strings.Count(r.out, "BEGIN PUBLIC KEY") != 2 {
		t.Errorf("printed %s, want both", r.out)
	}
	runIn(t.Context(), t, dir, nil, "keys", "pem", "tasky").check(t, 1, "", "hint: there are: taskee, highlevel, dev")
	runIn(t.Context(), t, dir, nil, "keys", "pem", "taskee", "--scheme", "ed25519").check(t, 1, "", `no trusted key is named "taskee" and is of the scheme ed25519`)
	runIn(t.Context(), t, t.TempDir(), nil, "keys", "pem", "dev").check(t, 1, "", "hint: make it with: taskhook keys dev")
	runIn(t.Context(), t, dir, nil, "keys", "pem").check(t, 2, "", "error:")
	runIn(t.Context(), t, dir, nil, "keys", "pme").check(t, 2, "", "hint: did you mean taskhook keys pem?")
}

func TestKeysDev(t *testing.T) {
	dir, _ := testPair(t, "b")
	r := runIn(t.Context(), t, dir, nil, "keys", "dev")
	r.check(t, 0, filepath.Join(dir, devRSAFile), "")
	r.check(t, 0, filepath.Join(dir, listener.DevEd25519File), "")
	lines := jsonLines(t, runIn(t.Context(), t, dir, nil, "keys", "dev", "--json").out)
	if len(lines) != 2 || lines[0]["kind"] != "devKey" || lines[1]["privateFile"] != filepath.Join(dir, devEd25519File) {
		t.Errorf("lines %v", lines)
	}
	for _, l := range lines {
		if text, err := os.ReadFile(l["publicFile"].(string)); err != nil || strings.Contains(string(text), "PRIVATE") {
			t.Errorf("%v: %s, %v", l["publicFile"], text, err)
		}
	}
}

func TestKeysEnv(t *testing.T) {
	dir, signer := testPair(t, "b")
	t.Run("dotenv has each key on one line", func(t *testing.T) {
		r := runIn(t.Context(), t, dir, nil, "keys", "env")
		r.check(t, 0, "WEBHOOK_PUBLIC_KEY=", "")
		for line := range strings.Lines(r.out) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			text := strings.ReplaceAll(strings.Trim(value, `"`), `\n`, "\n")
			checkEnvKey(t, signer, name, text)
		}
	})
	t.Run("shell can be evaluated", func(t *testing.T) {
		shell, err := exec.LookPath("sh")
		if err != nil {
			t.Skip(err)
		}
		r := runIn(t.Context(), t, dir, nil, "keys", "env", "--format", "shell")
		for _, name := range []string{"WEBHOOK_PUBLIC_KEY", "WEBHOOK_SIGNATURE_PUBLIC_KEY"} {
			value, err := exec.CommandContext(t.Context(), shell, "-c", r.out+`sh -c 'printf %s "$`+name+`"'`).Output()
			if err != nil {
				t.Fatal(err)
			}
			checkEnvKey(t, signer, name, string(value))
		}
	})
	t.Run("another format is refused", func(t *testing.T) {
		runIn(t.Context(), t, dir, nil, "keys", "env", "--format", "xml").check(t, 2, "", "want one of dotenv, shell")
	})
}

// checkEnvKey checks that a variable has the half of the pair that the
// family's SDK looks for under its name.
func checkEnvKey(t *testing.T, signer taskee.Signer, name, text string) {
	t.Helper()
	k, err := verify.ParseKey(name, []byte(text))
	if err != nil {
		t.Errorf("%s = %q: %v", name, text, err)
		return
	}
	want := verify.Key{Public: signer.RSA.Public()}
	if name == "WEBHOOK_SIGNATURE_PUBLIC_KEY" {
		want.Public = signer.Ed25519.Public()
	}
	if k.Fingerprint() != want.Fingerprint() {
		t.Errorf("%s is another key", name)
	}
}
