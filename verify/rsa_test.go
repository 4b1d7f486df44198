package verify

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"
	"testing"
)

// rawSign makes the signature of an encoded message, whatever it says.
func rawSign(k *rsa.PrivateKey, em []byte) []byte {
	m := new(big.Int).SetBytes(em)
	return m.Exp(m, k.D, k.N).FillBytes(make([]byte, k.Size()))
}

// encoded pads content to a size with n bytes FF and puts rest behind it.
func encoded(size, n int, content string) []byte {
	em := append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, n)...)
	em = append(em, 0)
	em = append(em, content...)
	return append(em, make([]byte, max(0, size-len(em)))...)
}

// The signatures that broke other people's checks: each is made with the
// private key, and must be judged as crypto/rsa judges it.
func TestForgedPaddingIsJudgedAsByCryptoRSA(t *testing.T) {
	k := loadSigners(t).rsa2048
	body := []byte(`{"type":"ContactCreate"}`)
	digest := sha256.Sum256(body)
	size, info := k.Size(), sha256Info+string(digest[:])
	full := size - 3 - len(info)
	noNull := "\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20" + string(digest[:])
	tests := []struct {
		name string
		em   []byte
		want bool
	}{
		{"as it should be", encoded(size, full, info), true},
		{"garbage behind the digest", encoded(size, 8, info), false},
		{"garbage behind the digest, one byte", encoded(size, full-1, info), false},
		{"a short padding", encoded(size, 0, info), false},
		{"block type 2", append([]byte{0, 2}, encoded(size, full, info)[2:]...), false},
		{"block type 0", append([]byte{0, 0}, encoded(size, full, info)[2:]...), false},
		{"a leading byte", append([]byte{1, 1}, encoded(size, full, info)[2:]...), false},
		{"no zero behind the padding", bytes.Replace(encoded(size, full, info), []byte("\xff\x00\x30"), []byte("\xff\xff\x30"), 1), false},
		{"a hole in the padding", bytes.Replace(encoded(size, full, info), []byte("\xff\xff\xff"), []byte("\xff\xfe\xff"), 1), false},
		{"DigestInfo without its NULL", encoded(size, size-3-len(noNull), noNull), false},
		{"a bare digest", encoded(size, size-3-32, string(digest[:])), false},
		{"nothing but padding", encoded(size, size-3, ""), false},
		{"padding to the very end", append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, size-2)...), false},
		{"zeros", make([]byte, size), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			signature := rawSign(k, tt.em)
			theirs := rsa.VerifyPKCS1v15(&k.PublicKey, crypto.SHA256, digest[:], signature) == nil
			o, ok := openRSA(&k.PublicKey, signature)
			ours := ok && o.kind == "" && o.digest == digest
			if ours != tt.want || theirs != tt.want {
				t.Errorf("we say %v, crypto/rsa says %v, want %v", ours, theirs, tt.want)
			}
		})
	}
}

// Every byte of the encoded message counts: with a small exponent, one that
// did not would let anybody sign.
func TestEveryByteOfThePaddingCounts(t *testing.T) {
	digest := sha256.Sum256(nil)
	em := pad(256, digest)
	for i := range em {
		for _, other := range []byte{0x00, 0x01, 0x30, 0x80, 0xbc, 0xfe, 0xff} {
			if other == em[i] {
				continue
			}
			changed := bytes.Clone(em)
			changed[i] = other
			if o, ok := unpad(changed); ok && o.kind == "" && o.digest == digest {
				t.Fatalf("byte %d may be %#x", i, other)
			}
		}
	}
}

func TestASignatureBeyondTheModulusIsNone(t *testing.T) {
	k := loadSigners(t).rsa2048
	for i := range 1000 {
		s := new(big.Int).SetBytes(signRSA(k, []byte{byte(i), byte(i >> 8)}))
		if s.Add(s, k.N).BitLen() > 2048 {
			continue // this signature has no second form of the same size
		}
		if _, ok := openRSA(&k.PublicKey, s.FillBytes(make([]byte, k.Size()))); ok {
			t.Error("a second form of a signature was accepted")
		}
		return
	}
	t.Fatal("no signature with a second form was found")
}
