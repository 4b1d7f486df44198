package taskee

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func testKey[K any](t *testing.T, name string) K {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", "keys", name))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(K)
}

func testSigner(t *testing.T) Signer {
	t.Helper()
	return Signer{testKey[*rsa.PrivateKey](t, "test-rsa4096-a.private.pem"), testKey[ed25519.PrivateKey](t, "test-ed25519-a.private.pem")}
}

// fits reports whether a header's first signature of each scheme is right, by
// the standard library alone.
func fits(t *testing.T, s Signer, h http.Header, body []byte) (rsaFits, edFits bool) {
	t.Helper()
	digest := sha256.Sum256(body)
	data, err := base64.StdEncoding.DecodeString(h.Get(HeaderRSA))
	rsaFits = err == nil && rsa.VerifyPKCS1v15(&s.RSA.PublicKey, crypto.SHA256, digest[:], data) == nil
	data, err = base64.StdEncoding.DecodeString(h.Get(HeaderEd25519))
	return rsaFits, err == nil && ed25519.Verify(s.Ed25519.Public().(ed25519.PublicKey), body, data)
}

func TestSign(t *testing.T) {
	s, body := testSigner(t), []byte("any bytes \x00\xff")
	for _, tt := range []struct {
		scheme  string
		rsa, ed bool
	}{
		{SchemeRSA, true, false}, {SchemeEd25519, false, true}, {SchemeBoth, true, true}, {SchemeNone, false, false},
	} {
		t.Run(tt.scheme, func(t *testing.T) {
			h, err := s.Sign(body, tt.scheme)
			if err != nil || h == nil {
				t.Fatalf("%v, %v", h, err)
			}
			if r, e := fits(t, s, h, body); r != tt.rsa || e != tt.ed {
				t.Errorf("rsa fits: %t, ed25519 fits: %t", r, e)
			}
			if (len(h.Get(HeaderRSA)) == 684) != tt.rsa || (len(h.Get(HeaderEd25519)) == 88) != tt.ed {
				t.Errorf("header %v", h)
			}
		})
	}
}

func TestASignerWithoutTheKey(t *testing.T) {
	s := testSigner(t)
	for _, tt := range []struct {
		signer Signer
		scheme string
		ok     bool
	}{
		{Signer{RSA: s.RSA}, SchemeRSA, true},
		{Signer{RSA: s.RSA}, SchemeEd25519, false},
		{Signer{RSA: s.RSA}, SchemeBoth, false},
		{Signer{Ed25519: s.Ed25519}, SchemeEd25519, true},
		{Signer{Ed25519: s.Ed25519}, SchemeRSA, false},
		{Signer{Ed25519: s.Ed25519[:12]}, SchemeEd25519, false},
		{Signer{}, SchemeNone, true},
	} {
		if _, err := tt.signer.Sign(nil, tt.scheme); (err == nil) != tt.ok || !tt.ok && !errors.Is(err, ErrNoKey) {
			t.Errorf("%s: %v", tt.scheme, err)
		}
	}
	if _, err := s.Sign(nil, "dsa"); err == nil || errors.Is(err, ErrNoKey) {
		t.Errorf("an unknown scheme: %v", err)
	}
}

func TestUnsign(t *testing.T) {
	h := http.Header{HeaderRSA: {"a", "b"}, HeaderEd25519: {Absent}, "X-Other": {"1"}}
	Unsign(h)
	if len(h) != 1 || h.Get("X-Other") != "1" {
		t.Errorf("left %v", h)
	}
	Unsign(nil)
}

func TestCorrupt(t *testing.T) {
	s, body := testSigner(t), []byte(`{"type":"ContactCreate"}`)
	for _, scheme := range []string{SchemeRSA, SchemeEd25519, SchemeBoth} {
		t.Run(scheme, func(t *testing.T) {
			signed, err := s.Sign(body, scheme)
			if err != nil {
				t.Fatal(err)
			}
			h, kept := maps.Clone(signed), signed.Clone()
			for range 3 { // what is wrong stays wrong
				Corrupt(h)
				for name := range signed {
					if len(h[name]) != 1 || len(h.Get(name)) != len(signed.Get(name)) || h.Get(name) == signed.Get(name) {
						t.Errorf("%s: %q was %q", name, h[name], signed[name])
					}
					if _, err := base64.StdEncoding.Strict().DecodeString(h.Get(name)); err != nil {
						t.Error(err)
					}
				}
				if r, e := fits(t, s, h, body); r || e || len(h) != len(signed) {
					t.Errorf("rsa fits: %t, ed25519 fits: %t, %v", r, e, h)
				}
			}
			if !maps.EqualFunc(signed, kept, slices.Equal) {
				t.Error("the values of a header that shares them were changed")
			}
		})
	}
}

func TestCorruptWhatIsNoSignature(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
		want   map[string]int // lengths; 0: as before
	}{
		{"nothing", http.Header{}, map[string]int{HeaderRSA: 684}},
		{"empty", http.Header{HeaderEd25519: {""}}, map[string]int{HeaderRSA: 684, HeaderEd25519: 0}},
		{"N/A", http.Header{HeaderRSA: {"n/a"}}, map[string]int{HeaderRSA: 684}},
		{"one is absent", http.Header{HeaderRSA: {Absent}, HeaderEd25519: {"c2lnbmVk"}}, map[string]int{HeaderRSA: 0, HeaderEd25519: 8}},
		{"not base64", http.Header{HeaderEd25519: {"?"}}, map[string]int{HeaderEd25519: 88}},
		{"url-safe base64", http.Header{HeaderRSA: {"-_-_"}}, map[string]int{HeaderRSA: 684}},
		{"one byte", http.Header{HeaderRSA: {"/w=="}}, map[string]int{HeaderRSA: 4}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := tt.header.Clone()
			Corrupt(tt.header)
			if len(tt.header) != len(tt.want) {
				t.Errorf("%v", tt.header)
			}
			for name, size := range tt.want {
				got := tt.header.Get(name)
				if size == 0 && got != before.Get(name) || size != 0 && (len(got) != size || got == before.Get(name)) {
					t.Errorf("%s: %q was %q", name, got, before[name])
				}
			}
		})
	}
	h := http.Header{HeaderRSA: {"c2lnbmVk", "c2lnbmVl"}}
	if Corrupt(h); len(h[HeaderRSA]) != 2 || h[HeaderRSA][0] == "c2lnbmVk" || h[HeaderRSA][1] == "c2lnbmVl" {
		t.Errorf("repeated: %v", h)
	}
}

func TestThePlatformsNames(t *testing.T) {
	for _, name := range []string{HeaderRSA, HeaderEd25519} {
		if http.CanonicalHeaderKey(name) != name {
			t.Errorf("%s is not how net/http stores it", name)
		}
	}
	if !strings.EqualFold(HeaderRSA, "x-wh-signature") || !strings.EqualFold(HeaderEd25519, "X-GHL-Signature") {
		t.Errorf("headers %s and %s", HeaderRSA, HeaderEd25519)
	}
	for scheme, want := range map[string]string{
		SchemeRSA: "WEBHOOK_PUBLIC_KEY", SchemeEd25519: "WEBHOOK_SIGNATURE_PUBLIC_KEY", SchemeBoth: "", SchemeNone: "", "": "",
	} {
		if got := strings.Join(EnvNames(scheme), " "); got != want {
			t.Errorf("EnvNames(%q) = %s", scheme, got)
		}
	}
}

func TestThePublicKeysAreWhole(t *testing.T) {
	keys := PublicKeys()
	if len(keys) != 2 || keys[0].Name != "taskee" || keys[1].Name != "highlevel" {
		t.Fatalf("%+v", keys)
	}
	for _, k := range keys {
		block, rest := pem.Decode([]byte(k.PEM))
		if block == nil || len(rest) != 0 {
			t.Fatalf("%s is not one PEM block", k.Name)
		}
		public, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		switch p := public.(type) {
		case *rsa.PublicKey:
			if k.Scheme != SchemeRSA || p.Size() != rsaSignatureSize {
				t.Errorf("%s: %d bytes", k.Name, p.Size())
			}
		case ed25519.PublicKey:
			if k.Scheme != SchemeEd25519 {
				t.Errorf("%s: scheme %s", k.Name, k.Scheme)
			}
		}
	}
}

func TestOnly429BringsAnEventBack(t *testing.T) {
	p := Policy()
	for status := range 600 {
		if p.Retries(status) != (status == http.StatusTooManyRequests) {
			t.Errorf("%d: %t", status, p.Retries(status))
		}
	}
	if p.Name != "taskee" || p.MaxRetries != 6 || p.Interval != 10*time.Minute || p.JitterMin != 5*time.Second || p.JitterMax != 2*time.Minute {
		t.Errorf("%+v", p)
	}
	if !p.Next(7, 429, time.Now()).IsZero() || p.Next(6, 429, time.Now()).IsZero() {
		t.Error("it is not seven sends at most")
	}
}
