package verify

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"

	"github.com/taskhook/taskhook/taskee"
)

// The sizes of an RSA modulus, in bits, that a [Key] may have.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// DevKey is the name of the local development key. It is trusted on the
// loopback address; a [Verifier] for the tunnel knows it without trusting it.
const DevKey = "dev"

// Key is a public key and the name people know it by: "taskee", "dev" or the
// name of its file. The zero value is no key: a [Verifier] ignores it.
type Key struct {
	Name   string
	Public crypto.PublicKey // *rsa.PublicKey or ed25519.PublicKey
}

// PlatformKeys returns the keys that the platform signs with, as they are
// built in. An error means that the program was built with a broken key.
func PlatformKeys() ([]Key, error) {
	var keys []Key
	for _, p := range taskee.PublicKeys() {
		k, err := ParseKey(p.Name, []byte(p.PEM))
		if err != nil {
			return nil, fmt.Errorf("built-in key %s: %w", p.Name, err)
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// Scheme returns the signature scheme of the key, [taskee.SchemeRSA] or
// [taskee.SchemeEd25519]; "" for a key that cannot check anything.
func (k Key) Scheme() string {
	switch p := k.Public.(type) {
	case *rsa.PublicKey:
		if rsaUsable(p) == "" {
			return taskee.SchemeRSA
		}
	case ed25519.PublicKey:
		if len(p) == ed25519.PublicKeySize {
			return taskee.SchemeEd25519
		}
	}
	return ""
}

// Fingerprint identifies the key to a person: "SHA256:" and the unpadded
// base64 of the SHA-256 of its PKIX form. It is "" for no key.
func (k Key) Fingerprint() string {
	if k.Scheme() == "" {
		return ""
	}
	der, err := x509.MarshalPKIXPublicKey(k.Public)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(der)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// rsaUsable says why an RSA key cannot be trusted, "" if it can. An exponent
// of 1 would let anybody sign; an even modulus is not the product of two odd
// primes.
func rsaUsable(p *rsa.PublicKey) string {
	switch {
	case p == nil || p.N == nil || p.N.Sign() <= 0:
		return "it has no modulus"
	case p.N.BitLen() < minRSABits:
		return fmt.Sprintf("it is an RSA key of %d bits, and fewer than %d can be forged", p.N.BitLen(), minRSABits)
	case p.N.BitLen() > maxRSABits:
		return fmt.Sprintf("it is an RSA key of %d bits, and more than %d take too long to check", p.N.BitLen(), maxRSABits)
	case p.N.Bit(0) == 0 || p.E < 3 || p.E%2 == 0 || int64(p.E) > 1<<31-1:
		return "it is not a sound RSA key: its modulus or exponent is wrong"
	}
	return ""
}
