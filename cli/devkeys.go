package cli

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/taskhook/taskhook/files"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/verify"
	"github.com/taskhook/taskhook/webhook"
)

// The files of the development pair in the data directory: private halves,
// and public ones that a listener reads.
const (
	devRSAFile           = "dev-rsa.pem"
	devEd25519File       = "dev-ed25519.pem"
	devRSAPublicFile     = "dev-rsa.pub.pem"
	devEd25519PublicFile = "dev-ed25519.pub.pem"
)

// devRSABits is the size of the platform's own RSA key: an app's code meets
// signatures of the same length.
const devRSABits = 4096

// devSigner signs with the development pair of a data directory and makes the
// pair on first use.
func (a *app) devSigner(dir string) (taskee.Signer, error) {
	return loadOrMakeDevKeys(dir, func() {
		a.note("making the development key pair in %s; RSA-4096 takes up to 2 s", dir)
	})
}

// loadOrMakeDevKeys loads the development pair, and makes what is missing.
// Processes that do so at the same time end with one pair. making is called
// before work that takes seconds.
func loadOrMakeDevKeys(dir string, making func()) (taskee.Signer, error) {
	var s taskee.Signer
	err := os.MkdirAll(dir, 0o700)
	if err != nil {
		return s, withHint(fmt.Errorf("make the data directory: %w", err), "choose another with --data-dir DIR")
	}
	s.RSA, err = loadOrMakeKey(filepath.Join(dir, devRSAFile), func() (*rsa.PrivateKey, error) {
		making()
		return rsa.GenerateKey(rand.Reader, devRSABits)
	})
	if err != nil {
		return taskee.Signer{}, err
	}
	s.Ed25519, err = loadOrMakeKey(filepath.Join(dir, devEd25519File), func() (ed25519.PrivateKey, error) {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	})
	if err != nil {
		return taskee.Signer{}, err
	}
	return s, errors.Join(
		publish(filepath.Join(dir, devRSAPublicFile), s.RSA.Public()),
		publish(filepath.Join(dir, devEd25519PublicFile), s.Ed25519.Public()),
	)
}

func loadOrMakeKey[K crypto.Signer](path string, generate func() (K, error)) (K, error) {
	key, err := loadPrivateKey[K](path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	made, err := generate()
	if err != nil {
		return key, fmt.Errorf("make a development key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(made)
	if err != nil {
		return key, fmt.Errorf("make a development key: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := files.Install(path, text, 0o600); err != nil {
		return key, fmt.Errorf("keep a development key: %w", err)
	}
	return loadPrivateKey[K](path) // this one, or that of a process that was faster
}

func loadPrivateKey[K crypto.Signer](path string) (key K, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return key, fmt.Errorf("read the development key: %w", err)
	}
	damaged := func(reason string) (K, error) {
		return key, withHint(fmt.Errorf("the development key %s %s", path, reason), "remove that file, and a new key is made on the next use")
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return damaged("is not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return damaged("holds no private key")
	}
	key, ok := parsed.(K)
	if !ok {
		return damaged("is of another kind")
	}
	return key, nil
}

// publish writes a public half, unless it is there already.
func publish(path string, public crypto.PublicKey) error {
	text, err := publicPEM(public)
	if err != nil {
		return err
	}
	if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, text) {
		return nil
	}
	if err := files.Write(path, text, 0o644); err != nil {
		return fmt.Errorf("write the public development key: %w", err)
	}
	return nil
}

// publicPEM writes a public key in PKIX form.
func publicPEM(public crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("write a public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// loadDevPublic reads the public halves of the development pair, as far as
// they are there. It never makes any.
func loadDevPublic(dir string) ([]verify.Key, error) {
	var keys []verify.Key
	for _, file := range [...]string{devRSAPublicFile, devEd25519PublicFile} {
		path := filepath.Join(dir, file)
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the public development key: %w", err)
		}
		key, err := verify.ParseKey(verify.DevKey, text)
		if err != nil {
			return nil, withHint(fmt.Errorf("the public development key %s: %w", path, err), "remove that file, then write it anew with: taskhook keys dev")
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// sandboxKey is the name of what a sandbox signs with once its key was rotated.
const sandboxKey = "sandbox"

// loadSandboxPublic loads the public halves of a sandbox's rotated key, to be
// recognised and not trusted; none if it signs with the development pair.
func loadSandboxPublic(dir string) []verify.Key {
	var keys []verify.Key
	for file, dev := range map[string]string{sandboxRSAPublic: devRSAPublicFile, sandboxEd25519Pub: devEd25519PublicFile} {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			continue
		}
		if same, err := os.ReadFile(filepath.Join(dir, dev)); err == nil && bytes.Equal(same, text) {
			continue
		}
		if key, err := verify.ParseKey(sandboxKey, text); err == nil {
			keys = append(keys, key)
		}
	}
	return keys
}

// devRole is what the development pair is on an ingress.
type devRole bool

const (
	devTrusted devRole = true  // on loopback: what it signed is valid
	devKnown   devRole = false // through the tunnel: it is only recognised
)

// devVerifier verifies on one ingress. The development pair may be made, or
// made anew, while a listener runs: when a signature fits no known key and the
// public files have changed, they are read again. It is safe for concurrent
// use.
type devVerifier struct {
	dir     string
	trusted []verify.Key // the platform's, or what replaces them
	role    devRole
	current atomic.Pointer[verify.Verifier]

	mu   sync.Mutex // held while files are looked at
	seen [4]stamp   // of the files that current was made from
}

// stamp tells versions of a file apart; zero: there is no file.
type stamp struct {
	modified int64 // in nanoseconds
	size     int64
}

// newDevVerifier trusts the given keys and gives the development pair of a
// data directory, if there is one, its role.
func newDevVerifier(dir string, trusted []verify.Key, role devRole) *devVerifier {
	v := &devVerifier{dir: dir, trusted: trusted, role: role}
	v.current.Store(verify.New(trusted, nil))
	v.reload()
	return v
}

// Verify implements proxy.Verifier.
func (v *devVerifier) Verify(h http.Header, body []byte) webhook.Verdict {
	used := v.current.Load()
	verdict := used.Verify(h, body)
	if verdict.Status != webhook.Invalid || verdict.Key != "" {
		return verdict
	}
	v.reload()
	if now := v.current.Load(); now != used {
		return now.Verify(h, body)
	}
	return verdict
}

// reload reads the public files again if they have changed.
func (v *devVerifier) reload() {
	v.mu.Lock()
	defer v.mu.Unlock()
	// Stamped before they are read: a change in between is seen next time.
	var now [4]stamp
	for i, file := range [...]string{devRSAPublicFile, devEd25519PublicFile, sandboxRSAPublic, sandboxEd25519Pub} {
		now[i] = stampOf(filepath.Join(v.dir, file))
	}
	if now == v.seen {
		return
	}
	v.seen = now
	// A damaged file is as good as none: the verdict will say that the
	// signature fits no key, and `taskhook keys` what is wrong.
	keys, err := loadDevPublic(v.dir)
	switch {
	case err != nil:
	case v.role == devTrusted:
		v.current.Store(verify.New(slices.Concat(v.trusted, keys), loadSandboxPublic(v.dir)))
	default:
		v.current.Store(verify.New(v.trusted, slices.Concat(keys, loadSandboxPublic(v.dir))))
	}
}

func stampOf(path string) stamp {
	fi, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{fi.ModTime().UnixNano(), fi.Size()}
}
