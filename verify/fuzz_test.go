package verify

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// FuzzVerify holds that no headers and no body make the check panic, that it
// calls valid only what the standard library calls valid, and that a signature
// with one flipped bit, in its text or in the body, is never valid.
func FuzzVerify(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(vectorDir, "*.txt"))
	if err != nil || len(files) == 0 {
		f.Fatalf("%d vectors, %v", len(files), err)
	}
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		head, body, _ := strings.Cut(string(text), "\n\n")
		header := func(name string) string {
			_, value, _ := strings.Cut(head, "header: "+name+": ")
			value, _, _ = strings.Cut(value, "\n")
			return value
		}
		f.Add(header(inRSA), header(inEd), []byte(body), uint32(i*37))
	}
	s := loadSigners(f)
	trusted := []Key{keyFile(f, "mine", "test-rsa2048.pem"), keyFile(f, "taskee", "test-rsa4096-a.pem"), keyFile(f, "highlevel", "test-ed25519-a.pem")}
	_, dev := platform(f)
	signed := []byte(event)
	rsaSignature := b64(signRSA(s.rsa2048, signed)) // once: making one takes longer than all the rest
	f.Fuzz(func(t *testing.T, rsaText, edText string, body []byte, bit uint32) {
		v := New(trusted, dev) // a fresh one, so that one input always takes one path
		for _, h := range []http.Header{rsaHeader(rsaText), edHeader(edText), {taskee.HeaderRSA: {rsaText}, taskee.HeaderEd25519: {edText, rsaText}}} {
			got := v.Verify(h, body)
			if got.Status == webhook.Valid && !standardLibraryAgrees(trusted, h, body) {
				t.Fatalf("%+v", got)
			}
			if got.Status != webhook.Valid && (got.Reason == "" || got.Next == "") {
				t.Fatalf("no reason or next step: %+v", got)
			}
			if d := v.Inspect(h, body); d.Verdict.Status != got.Status || d.Verdict.Key != got.Key || len(d.Signatures) > 3 {
				t.Fatalf("inspected %+v, verified %+v", d, got)
			}
		}
		flippedBitIsNotValid(t, v, taskee.HeaderRSA, rsaSignature, signed, bit)
		flippedBitIsNotValid(t, v, taskee.HeaderEd25519, b64(ed25519.Sign(s.edA, body)), body, bit)
	})
}

func flippedBitIsNotValid(t *testing.T, v *Verifier, header, text string, body []byte, bit uint32) {
	t.Helper()
	whole := append([]byte(text), body...)
	if got := v.Verify(http.Header{header: {text}}, body); got.Status != webhook.Valid || got.Reason != "" {
		t.Fatalf("as signed: %+v", got)
	}
	at := int(bit/8) % len(whole)
	whole[at] ^= 1 << (bit % 8)
	if got := v.Verify(http.Header{header: {string(whole[:len(text)])}}, whole[len(text):]); got.Status == webhook.Valid {
		t.Fatalf("bit %d of byte %d is flipped: %+v", bit%8, at, got)
	}
}

// standardLibraryAgrees says whether crypto/rsa or crypto/ed25519 takes any of
// the signatures.
func standardLibraryAgrees(keys []Key, h http.Header, body []byte) bool {
	digest := sha256.Sum256(body)
	for _, lines := range h {
		for text := range strings.SplitSeq(strings.Join(lines, ","), ",") {
			data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
			if err != nil {
				continue
			}
			for _, k := range keys {
				switch p := k.Public.(type) {
				case *rsa.PublicKey:
					if rsa.VerifyPKCS1v15(p, crypto.SHA256, digest[:], data) == nil {
						return true
					}
				case ed25519.PublicKey:
					if ed25519.Verify(p, body, data) {
						return true
					}
				}
			}
		}
	}
	return false
}

// FuzzParseKey holds that no file makes the parser panic, and that a key it
// returns can check something.
func FuzzParseKey(f *testing.F) {
	files, err := filepath.Glob(filepath.Join(keyDir, "test-*"))
	if err != nil || len(files) == 0 {
		f.Fatalf("%d keys, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := ParseKey("k", text)
		if err == nil && (k.Scheme() == "" || k.Fingerprint() == "") {
			t.Fatalf("%+v", k)
		}
	})
}
