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
	"sync"

	"github.com/taskhook/taskhook/taskee"
)

// signingKeys are what webhooks are signed with: the pair that the sandbox was
// opened with, until it is rotated.
type signingKeys struct {
	mu     sync.RWMutex
	signer taskee.Signer
}

func (k *signingKeys) use(s taskee.Signer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.signer = s
}

func (k *signingKeys) now() taskee.Signer {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.signer
}

// sign makes the signature headers of a webhook, over its exact bytes.
func (s *Sandbox) sign(d Delivery) (http.Header, error) {
	if s.faults.unsigned() {
		header := http.Header{taskee.HeaderRSA: {taskee.Absent}}
		if s.opts.Scheme != taskee.SchemeRSA {
			header.Set(taskee.HeaderEd25519, taskee.Absent)
		}
		return header, nil
	}
	return s.keys.now().Sign(d.Body, s.opts.Scheme)
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
	rsaText, err := x509.MarshalPKCS8PrivateKey(r)
	if err != nil {
		return err
	}
	edText, err := x509.MarshalPKCS8PrivateKey(e)
	if err != nil {
		return err
	}
	err = s.update(ctx, func(t *txn) error { return t.put(bucketMeta, rotatedKey, storedKeys{rsaText, edText}) })
	if err == nil {
		s.keys.use(taskee.Signer{RSA: r, Ed25519: e})
	}
	return err
}

// RestoreKeys goes back to the pair that the sandbox was opened with.
func (s *Sandbox) RestoreKeys(ctx context.Context) error {
	err := s.update(ctx, func(t *txn) error { return t.in(bucketMeta).Delete(rotatedKey) })
	if err == nil {
		s.keys.use(s.opts.Signer)
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
	r, err := x509.ParsePKCS8PrivateKey(stored.RSA)
	if err != nil {
		return fmt.Errorf("read the rotated key: %w", err)
	}
	e, err := x509.ParsePKCS8PrivateKey(stored.Ed25519)
	if err != nil {
		return fmt.Errorf("read the rotated key: %w", err)
	}
	rsaKey, okRSA := r.(*rsa.PrivateKey)
	edKey, okEd := e.(ed25519.PrivateKey)
	if !okRSA || !okEd {
		return errors.New("read the rotated key: it is of another kind")
	}
	s.keys.use(taskee.Signer{RSA: rsaKey, Ed25519: edKey})
	return nil
}

// PublicKeys returns the public halves of what is signed with now, as PEM by
// scheme.
func (s *Sandbox) PublicKeys() (map[string][]byte, error) {
	signer := s.keys.now()
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
