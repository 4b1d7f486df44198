package cli

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/taskhook/taskhook/files"
	"github.com/taskhook/taskhook/listener"
	"github.com/taskhook/taskhook/taskee"
)

// testPair is a data directory with a development pair from the test keys,
// "a" or "b": making an RSA key takes seconds.
func testPair(t *testing.T, which string) (dir string, s taskee.Signer) {
	t.Helper()
	dir = t.TempDir()
	return dir, installTestPair(t, dir, which)
}

func installTestPair(t *testing.T, dir, which string) taskee.Signer {
	t.Helper()
	for file, key := range map[string]string{devRSAFile: "rsa4096", devEd25519File: "ed25519"} {
		text, err := os.ReadFile(filepath.Join("..", "testdata", "keys", "test-"+key+"-"+which+".private.pem"))
		if err != nil {
			t.Fatal(err)
		}
		if err := files.Write(filepath.Join(dir, file), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := loadOrMakeDevKeys(dir, func() { t.Error("a key was made") })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhoSignsOftenReadsThePairAgainWhenItHasChanged(t *testing.T) {
	dir, first := testPair(t, "a")
	a := &app{stderr: io.Discard}
	signing := a.signing(dir)
	same := func(want taskee.Signer) bool {
		t.Helper()
		got, err := signing()
		return err == nil && got.RSA.Equal(want.RSA) && got.Ed25519.Equal(want.Ed25519)
	}
	if !same(first) {
		t.Error("it is not the pair of the directory")
	}
	kept, _ := signing()
	if again, _ := signing(); again.RSA != kept.RSA {
		t.Error("an unchanged pair is read for each signature")
	}
	second := installTestPair(t, dir, "b")
	if !same(second) {
		t.Error("it is the pair of before")
	}
	if err := os.WriteFile(filepath.Join(dir, devRSAFile), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := signing(); err == nil {
		t.Error("a damaged key signs")
	}
	installTestPair(t, dir, "a")
	if !same(first) {
		t.Error("a pair that was mended is not read")
	}
}

func TestDevPairIsMadeOnFirstUse(t *testing.T) {
	if testing.Short() {
		t.Skip("makes an RSA-4096 key")
	}
	dir := filepath.Join(t.TempDir(), "new")
	said := 0
	made, err := loadOrMakeDevKeys(dir, func() { said++ })
	if err != nil {
		t.Fatal(err)
	}
	again, err := loadOrMakeDevKeys(dir, func() { said++ })
	if err != nil {
		t.Fatal(err)
	}
	if said != 1 {
		t.Errorf("said %d times that it takes long, want once", said)
	}
	if !made.RSA.Equal(again.RSA) || !made.Ed25519.Equal(again.Ed25519) || made.RSA.N.BitLen() != devRSABits {
		t.Error("the pair was not kept")
	}
	modes := map[string]fs.FileMode{
		".": 0o700, devRSAFile: 0o600, devEd25519File: 0o600, listener.DevRSAFile: 0o644, listener.DevEd25519File: 0o644,
	}
	for file, want := range modes {
		fi, err := os.Stat(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if got := fi.Mode().Perm(); got != want && runtime.GOOS != "windows" {
			t.Errorf("%s has mode %o, want %o", file, got, want)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 4 {
		t.Errorf("there are %d files, want 4", len(entries))
	}
}

// TestRacingProcessesEndWithOneKey holds that whoever comes second takes the
// first one's key: a signature of a key that is gone would fit nothing.
func TestRacingProcessesEndWithOneKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), devEd25519File)
	const racers = 16
	keys := make([]ed25519.PrivateKey, racers)
	var ready, all sync.WaitGroup
	ready.Add(racers)
	for i := range racers {
		all.Go(func() {
			var err error
			keys[i], err = loadOrMakeKey(path, func() (ed25519.PrivateKey, error) {
				ready.Done()
				ready.Wait() // nobody found a key
				_, private, err := ed25519.GenerateKey(rand.Reader)
				return private, err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, k := range keys {
		if !k.Equal(keys[0]) {
			t.Errorf("racer %d has a key of its own", i)
		}
	}
	if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
		t.Errorf("%d files are left, want 1", len(entries))
	}
}

func TestPublicHalvesFollowThePrivateOnes(t *testing.T) {
	dir, signer := testPair(t, "a")
	for name, spoil := range map[string]func(path string) error{
		"removed": os.Remove,
		"damaged": func(path string) error { return os.WriteFile(path, []byte("x"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, file := range []string{listener.DevRSAFile, listener.DevEd25519File} {
				if err := spoil(filepath.Join(dir, file)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := loadOrMakeDevKeys(dir, func() {}); err != nil {
				t.Fatal(err)
			}
			keys, err := devKeys(dir)
			if err != nil || len(keys) != 2 {
				t.Fatalf("devKeys = %v, %v", keys, err)
			}
			if !signer.RSA.PublicKey.Equal(keys[0].Public) || !signer.Ed25519.Public().(ed25519.PublicKey).Equal(keys[1].Public) {
				t.Error("they are not the pair's")
			}
		})
	}
}

func TestDamagedPrivateKeyIsLeftAlone(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "is not PEM"},
		{"cut off", "-----BEGIN PRIVATE KEY-----\nMIIJ", "is not PEM"},
		{"not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "holds no private key"},
		{"of another kind", "ed25519", "is of another kind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, _ := testPair(t, "a")
			path := filepath.Join(dir, devRSAFile)
			text := []byte(tt.text)
			if tt.text == "ed25519" {
				text, _ = os.ReadFile(filepath.Join(dir, devEd25519File))
			}
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := loadOrMakeDevKeys(dir, func() {})
			var hint *hintError
			if !errors.As(err, &hint) || !strings.Contains(err.Error(), path+" "+tt.want) {
				t.Errorf("error %v, want %q and a hint", err, tt.want)
			}
			if after, _ := os.ReadFile(path); string(after) != string(text) {
				t.Error("the file was changed")
			}
		})
	}
}
