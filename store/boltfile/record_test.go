package boltfile

import (
	"bytes"
	"errors"
	"testing"
)

func TestARecordIsReadAsItWasSealed(t *testing.T) {
	key, text := []byte("key"), []byte("payload")
	sealed := Seal(key, append(make([]byte, SumSize), text...))
	// A file of an earlier version must read the same.
	if want := append([]byte{0x18, 0x11, 0x59, 0x97}, text...); !bytes.Equal(sealed, want) {
		t.Errorf("sealed %x, want %x", sealed, want)
	}
	if got, err := Unseal(key, sealed); err != nil || !bytes.Equal(got, text) {
		t.Errorf("unsealed %q, %v", got, err)
	}
	altered := bytes.Clone(sealed)
	altered[len(altered)-1]++
	for name, tt := range map[string]struct{ key, record []byte }{
		"under another key":       {[]byte("kex"), sealed},
		"altered":                 {key, altered},
		"cut off":                 {key, sealed[:len(sealed)-1]},
		"shorter than a checksum": {key, sealed[:SumSize-1]},
		"nothing":                 {key, nil},
	} {
		if _, err := Unseal(tt.key, tt.record); !errors.Is(err, ErrChecksum) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
