package sandbox

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/taskee"
)

// program finds a program, or skips the test with a notice.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s here", name)
	}
	return path
}

// delivered triggers some events and returns what a receiver got.
func delivered(t *testing.T, o func(*Options), types ...string) (*rig, []received) {
	t.Helper()
	app, url := receiving(t, 200)
	r := newRig(t, o, func(o *Options) { o.Target = func() string { return url } })
	r.running()
	for _, one := range types {
		if _, err := r.s.Trigger(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	r.finished(len(types))
	return r, app.all()
}

func TestOpenSSLVerifiesWhatIsSigned(t *testing.T) {
	openssl := program(t, "openssl")
	r, got := delivered(t, func(o *Options) {
		o.Signer, o.Scheme = taskee.Signer{RSA: rsaKey(t), Ed25519: ed25519Signer().Ed25519}, taskee.SchemeBoth
	}, "ContactCreate", "InvoicePaid")
	keys, err := r.s.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	signature := func(one received, header string) string {
		raw, err := base64.StdEncoding.DecodeString(one.header.Get(header))
		if err != nil {
			t.Fatal(err)
		}
		return file("signature", raw)
	}
	rsaPublic, edPublic := file("rsa.pem", keys[taskee.SchemeRSA]), file("ed25519.pem", keys[taskee.SchemeEd25519])
	for _, one := range got {
		body := file("body", []byte(one.body))
		if out, err := exec.Command(openssl, "dgst", "-sha256", "-verify", rsaPublic, "-signature", signature(one, taskee.HeaderRSA), body).CombinedOutput(); err != nil {
			t.Errorf("rsa: %v: %s", err, out)
		}
		if out, err := exec.Command(openssl, "pkeyutl", "-verify", "-pubin", "-inkey", edPublic, "-rawin", "-in", body, "-sigfile", signature(one, taskee.HeaderEd25519)).CombinedOutput(); err != nil {
			t.Errorf("ed25519: %v: %s", err, out)
		}
	}
}

// hard are names that JSON writers disagree about.
const hard = `"firstName":"<b>&amp; \u2028\u2029 \u0007 \"\\/ é 😀 \ud83d\ude00","customFields":[{"10":1.50,"9":1e3,"a":-0.0,"b":1e21,"c":123456789012345678901}]`

func TestNodeWritesBodiesTheSame(t *testing.T) {
	node := program(t, "node")
	app, url := receiving(t, 200)
	r := newRig(t, func(o *Options) { o.Target = func() string { return url } })
	r.running()
	r.create(hard)
	r.finished(1)
	for _, one := range app.all() {
		cmd := exec.Command(node, "-e", `const b=require("fs").readFileSync(0,"utf8");process.stdout.write(JSON.stringify(JSON.parse(b)))`)
		cmd.Stdin = bytes.NewReader([]byte(one.body))
		out, err := cmd.Output()
		if err != nil || string(out) != one.body {
			t.Errorf("node writes\n%s\nwe wrote\n%s\n%v", out, one.body, err)
		}
	}
}

// TestBodiesAreTheirOwnStringify is the same without node.
func TestBodiesAreTheirOwnStringify(t *testing.T) {
	app, url := receiving(t, 200)
	r := newRig(t, func(o *Options) { o.Target, o.Shape = func() string { return url }, taskee.ShapeNested })
	r.running()
	r.create(hard)
	r.finished(1)
	body := app.all()[0].body
	same, err := jsjson.Stringify([]byte(body))
	if err != nil || string(same) != body || !json.Valid([]byte(body)) {
		t.Errorf("%v: %s", err, body)
	}
	for _, want := range []string{"<b>&amp; \u2028\u2029 \\u0007", `"9":1000,"10":1.5,"a":0,"b":1e+21,"c":123456789012345680000`} {
		if !bytes.Contains([]byte(body), []byte(want)) {
			t.Errorf("%s lacks %s", body, want)
		}
	}
}
