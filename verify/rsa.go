package verify

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
)

// openedSignature is what an RSA signature says once it is opened with the
// public key that fits it.
type openedSignature struct {
	digest [sha256.Size]byte // of the body that was signed; zero if kind is set
	// kind names what was signed when that is no SHA-256 digest.
	kind string
	// likePSS says of a signature that could not be opened that it ends as one
	// with PSS padding does. One in 256 others ends so too.
	likePSS bool
}

// openRSA opens a signature with a public key. It reports false for a
// signature that another key made, or none: the padding of PKCS#1 v1.5 is
// hundreds of fixed bytes and never appears by chance.
//
// This is the one RSA operation for good and bad signatures alike, in place
// of rsa.VerifyPKCS1v15: it yields the signed digest, so that a body altered
// on its way is recognised by hashing alone, and it takes a third of the time,
// because nothing here is secret and nothing has to take constant time.
func openRSA(p *rsa.PublicKey, signature []byte) (openedSignature, bool) {
	size := p.Size()
	if len(signature) != size {
		return openedSignature{}, false
	}
	s := new(big.Int).SetBytes(signature)
	if s.Cmp(p.N) >= 0 {
		return openedSignature{}, false
	}
	s.Exp(s, big.NewInt(int64(p.E)), p.N)
	return unpad(s.FillBytes(make([]byte, size)))
}

// unpad reads an encoded message 00 01 FF…FF 00 DigestInfo (RFC 8017, 9.2).
// For SHA-256 there is only one message that it may be, whole.
func unpad(em []byte) (openedSignature, bool) {
	digest := [sha256.Size]byte(em[len(em)-sha256.Size:])
	if bytes.Equal(em, pad(len(em), digest)) {
		return openedSignature{digest: digest}, true
	}
	if em[0] != 0 || em[1] != 1 {
		return openedSignature{likePSS: em[len(em)-1] == 0xbc}, false
	}
	end := 2
	for end < len(em) && em[end] == 0xff {
		end++
	}
	if end < 10 || end == len(em) || em[end] != 0 {
		return openedSignature{}, false
	}
	return openedSignature{kind: contentKind(em[end+1:])}, true
}

// pad makes the encoded message of a digest.
func pad(size int, digest [sha256.Size]byte) []byte {
	em := make([]byte, 0, size)
	em = append(em, 0, 1)
	for len(em) < size-1-len(sha256Info)-sha256.Size {
		em = append(em, 0xff)
	}
	em = append(em, 0)
	em = append(em, sha256Info...)
	return append(em, digest[:]...)
}

// sha256Info is the DER of a DigestInfo up to its SHA-256 digest.
const sha256Info = "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"

// contentKind names what a signature holds in place of a SHA-256 digest.
func contentKind(content []byte) string {
	for _, h := range []struct {
		name, info string
		size       int
	}{
		{"SHA-1", "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14", 20},
		{"SHA-224", "\x30\x2d\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04\x05\x00\x04\x1c", 28},
		{"SHA-384", "\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30", 48},
		{"SHA-512", "\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40", 64},
		{"MD5", "\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00\x04\x10", 16},
	} {
		if digest, ok := bytes.CutPrefix(content, []byte(h.info)); ok && len(digest) == h.size {
			return "a " + h.name + " digest"
		}
	}
	if len(content) == sha256.Size {
		return "a bare digest without the name of its hash"
	}
	return "something else"
}
