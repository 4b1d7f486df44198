package verify

import (
	"cmp"
	"crypto/ed25519"
	"crypto/rsa"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/taskhook/taskhook/taskee"
)

// keyring is a set of keys by scheme.
type keyring struct {
	rsa     keys[*rsa.PublicKey]
	ed25519 keys[ed25519.PublicKey]
}

// keys are those of one scheme. The one that fitted last is tried first,
// because all events of one sender are signed alike.
type keys[P any] struct {
	all  []namedKey[P]
	last atomic.Int64
}

type namedKey[P any] struct {
	signer
	public P
}

// signer names a key.
type signer struct{ key, fingerprint string }

func (r *keyring) add(keys []Key) {
	for _, k := range keys {
		fingerprint := k.Fingerprint()
		s := signer{cmp.Or(k.Name, fingerprint), fingerprint}
		switch k.Scheme() {
		case taskee.SchemeRSA:
			r.rsa.all = append(r.rsa.all, namedKey[*rsa.PublicKey]{s, k.Public.(*rsa.PublicKey)})
		case taskee.SchemeEd25519:
			r.ed25519.all = append(r.ed25519.all, namedKey[ed25519.PublicKey]{s, k.Public.(ed25519.PublicKey)})
		}
	}
}

// hasRSA reports whether a key makes signatures of a size in bytes.
func (r *keyring) hasRSA(size int) bool {
	return slices.ContainsFunc(r.rsa.all, func(k namedKey[*rsa.PublicKey]) bool { return k.public.Size() == size })
}

// open opens an RSA signature with the key that fits it, if one does.
func (r *keyring) open(f *finding) {
	f.signer = r.rsa.find(func(public *rsa.PublicKey) bool {
		opened, ok := openRSA(public, f.data)
		if ok {
			f.opened = opened
		} else if opened.likePSS {
			f.pss = public
		}
		return ok
	})
}

// checkEd25519 looks for the key that made a signature over these bytes, and
// reports whether there is one.
func (r *keyring) checkEd25519(f *finding, body []byte) bool {
	f.signer = r.ed25519.find(func(public ed25519.PublicKey) bool { return ed25519.Verify(public, body, f.data) })
	return f.key != ""
}

// find returns the name of the key that fits, the zero signer if none does.
func (k *keys[P]) find(fits func(P) bool) signer {
	first := int(k.last.Load())
	for i := range k.all {
		at := (first + i) % len(k.all)
		if fits(k.all[at].public) {
			k.last.Store(int64(at))
			return k.all[at].signer
		}
	}
	return signer{}
}

// names lists the keys of a scheme, of all for "".
func (r *keyring) names(scheme string) string {
	var names []string
	if scheme != taskee.SchemeEd25519 {
		names = r.rsa.names()
	}
	if scheme != taskee.SchemeRSA {
		names = append(names, r.ed25519.names()...)
	}
	return cmp.Or(strings.Join(names, ", "), "there is none")
}

func (k *keys[P]) names() []string {
	var names []string
	for _, one := range k.all {
		names = append(names, one.key)
	}
	return names
}
