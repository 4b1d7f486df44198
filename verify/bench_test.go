package verify

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// BenchmarkVerify compares good with bad signatures over a body of 2 KB, with
// the keys of a tunnel: the platform's trusted, the development pair known.
//
//   - flood: one after another, as fast as they are checked, so that the budget
//     of the search for a reason is used up
//   - searched: each one searched in full, as for a person who debugs a sender
func BenchmarkVerify(b *testing.B) {
	s := loadSigners(b)
	trusted, dev := platform(b)
	body := []byte(`{"type":"NoteCreate","body":"` + strings.Repeat("lorem ipsum ", 165) + `"}`)
	pretty := formatted(jsontext.WithIndent("  "))(body)
	goodRSA, goodEd := rsaHeader(b64(signRSA(s.rsaA, body))), edHeader(b64(ed25519.Sign(s.edA, body)))
	damagedRSA, damagedEd := rsaHeader(flip(b64(signRSA(s.rsaA, body)))), edHeader(flip(b64(ed25519.Sign(s.edA, body))))
	for _, bm := range []struct {
		name string
		h    http.Header
		body []byte
		bad  bool
	}{
		{"rsa/good", goodRSA, body, false},
		{"rsa/damaged", damagedRSA, body, true},
		{"rsa/re-serialised", goodRSA, pretty, true},
		{"rsa/another body", goodRSA, body[:len(body)-1], true},
		{"rsa/two damaged", http.Header{"X-Wh-Signature": {damagedRSA.Get("X-Wh-Signature"), b64(make([]byte, 512))}}, body, true},
		{"ed25519/good", goodEd, body, false},
		{"ed25519/damaged", damagedEd, body, true},
		{"ed25519/re-serialised", goodEd, pretty, true},
		{"both/good", http.Header{"X-Wh-Signature": goodRSA["X-Wh-Signature"], "X-Ghl-Signature": goodEd["X-Ghl-Signature"]}, body, false},
		{"both/damaged", http.Header{"X-Wh-Signature": damagedRSA["X-Wh-Signature"], "X-Ghl-Signature": damagedEd["X-Ghl-Signature"]}, body, true},
		{"unsigned", http.Header{}, body, false},
	} {
		b.Run(bm.name+"/flood", func(b *testing.B) {
			v := New(trusted, dev)
			if bm.bad {
				for range 2000 { // the burst
					v.Verify(bm.h, bm.body)
				}
			}
			for b.Loop() {
				v.Verify(bm.h, bm.body)
			}
		})
		if bm.bad {
			b.Run(bm.name+"/searched", func(b *testing.B) {
				v := New(trusted, dev)
				for b.Loop() {
					v.Diagnose(bm.h, bm.body)
				}
			})
		}
	}
	b.Run("crypto-rsa/good", func(b *testing.B) {
		signature, digest := signRSA(s.rsaA, body), sha256.Sum256(body)
		for b.Loop() {
			if err := rsa.VerifyPKCS1v15(&s.rsaA.PublicKey, crypto.SHA256, digest[:], signature); err != nil {
				b.Fatal(err)
			}
		}
	})
}
