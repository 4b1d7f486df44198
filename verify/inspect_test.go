package verify

import (
	"crypto/ed25519"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/body"
)

// TestInspectAgreesWithTheVectors holds that what is said of each signature
// goes together with the verdict on all of them.
func TestInspectAgreesWithTheVectors(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vectorDir, "*.txt"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d vectors, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := parseVector(t, text)
			trusted, known := want.keys(t, want.trusted), want.keys(t, want.known)
			d := New(trusted, known).Inspect(want.request(), want.body)
			want.check(t, d.Verdict)
			if got := New(trusted, known).Diagnose(want.request(), want.body); got != d.Verdict {
				t.Errorf("the verdict is %+v, of Diagnose %+v", d.Verdict, got)
			}
			checkSignatures(t, d, want.request(), slices.Concat(trusted, known))
			stringified, err := jsjson.Stringify(body.Read(want.request(), want.body, false).Bytes)
			if r := d.Restringify; (err != nil) != (r.Error != "") || r.Same != (err == nil && string(stringified) == string(want.body)) {
				t.Errorf("restringify %+v, %v", r, err)
			}
		})
	}
}

func checkSignatures(t *testing.T, d webhook.Diagnosis, h http.Header, keys []Key) {
	t.Helper()
	listed := map[string]int{}
	for _, s := range d.Signatures {
		listed[http.CanonicalHeaderKey(s.Header)]++
		checkSignature(t, s, d.Verdict.Status)
		checkKeyOf(t, s, keys)
	}
	if d.Verdict.Status != webhook.Unsigned && !slices.ContainsFunc(d.Signatures, func(s webhook.Signature) bool {
		return s.Header == d.Verdict.Header && s.Status == d.Verdict.Status && s.Scheme == d.Verdict.Scheme && s.Key == d.Verdict.Key
	}) {
		t.Errorf("the verdict %+v is on none of %+v", d.Verdict, d.Signatures)
	}
	for _, name := range []string{taskee.HeaderRSA, taskee.HeaderEd25519} {
		if n := listed[name]; (n > 0) != (len(h[name]) > 0) || n > maxSignatures {
			t.Errorf("%s is listed %d times, for %d values", name, n, len(h[name]))
		}
	}
}

func checkSignature(t *testing.T, s webhook.Signature, verdict webhook.VerdictStatus) {
	t.Helper()
	switch {
	case s.Status == webhook.Valid && (s.Key == "" || s.Size == 0 || verdict != webhook.Valid):
		t.Errorf("valid, and the verdict is %s: %+v", verdict, s)
	case s.Status == webhook.Invalid && (s.Reason == "" || s.Next == ""):
		t.Errorf("invalid without a reason or a next step: %+v", s)
	case s.Status == webhook.Unsigned && (s.Reason == "" || s.Size != 0 || s.Scheme != ""):
		t.Errorf("unsigned: %+v", s)
	}
}

func checkKeyOf(t *testing.T, s webhook.Signature, keys []Key) {
	t.Helper()
	made := slices.ContainsFunc(keys, func(k Key) bool {
		return k.Name == s.Key && k.Fingerprint() == s.Fingerprint && k.Scheme() == s.Scheme
	})
	if (s.Key != "") != made || (s.Key == "") != (s.Fingerprint == "") {
		t.Errorf("no such key: %+v", s)
	}
}

// TestInspectTellsOfEachSignature holds what is said of one that the verdict
// leaves out, and that two keys of one name are told apart.
func TestInspectTellsOfEachSignature(t *testing.T) {
	s := loadSigners(t)
	body, arrived := []byte(event), []byte(event+"\n")
	trusted, dev := platform(t)
	fingerprint := func(k Key) string { return k.Fingerprint() }
	h := func(ed, rsa string) http.Header {
		return http.Header{taskee.HeaderEd25519: {ed}, taskee.HeaderRSA: {rsa}}
	}
	type told struct {
		status           webhook.VerdictStatus
		scheme           string
		size             int
		key, fingerprint string
		reason, next     string // a part of each
		noReason         bool
	}
	tests := []struct {
		name    string
		header  http.Header
		body    []byte
		ed, rsa told
	}{
		{
			"both fit", h(b64(ed25519.Sign(s.edA, body)), b64(signRSA(s.rsaA, body))), body,
			told{status: webhook.Valid, scheme: "ed25519", size: 64, key: "highlevel", fingerprint: fingerprint(trusted[1]), noReason: true},
			told{status: webhook.Valid, scheme: "rsa", size: 512, key: "taskee", fingerprint: fingerprint(trusted[0]), noReason: true},
		},
		{
			"one fits, the other is by the development key", h(b64(ed25519.Sign(s.edB, body)), b64(signRSA(s.rsaA, body))), body,
			told{status: webhook.Invalid, scheme: "ed25519", size: 64, key: DevKey, fingerprint: fingerprint(dev[1]), reason: "local development key", next: "taskhook trigger"},
			told{status: webhook.Valid, scheme: "rsa", size: 512, key: "taskee", fingerprint: fingerprint(trusted[0]), noReason: true},
		},
		{
			"the body was altered", h(b64(ed25519.Sign(s.edB, body)), b64(signRSA(s.rsaB, body))), arrived,
			told{status: webhook.Invalid, scheme: "ed25519", size: 64, key: DevKey, fingerprint: fingerprint(dev[1]), reason: "a newline was added", next: "printf"},
			told{status: webhook.Invalid, scheme: "rsa", size: 512, key: DevKey, fingerprint: fingerprint(dev[0]), reason: "a newline was added", next: "printf"},
		},
		{
			"each in the other's header", h(b64(signRSA(s.rsaA, body)), b64(ed25519.Sign(s.edB, body))), body,
			told{status: webhook.Valid, scheme: "rsa", size: 512, key: "taskee", fingerprint: fingerprint(trusted[0]), reason: "scheme and header do not fit", next: "the header of its scheme"},
			told{status: webhook.Invalid, scheme: "ed25519", size: 64, key: DevKey, fingerprint: fingerprint(dev[1]), reason: "; scheme and header do not fit", next: "taskhook trigger"},
		},
		{
			"one is no base64, the other says nothing", h("%%% this is not base64 at all %%%", taskee.Absent), body,
			told{status: webhook.Invalid, reason: "is not base64", next: "standard base64"},
			told{status: webhook.Unsigned, reason: "it is N/A"},
		},
		{
			"one is cut short, the other empty", h(b64(make([]byte, 60)), ""), body,
			told{status: webhook.Invalid, size: 60, reason: "wrong length", next: "the whole signature"},
			told{status: webhook.Unsigned, reason: "it is empty"},
		},
	}
	v := New(trusted, dev)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := v.Inspect(tt.header, tt.body)
			if len(d.Signatures) != 2 {
				t.Fatalf("signatures %+v", d.Signatures)
			}
			for i, want := range []told{tt.ed, tt.rsa} {
				got := d.Signatures[i]
				if !strings.Contains(got.Reason, want.reason) || !strings.Contains(got.Next, want.next) || want.noReason && got.Reason != "" {
					t.Errorf("%s: reason %q, next %q", got.Header, got.Reason, got.Next)
				}
				got.Reason, got.Next = "", ""
				wanted := webhook.Signature{
					Header: signatureHeaders()[i].name, Status: want.status, Scheme: want.scheme, Size: want.size,
					Key: want.key, Fingerprint: want.fingerprint,
				}
				if diff := cmp.Diff(wanted, got); diff != "" {
					t.Errorf("(-want +got)\n%s", diff)
				}
			}
		})
	}
}

func TestInspectLooksHoweverManyBadSignaturesCame(t *testing.T) {
	s := loadSigners(t)
	v := New(platform(t))
	body := []byte(`"` + strings.Repeat("x", requestPathLimit) + `"`)
	h := edHeader(b64(ed25519.Sign(s.edA, body)))
	for range 400 {
		v.Verify(edHeader(b64(ed25519.Sign(s.edA, []byte("another")))), []byte(event))
	}
	d := v.Inspect(h, append(body, '\n'))
	if len(d.Signatures) != 1 || !strings.Contains(d.Signatures[0].Reason, "a newline was added") || d.Signatures[0].Key != "highlevel" {
		t.Errorf("%+v", d)
	}
}

func TestRestringify(t *testing.T) {
	tests := []struct {
		name, body string
		want       webhook.Restringify
	}{
		{"the same", `{"a":1,"b":"é"}`, webhook.Restringify{Same: true}},
		{"white space", `{"a": 1}`, webhook.Restringify{Offset: 5, Was: " 1}", Becomes: "1}"}},
		{"white space behind", "{}\n", webhook.Restringify{Offset: 2, Was: "\n", Becomes: ""}},
		{"a number", `[1.0]`, webhook.Restringify{Offset: 2, Was: ".0]", Becomes: "]"}},
		{"an escape", `["\u00e9"]`, webhook.Restringify{Offset: 2, Was: `\u00e9"]`, Becomes: `é"]`}},
		{"bytes that are not UTF-8", "[\"caf\xe9\"]", webhook.Restringify{Offset: 5, Was: `\xe9"]`, Becomes: "\ufffd\"]"}},
		{"not JSON", `{"a":}`, webhook.Restringify{Error: `invalid JSON at byte 5 (line 1, column 6): missing value after object name`, Offset: 5}},
		{"empty", ``, webhook.Restringify{Error: `invalid JSON at byte 0 (line 1, column 1): the text ends too early`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, New(nil, nil).Inspect(nil, []byte(tt.body)).Restringify); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
