package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/taskee"
)

func TestVerify(t *testing.T) {
	dir, dev := testPair(t, "b")
	_, platform := testPair(t, "a")
	key := func(name string) string { return filepath.Join("..", "testdata", "keys", name) }
	body := filepath.Join(dir, "body.json")
	altered := filepath.Join(dir, "altered.json")
	text := `{"type":"ContactCreate"}`
	for path, text := range map[string]string{body: text, altered: strings.Replace(text, "C", "K", 1)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	signature := func(s taskee.Signer, scheme string) string {
		h, err := s.Sign([]byte(text), scheme)
		if err != nil {
			t.Fatal(err)
		}
		return h.Get(taskee.HeaderRSA) + h.Get(taskee.HeaderEd25519)
	}
	rsaA, edA := signature(platform, taskee.SchemeRSA), signature(platform, taskee.SchemeEd25519)
	trustA := []string{"--public-key", key("test-rsa4096-a.pem"), "--public-key", key("test-ed25519-a.pem")}

	tests := []struct {
		name     string
		args     []string
		in       string
		code     int
		out, err string
	}{
		{"valid", append(trustA, body, "--signature", rsaA), "", 0, "valid: signed by test-rsa4096-a.pem (rsa)\n", ""},
		{"valid, the length tells the header", append(trustA, body, "--signature", edA), "", 0, "valid: signed by test-ed25519-a.pem (ed25519)\n", ""},
		{"valid, from standard input", append(trustA, "-", "--signature", rsaA), text, 0, "valid", ""},
		{"valid, no file named", append(trustA, "--signature", rsaA), text, 0, "valid", ""},
		{"a header in any case", append(trustA, body, "--signature", rsaA, "--header", "x-WH-signature"), "", 0, "valid", ""},
		{"the other scheme's header is a warning", append(trustA, body, "--signature", rsaA, "--header", taskee.HeaderEd25519), "", 0, "scheme and header do not fit", ""},
		{"signed by the development key", []string{body, "--signature", signature(dev, taskee.SchemeRSA)}, "", 0, "valid: signed by dev (rsa)", ""},
		{"one byte changed", append(trustA, altered, "--signature", rsaA), "", 1, "invalid", ""},
		{"a key that is not trusted", []string{body, "--signature", rsaA}, "", 1, "invalid: ", ""},
		{"a trailing newline", append(trustA, "-", "--signature", rsaA), text + "\n", 1, "newline", ""},
		{"not base64", append(trustA, body, "--signature", "?"), "", 1, "invalid: ", ""},
		{"absent", append(trustA, body, "--signature", taskee.Absent), "", 1, "unsigned: ", ""},
		{"empty", append(trustA, body, "--signature", ""), "", 1, "unsigned: ", ""},
		{"no signature given", []string{body}, "", 2, "", "error: --signature is missing"},
		{"another header", []string{body, "--signature", rsaA, "--header", "X-Hub"}, "", 2, "", `invalid --header "X-Hub"`},
		{"no such file", []string{"none.json", "--signature", rsaA}, "", 1, "", "hint: name a file that holds exactly the bytes"},
		{"no such key", []string{body, "--signature", rsaA, "--public-key", "none.pem"}, "", 2, "", "hint: export a public key with"},
		{"not a key", []string{body, "--signature", rsaA, "--public-key", body}, "", 2, "", "hint: use a public key in PEM form"},
		{"two files", []string{body, body, "--signature", rsaA}, "", 2, "", "error: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			runIn(t.Context(), t, dir, strings.NewReader(tt.in), append([]string{"verify"}, tt.args...)...).check(t, tt.code, tt.out, tt.err)
		})
	}
	t.Run("as JSON", func(t *testing.T) {
		args := append([]string{"verify", "--json", altered, "--signature", rsaA}, trustA...)
		r := runIn(t.Context(), t, dir, nil, args...)
		r.check(t, 1, "", "")
		lines := jsonLines(t, r.out)
		if len(lines) != 1 || lines[0]["kind"] != "verdict" || lines[0]["verdict"] != "invalid" || lines[0]["reason"] == "" || lines[0]["bodySize"] != 24.0 {
			t.Errorf("lines %v", lines)
		}
	})
	t.Run("it makes no keys", func(t *testing.T) {
		empty := t.TempDir()
		runIn(t.Context(), t, empty, nil, "verify", body, "--signature", rsaA).check(t, 1, "invalid", "")
		if entries, _ := os.ReadDir(empty); len(entries) != 0 {
			t.Errorf("it made %v", entries)
		}
	})
}
