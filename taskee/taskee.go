// Package taskee has every fact about the platform: the names of its headers and
// keys, the catalogue of its events with a sample of each, the fields that every
// body has, how it signs, when it retries, and a client for its API. No other
// package spells any of these.
//
// Everything in it is safe for concurrent use.
package taskee

import (
	_ "embed" // the public keys
	"time"

	"github.com/taskhook/taskhook/retry"
)

// The headers that carry a signature, in the canonical form of
// [net/http.Header].
const (
	HeaderRSA     = "X-Wh-Signature"
	HeaderEd25519 = "X-Ghl-Signature"
)

// Absent is what a signature header may have in place of a signature.
const Absent = "N/A"

// The signature schemes: RSA PKCS#1 v1.5 with SHA-256, Ed25519, both of them, or
// none.
const (
	SchemeRSA     = "rsa"
	SchemeEd25519 = "ed25519"
	SchemeBoth    = "both"
	SchemeNone    = "none"
)

// PublicKey is a key that the platform signs with.
type PublicKey struct {
	Name   string // "taskee" or "highlevel"
	Scheme string // [SchemeRSA] or [SchemeEd25519]
	PEM    string // PKIX
}

var (
	//go:embed taskee.pem
	taskeePEM string
	//go:embed highlevel.pem
	highlevelPEM string
)

// PublicKeys returns the platform's public keys: its own, published in the
// guide, and that of the family of platforms whose API it uses.
func PublicKeys() []PublicKey {
	return []PublicKey{
		{Name: "taskee", Scheme: SchemeRSA, PEM: taskeePEM},
		{Name: "highlevel", Scheme: SchemeEd25519, PEM: highlevelPEM},
	}
}

// EnvNames returns the names of the environment variables from which the
// family's SDK reads the public key of a scheme; none for a scheme without a key
// of its own. The guide's sample app reads no variable: its key is a constant
// named publicKey.
func EnvNames(scheme string) []string {
	switch scheme {
	case SchemeRSA:
		return []string{"WEBHOOK_PUBLIC_KEY"}
	case SchemeEd25519:
		return []string{"WEBHOOK_SIGNATURE_PUBLIC_KEY"}
	}
	return nil
}

// Policy returns when the platform retries an event: only after 429, up to six
// times, ten minutes apart with a random jitter "from seconds to minutes". The
// platform does not publish its distribution; a uniform jitter from 5 s to 2 min
// is Taskhook's own choice.
func Policy() retry.Policy {
	return retry.Policy{
		Name:       "taskee",
		MaxRetries: 6,
		Interval:   10 * time.Minute,
		JitterMin:  5 * time.Second,
		JitterMax:  2 * time.Minute,
		Statuses:   []retry.Range{{Min: 429, Max: 429}},
	}
}
