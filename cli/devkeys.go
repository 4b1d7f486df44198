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
	"os"
	"path/filepath"
	"sync"

	"github.com/taskhook/taskhook/files"
	"github.com/taskhook/taskhook/listener"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/verify"
)

// The private halves of the development pair in the data directory. The public
// ones, which a listener reads, are beside them.
const (
	devRSAFile     = "dev-rsa.pem"
	devEd25519File = "dev-ed25519.pem"
)

// devRSABits is the size of the platform's own RSA key: an app's code meets
// signatures of the same length.
const devRSABits = 4096

// devPair is the development pair of a project: the private halves sign, the keys
// are the public ones.
type devPair struct {
	dir    string // the project's data directory
	signer taskee.Signer
	keys   []verify.Key
}

// devPair is the project's development pair, made on first use.
func (a *app) devPair() (p devPair, err error) {
	if p.dir, err = a.directory(); err != nil {
		return p, err
	}
	if p.signer, err = a.devSigner(p.dir); err != nil {
		return p, err
	}
	p.keys, err = devKeys(p.dir)
	return p, err
}

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
	err := files.MakeDirectory(dir)
	if errors.Is(err, files.ErrShared) {
		return s, withHint(err, sharedHint)
	}
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
		publish(filepath.Join(dir, listener.DevRSAFile), s.RSA.Public()),
		publish(filepath.Join(dir, listener.DevEd25519File), s.Ed25519.Public()),
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
		return key, fmt.Errorf("store a development key: %w", err)
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

// devKeys reads the public halves of the development pair, as far as they are
// there.
func devKeys(dir string) ([]verify.Key, error) {
	keys, err := listener.DevKeys(dir)
	if err != nil {
		return nil, withHint(err, "remove that file, then write it again with: taskhook keys dev")
	}
	return keys, nil
}

// signing gives the development pair of a data directory to who signs with it
// often: the pair is made on first use, and read again only when its files have
// changed.
func (a *app) signing(dir string) func() (taskee.Signer, error) {
	var (
		mu     sync.Mutex
		read   [2]os.FileInfo // as they were when signer was read; nil: never
		signer taskee.Signer
	)
	return func() (taskee.Signer, error) {
		mu.Lock()
		defer mu.Unlock()
		// Before they are read: a change in between is seen next time.
		now := privateFiles(dir)
		if sameFiles(now, read) {
			return signer, nil
		}
		s, err := a.devSigner(dir)
		if err == nil {
			signer, read = s, now
		}
		return s, err
	}
}

// privateFiles looks at the private halves of a development pair.
// What is not there is nil.
func privateFiles(dir string) (files [2]os.FileInfo) {
	for i, name := range [...]string{devRSAFile, devEd25519File} {
		if fi, err := os.Stat(filepath.Join(dir, name)); err == nil {
			files[i] = fi
		}
	}
	return files
}

// sameFiles reports whether files are as they were.
func sameFiles(now, before [2]os.FileInfo) bool {
	for i, f := range now {
		b := before[i]
		if f == nil || b == nil || !os.SameFile(f, b) || !f.ModTime().Equal(b.ModTime()) || f.Size() != b.Size() {
			return false
		}
	}
	return true
}
