package taskee

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// ErrNoKey is returned when a [Signer] has no key of the scheme.
var ErrNoKey = errors.New("no private key for this scheme")

// Signer signs bodies as the platform does. Either key may be nil; the zero
// value can only sign with [SchemeNone].
type Signer struct {
	RSA     *rsa.PrivateKey
	Ed25519 ed25519.PrivateKey
}

// Sign returns the signature headers for exactly these bytes. The header is
// the caller's own, never nil, and empty for [SchemeNone]. The error wraps
// [ErrNoKey] if a key is missing.
func (s Signer) Sign(body []byte, scheme string) (http.Header, error) {
	h := http.Header{}
	switch scheme {
	case SchemeRSA, SchemeEd25519, SchemeBoth, SchemeNone:
	default:
		return nil, fmt.Errorf("unknown signature scheme %q", scheme)
	}
	if scheme == SchemeRSA || scheme == SchemeBoth {
		if s.RSA == nil {
			return nil, fmt.Errorf("%w: %s", ErrNoKey, SchemeRSA)
		}
		digest := sha256.Sum256(body)
		signature, err := rsa.SignPKCS1v15(nil, s.RSA, crypto.SHA256, digest[:])
		if err != nil {
			return nil, fmt.Errorf("sign with rsa: %w", err)
		}
		h.Set(HeaderRSA, base64.StdEncoding.EncodeToString(signature))
	}
	if scheme == SchemeEd25519 || scheme == SchemeBoth {
		if len(s.Ed25519) != ed25519.PrivateKeySize {
			return nil, fmt.Errorf("%w: %s", ErrNoKey, SchemeEd25519)
		}
		h.Set(HeaderEd25519, base64.StdEncoding.EncodeToString(ed25519.Sign(s.Ed25519, body)))
	}
	return h, nil
}

// Unsign removes all signatures from a header. It may be nil.
func Unsign(h http.Header) {
	h.Del(HeaderRSA)
	h.Del(HeaderEd25519)
}

// The sizes of the platform's signatures, in bytes.
const (
	rsaSignatureSize     = 512
	ed25519SignatureSize = ed25519.SignatureSize
)

// Corrupt makes every signature in a header invalid but well-formed: base64 of
// the same length. A value that is not base64 is replaced by a random signature;
// if there is none at all, a random RSA signature is added. h must not be nil.
func Corrupt(h http.Header) {
	found := false
	for name, size := range map[string]int{HeaderRSA: rsaSignatureSize, HeaderEd25519: ed25519SignatureSize} {
		values := make([]string, len(h[name])) // a new slice, for the old one may be shared
		for i, v := range h[name] {
			if text := strings.TrimSpace(v); text == "" || strings.EqualFold(text, Absent) {
				values[i] = v
				continue
			}
			values[i], found = corrupted(v, size), true
		}
		if len(values) > 0 {
			h[name] = values
		}
	}
	if !found {
		h.Set(HeaderRSA, randomSignature(rsaSignatureSize))
	}
}

// corrupted changes one byte in the last part of a signature. There is only one
// RSA signature for a key and a body, and this part of an Ed25519 signature is
// its scalar, which the rest determines: neither can be valid by chance.
func corrupted(text string, size int) string {
	data, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(text))
	if err != nil || len(data) == 0 {
		return randomSignature(size)
	}
	data[len(data)-1-len(data)/4]++
	return base64.StdEncoding.EncodeToString(data)
}

// randomSignature is a signature of a size that no key made.
func randomSignature(size int) string {
	data := make([]byte, size)
	_, _ = rand.Read(data) // never fails
	return base64.StdEncoding.EncodeToString(data)
}
