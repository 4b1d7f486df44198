package listener

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/taskhook/taskhook/verify"
	"github.com/taskhook/taskhook/webhook"
)

// Public keys in the data directory that a listener reads. Who makes a key
// writes them.
const (
	DevRSAFile         = "dev-rsa.pub.pem" // of the development pair
	DevEd25519File     = "dev-ed25519.pub.pem"
	SandboxRSAFile     = "sandbox-rsa.pub.pem" // what a sandbox signs with
	SandboxEd25519File = "sandbox-ed25519.pub.pem"
)

// DevKeys reads the public halves of a data directory's development pair, as
// far as they are there; it makes none. The error names the file that cannot be
// read or is no key.
func DevKeys(dir string) ([]verify.Key, error) {
	var keys []verify.Key
	for _, file := range [...]string{DevRSAFile, DevEd25519File} {
		path := filepath.Join(dir, file)
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the public development key: %w", err)
		}
		key, err := verify.ParseKey(verify.DevKey, text)
		var wrong *verify.KeyError
		if errors.As(err, &wrong) {
			return nil, fmt.Errorf("the public development key %s: %s", path, wrong.Reason)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// sandboxKey is the name of what a sandbox signs with once its key was rotated.
const sandboxKey = "sandbox"

// sandboxKeys reads the public halves of a sandbox's rotated key; none if it
// signs with the development pair.
func sandboxKeys(dir string) []verify.Key {
	var keys []verify.Key
	for file, dev := range map[string]string{SandboxRSAFile: DevRSAFile, SandboxEd25519File: DevEd25519File} {
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

// keyring is the keys that signatures are checked against. The development
// pair may be made, or made anew, while a listener runs: when a signature fits
// no known key and the public files have changed, they are read again. It is
// safe for concurrent use.
type keyring struct {
	dir     string
	trusted []verify.Key // of the platform
	current atomic.Pointer[verifiers]

	mu   sync.Mutex // held while files are looked at
	seen [4]stamp   // of the files that current was made from
}

// verifiers check what comes in. The development pair is trusted on loopback
// alone: through the tunnel it is only recognised, as a sandbox's key is
// everywhere.
type verifiers struct{ loopback, tunnel *verify.Verifier }

func (v *verifiers) of(source webhook.Source) *verify.Verifier {
	if source == webhook.SourceTunnel {
		return v.tunnel
	}
	return v.loopback
}

// stamp tells versions of a file apart; zero: there is no file.
type stamp struct {
	modified int64 // in nanoseconds
	size     int64
}

// newKeyring reads the keys of a data directory; nil trusts the platform's own
// keys.
func newKeyring(dir string, trusted []verify.Key) (*keyring, error) {
	if trusted == nil {
		var err error
		if trusted, err = verify.PlatformKeys(); err != nil {
			return nil, err
		}
	}
	k := &keyring{dir: dir, trusted: trusted}
	k.use(nil, nil)
	k.reload()
	return k, nil
}

func (k *keyring) use(dev, sandbox []verify.Key) {
	k.current.Store(&verifiers{
		loopback: verify.New(slices.Concat(k.trusted, dev), sandbox),
		tunnel:   verify.New(k.trusted, slices.Concat(dev, sandbox)),
	})
}

// reload reads the public files again if they have changed, and returns what
// is to be used from now on.
func (k *keyring) reload() *verifiers {
	k.mu.Lock()
	defer k.mu.Unlock()
	// Stamped before they are read: a change in between is seen next time.
	var now [4]stamp
	for i, file := range [...]string{DevRSAFile, DevEd25519File, SandboxRSAFile, SandboxEd25519File} {
		now[i] = stampOf(filepath.Join(k.dir, file))
	}
	if now != k.seen {
		k.seen = now
		// A damaged file changes nothing: the verdict says that the signature
		// fits no key, and `taskhook keys` what is wrong.
		if dev, err := DevKeys(k.dir); err == nil {
			k.use(dev, sandboxKeys(k.dir))
		}
	}
	return k.current.Load()
}

func stampOf(path string) stamp {
	fi, err := os.Stat(path)
	if err != nil {
		return stamp{}
	}
	return stamp{fi.ModTime().UnixNano(), fi.Size()}
}

// diagnose diagnoses an event as the ingress that it came in by verifies it
// now.
func (k *keyring) diagnose(e webhook.Event) webhook.Diagnosis {
	return k.reload().of(e.Source).Inspect(e.Header, e.Body)
}

// verifier verifies what comes from a source.
func (k *keyring) verifier(source webhook.Source) *ingressVerifier {
	return &ingressVerifier{k, source}
}

// ingressVerifier implements proxy.Verifier for one ingress.
type ingressVerifier struct {
	keys   *keyring
	source webhook.Source
}

// Verify implements proxy.Verifier.
func (v *ingressVerifier) Verify(h http.Header, body []byte) webhook.Verdict {
	used := v.keys.current.Load()
	verdict := used.of(v.source).Verify(h, body)
	if verdict.Status != webhook.Invalid || verdict.Key != "" {
		return verdict
	}
	if now := v.keys.reload(); now != used {
		return now.of(v.source).Verify(h, body)
	}
	return verdict
}
