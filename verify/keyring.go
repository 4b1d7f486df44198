package verify

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rsa"
	"slices"
	"sync/atomic"

	"github.com/taskhook/taskhook/taskee"
)

// keyring is a set of keys by scheme. The key that fitted last is tried first,
// because all events of one sender are signed alike.
type keyring struct {
	rsa         []rsaKey
	ed25519     []ed25519Key
	lastRSA     atomic.Int64
	lastEd25519 atomic.Int64
}

// signer names a key.
type signer struct{ key, fingerprint string }

type rsaKey struct {
	signer
	public *rsa.PublicKey
}

type ed25519Key struct {
	signer
	public ed25519.PublicKey
}

func (r *keyring) add(keys []Key) {
	for _, k := range keys {
		fingerprint := k.Fingerprint()
		s := signer{cmp.Or(k.Name, fingerprint), fingerprint}
		switch k.Scheme() {
		case taskee.SchemeRSA:
			r.rsa = append(r.rsa, rsaKey{s, k.Public.(*rsa.PublicKey)})
		case taskee.SchemeEd25519:
			r.ed25519 = append(r.ed25519, ed25519Key{s, k.Public.(ed25519.PublicKey)})
		}
	}
}

// hasRSA reports whether a key makes signatures of a size in bytes.
func (r *keyring) hasRSA(size int) bool {
	return slices.ContainsFunc(r.rsa, func(k rsaKey) bool { return k.public.Size() == size })
}

// open opens an RSA signature with the key that fits it, if one does.
func (r *keyring) open(f *finding) {
	first := int(r.lastRSA.Load())
	for i := range r.rsa {
		at := (first + i) % len(r.rsa)
		k := r.rsa[at]
		opened, ok := openRSA(k.public, f.data)
		if ok {
			r.lastRSA.Store(int64(at))
			f.signer, f.opened = k.signer, opened
			return
		}
		if opened.likePSS {
			f.pss = k.public
		}
	}
}

// checkEd25519 looks for the key that made a signature over these bytes, and
// reports whether there is one.
func (r *keyring) checkEd25519(f *finding, body []byte) bool {
	first := int(r.lastEd25519.Load())
	for i := range r.ed25519 {
		at := (first + i) % len(r.ed25519)
		if k := r.ed25519[at]; ed25519.Verify(k.public, body, f.data) {
			r.lastEd25519.Store(int64(at))
			f.signer = k.signer
			return true
		}
	}
	return false
}
