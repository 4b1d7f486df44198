package sandbox

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"

	"github.com/taskhook/taskhook/taskee"
)

// sign makes the signature headers of a webhook, over its exact bytes.
func (s *Sandbox) sign(d Delivery) (http.Header, error) {
	if _, unsigned := s.faults.happens(FaultUnsigned); unsigned {
		header := http.Header{taskee.HeaderRSA: {taskee.Absent}}
		if s.opts.Scheme != taskee.SchemeRSA {
			header.Set(taskee.HeaderEd25519, taskee.Absent)
		}
		return header, nil
	}
	return s.keys.Load().Sign(d.Body, s.opts.Scheme)
}

// rsaBits is the length of the platform's own key.
const rsaBits = 4096

// storedKeys is a rotated pair, as PKCS#8.
type storedKeys struct {
	RSA     []byte `json:"rsa"`
	Ed25519 []byte `json:"ed25519"`
}

var rotatedKey = []byte("keys")

// RotateKeys makes a new pair and signs with it from now on, without notice, as
// a platform might. It takes seconds.
func (s *Sandbox) RotateKeys(ctx context.Context) error {
	r, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return err
	}
	_, e, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	rsaText, errRSA := x509.MarshalPKCS8PrivateKey(r)
	edText, errEd := x509.MarshalPKCS8PrivateKey(e)
	if err := errors.Join(errRSA, errEd); err != nil {
		return err
	}
	err = s.update(ctx, func(t *txn) error {
		t.put(bucketMeta, rotatedKey, storedKeys{rsaText, edText})
		return nil
	})
	if err == nil {
		s.keys.Store(&taskee.Signer{RSA: r, Ed25519: e})
	}
	return err
}

// RestoreKeys goes back to the pair that the sandbox was opened with.
func (s *Sandbox) RestoreKeys(ctx context.Context) error {
	err := s.update(ctx, func(t *txn) error { return t.in(bucketMeta).Delete(rotatedKey) })
	if err == nil {
		s.keys.Store(&s.opts.Signer)
	}
	return err
}

// loadKeys signs with the rotated pair, if there is one.
func (s *Sandbox) loadKeys() error {
	var stored storedKeys
	err := s.view(func(t *txn) error { return t.get(bucketMeta, rotatedKey, &stored) })
	if errors.Is(err, errAbsent) {
		return nil
	}
	if err != nil {
		return err
	}
	r, errRSA := parseKey[*rsa.PrivateKey](stored.RSA)
	e, errEd := parseKey[ed25519.PrivateKey](stored.Ed25519)
	if err := errors.Join(errRSA, errEd); err != nil {
		return fmt.Errorf("read the rotated key: %w", err)
	}
	s.keys.Store(&taskee.Signer{RSA: r, Ed25519: e})
	return nil
}

// parseKey reads a private key of one kind.
func parseKey[K any](pkcs8 []byte) (K, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(pkcs8)
	k, ok := parsed.(K)
	if err == nil && !ok {
		err = errors.New("it is of another kind")
	}
	return k, err
}

// PublicKeys returns the public halves of what is signed with now, as PEM by
// scheme.
func (s *Sandbox) PublicKeys() (map[string][]byte, error) {
	signer := s.keys.Load()
	out := map[string][]byte{}
	add := func(scheme string, public any) error {
		text, err := x509.MarshalPKIXPublicKey(public)
		out[scheme] = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: text})
		return err
	}
	var err error
	if signer.RSA != nil {
		err = add(taskee.SchemeRSA, signer.RSA.Public())
	}
	if signer.Ed25519 != nil {
		err = errors.Join(err, add(taskee.SchemeEd25519, signer.Ed25519.Public()))
	}
	return out, err
}
