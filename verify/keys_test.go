package verify

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/taskhook/taskhook/taskee"
)

const keyDir = "../testdata/keys"

// keyFile reads a public test key under the name that the tests use for it.
func keyFile(t testing.TB, name, file string) Key {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(keyDir, file))
	if err != nil {
		t.Fatal(err)
	}
	k, err := ParseKey(name, text)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return k
}

// private reads the private half of a test key.
func private[K rsa.PrivateKey | ed25519.PrivateKey](t testing.TB, file string) K {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(keyDir, file))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	switch k := k.(type) {
	case *rsa.PrivateKey:
		return any(*k).(K)
	default:
		return k.(K)
	}
}

// signers holds the private test keys: a is the platform, b the development
// pair.
type signers struct {
	rsaA, rsaB, rsa2048 *rsa.PrivateKey
	edA, edB            ed25519.PrivateKey
}

func loadSigners(t testing.TB) signers {
	a := private[rsa.PrivateKey](t, "test-rsa4096-a.private.pem")
	b := private[rsa.PrivateKey](t, "test-rsa4096-b.private.pem")
	c := private[rsa.PrivateKey](t, "test-rsa2048.private.pem")
	return signers{
		rsaA: &a, rsaB: &b, rsa2048: &c,
		edA: private[ed25519.PrivateKey](t, "test-ed25519-a.private.pem"),
		edB: private[ed25519.PrivateKey](t, "test-ed25519-b.private.pem"),
	}
}

func signRSA(k *rsa.PrivateKey, body []byte) []byte {
	digest := sha256.Sum256(body)
	s, err := rsa.SignPKCS1v15(nil, k, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return s
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// platform returns the stand-ins of the platform's keys and of the
// development pair.
func platform(t testing.TB) (trusted, dev []Key) {
	return []Key{keyFile(t, "taskee", "test-rsa4096-a.pem"), keyFile(t, "highlevel", "test-ed25519-a.pem")},
		[]Key{keyFile(t, DevKey, "test-rsa4096-b.pem"), keyFile(t, DevKey, "test-ed25519-b.pem")}
}

func rsaHeader(signature string) http.Header {
	return http.Header{taskee.HeaderRSA: {signature}}
}

func edHeader(signature string) http.Header {
	return http.Header{taskee.HeaderEd25519: {signature}}
}
