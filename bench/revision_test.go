package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestAnArchiveIsTheRevisionAndNotTheTree(t *testing.T) {
	repository := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(repository, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", repository, "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "--quiet")
	write("main.go", "package main\n")
	write("deep/er/file", "before\n")
	git("add", ".")
	git("commit", "--quiet", "-m", "first")
	write("deep/er/file", "after\n")

	dir := filepath.Join(t.TempDir(), "source")
	if err := archive(t.Context(), repository, "HEAD", dir); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "deep", "er", "file")); err != nil || string(got) != "before\n" {
		t.Errorf("%q, %v", got, err)
	}
	if err := archive(t.Context(), repository, "--output=x", filepath.Join(t.TempDir(), "x")); err == nil {
		t.Error("an option is taken for a revision")
	}
}

func TestTheAddressFlagIsThatOfTheRevision(t *testing.T) {
	tests := []struct{ name, help, want string }{
		{"before", "    --allow-remote          Let --listen name an address\n    --listen                Addr of the loopback ingress\n", "--listen"},
		{"now", "Flags:\n      --addr ADDR   where programs on this machine send (replaces --listen)\n", "--addr"},
		{"with a letter", "  -a, --addr ADDR\n", "--addr"},
		{"neither", "  --address ADDR   see --addr\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := addressFlag(tt.help); got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("%q, %v, want %q", got, err, tt.want)
			}
		})
	}
}
