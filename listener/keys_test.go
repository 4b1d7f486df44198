package listener

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/verify"
	"github.com/taskhook/taskhook/webhook"
)

func TestDevKeysMakesNothing(t *testing.T) {
	dir := t.TempDir()
	keys, err := DevKeys(dir)
	if len(keys) != 0 || err != nil {
		t.Errorf("DevKeys = %v, %v", keys, err)
	}
	if _, err := DevKeys(filepath.Join(dir, "none")); err != nil {
		t.Errorf("without a data directory: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("it made %v", entries)
	}
}

func TestDevKeysNamesTheFileThatIsNoKey(t *testing.T) {
	dir := t.TempDir()
	installKeys(t, dir, "a")
	path := filepath.Join(dir, DevEd25519File)
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := DevKeys(dir); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("DevKeys: %v", err)
	}
}

// signed is a body and its headers.
type signed struct {
	header http.Header
	body   []byte
}

func sign(t *testing.T, s taskee.Signer, scheme string) signed {
	t.Helper()
	body := []byte(`{"type":"ContactCreate"}`)
	h, err := s.Sign(body, scheme)
	if err != nil {
		t.Fatal(err)
	}
	return signed{h, body}
}

func (s signed) check(t *testing.T, v *ingressVerifier, want webhook.VerdictStatus, key string) {
	t.Helper()
	if got := v.Verify(s.header, s.body); got.Status != want || got.Key != key {
		t.Errorf("verdict %s, key %q: %s; want %s, key %q", got.Status, got.Key, got.Reason, want, key)
	}
}

func TestIngressVerifier(t *testing.T) {
	a, b := testSigner(t, "a"), testSigner(t, "b")
	platform := []verify.Key{{Name: "taskee", Public: &a.RSA.PublicKey}}
	byPlatform, byRSA, byEd25519 := sign(t, a, taskee.SchemeRSA), sign(t, b, taskee.SchemeRSA), sign(t, b, taskee.SchemeEd25519)
	newVerifier := func(t *testing.T, dir string, trusted []verify.Key, source webhook.Source) *ingressVerifier {
		t.Helper()
		k, err := newKeyring(dir, trusted)
		if err != nil {
			t.Fatal(err)
		}
		return k.verifier(source)
	}
	withKeys := func(t *testing.T, which string) string {
		t.Helper()
		dir := t.TempDir()
		installKeys(t, dir, which)
		return dir
	}

	t.Run("the pair is trusted beside the platform", func(t *testing.T) {
		v := newVerifier(t, withKeys(t, "b"), platform, webhook.SourceLocal)
		byPlatform.check(t, v, webhook.Valid, "taskee")
		byRSA.check(t, v, webhook.Valid, "dev")
		byEd25519.check(t, v, webhook.Valid, "dev")
	})
	t.Run("a pair made later is read when its first signature comes", func(t *testing.T) {
		dir := t.TempDir()
		v := newVerifier(t, dir, platform, webhook.SourceLocal)
		byRSA.check(t, v, webhook.Invalid, "")
		installKeys(t, dir, "b")
		byRSA.check(t, v, webhook.Valid, "dev")
		byPlatform.check(t, v, webhook.Valid, "taskee")
	})
	t.Run("a pair made anew replaces the one before", func(t *testing.T) {
		dir := withKeys(t, "b")
		v := newVerifier(t, dir, []verify.Key{}, webhook.SourceLocal)
		byRSA.check(t, v, webhook.Valid, "dev")
		installKeys(t, dir, "a")
		byPlatform.check(t, v, webhook.Valid, "dev")
		byRSA.check(t, v, webhook.Invalid, "")
	})
	t.Run("files that have not changed are not read again", func(t *testing.T) {
		v := newVerifier(t, t.TempDir(), platform, webhook.SourceLocal)
		before := v.keys.current.Load()
		byRSA.check(t, v, webhook.Invalid, "")
		if v.keys.current.Load() != before {
			t.Error("they were")
		}
	})
	t.Run("through the tunnel the pair is recognised and not trusted", func(t *testing.T) {
		dir := t.TempDir()
		v := newVerifier(t, dir, platform, webhook.SourceTunnel)
		byRSA.check(t, v, webhook.Invalid, "")
		installKeys(t, dir, "b")
		byRSA.check(t, v, webhook.Invalid, "dev")
		byEd25519.check(t, v, webhook.Invalid, "dev")
		byPlatform.check(t, v, webhook.Valid, "taskee")
	})
	t.Run("what one ingress has read, the other knows", func(t *testing.T) {
		dir := t.TempDir()
		k, err := newKeyring(dir, platform)
		if err != nil {
			t.Fatal(err)
		}
		installKeys(t, dir, "b")
		byRSA.check(t, k.verifier(webhook.SourceTunnel), webhook.Invalid, "dev")
		byRSA.check(t, k.verifier(webhook.SourceLocal), webhook.Valid, "dev")
	})
	t.Run("a sandbox's rotated key is recognised and not trusted", func(t *testing.T) {
		dir := withKeys(t, "a")
		if err := os.WriteFile(filepath.Join(dir, SandboxRSAFile), readTestKey(t, "rsa4096-b"), 0o600); err != nil {
			t.Fatal(err)
		}
		byRSA.check(t, newVerifier(t, dir, platform, webhook.SourceLocal), webhook.Invalid, "sandbox")
	})
	t.Run("a damaged file leaves the keys as they were", func(t *testing.T) {
		dir := withKeys(t, "b")
		v := newVerifier(t, dir, platform, webhook.SourceLocal)
		if err := os.WriteFile(filepath.Join(dir, DevRSAFile), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		other, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		sign(t, taskee.Signer{RSA: other}, taskee.SchemeRSA).check(t, v, webhook.Invalid, "")
		byRSA.check(t, v, webhook.Valid, "dev")
	})
	t.Run("many requests at once", func(t *testing.T) {
		dir := t.TempDir()
		v := newVerifier(t, dir, platform, webhook.SourceLocal)
		installKeys(t, dir, "b")
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for _, s := range slices.Repeat([]signed{byRSA, byEd25519}, 4) {
					s.check(t, v, webhook.Valid, "dev")
				}
			})
		}
		all.Wait()
	})
}
