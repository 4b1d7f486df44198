package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/notify"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/taskee"
)

// Options tune a Sandbox. Only Signer is required; a zero value means what the
// comment says.
type Options struct {
	Signer taskee.Signer // signs webhooks until the key is rotated
	Scheme string        // taskee.SchemeRSA, SchemeEd25519 or SchemeBoth; "": RSA
	Shape  taskee.Shape  // of the webhooks' bodies
	Speed  retry.Speed   // of the gaps between retries; zero: instant
	// Target gives the URL that webhooks go to when the app's settings name
	// none; "" from it, or nil: nowhere. It is asked before each delivery.
	Target func() string

	Seed     uint64    // of everything random that is not a secret
	People   int       // contacts that a new sandbox is filled with
	Fixtures *Fixtures // what it is filled with beside them; nil: nothing

	Timeout time.Duration // for a receiver's answer; 0: 10 s
	Senders int           // webhooks on their way at one time; 0: 32
	Logger  *slog.Logger  // nil: silence
}

const (
	defaultTimeout = 10 * time.Second
	defaultSenders = 32
)

// Sandbox is one emulated platform. Its methods are safe for concurrent use.
// Open returns it ready; Run delivers webhooks.
type Sandbox struct {
	opts   Options
	file   *boltfile.File
	remove string // a directory that goes with Close, "" if none
	clock  Clock
	logger *slog.Logger

	tokens   tokenTable
	contacts contactIndex
	limits   rateLimits
	faults   faults
	keys     signingKeys
	wake     chan struct{}      // something became due
	changes  notify.Hub[uint64] // of webhooks, by number
	rates    logRates
	client   *http.Client
	closing  sync.Once
	closeErr error
}

// Open opens the sandbox in a file, or one that is gone with Close when path
// is "". A new one is filled with an agency, one location and, as Options say,
// people. The caller closes it.
func Open(ctx context.Context, path string, o Options) (*Sandbox, error) {
	o.Scheme = cmp.Or(o.Scheme, taskee.SchemeRSA)
	o.Timeout, o.Senders = cmp.Or(o.Timeout, defaultTimeout), cmp.Or(o.Senders, defaultSenders)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Sandbox{opts: o, logger: o.Logger, wake: make(chan struct{}, 1), client: newClient(o)}
	s.keys.use(o.Signer)
	if path == "" {
		dir, err := os.MkdirTemp("", "taskhook-sandbox-")
		if err != nil {
			return nil, fmt.Errorf("make a temporary directory: %w", err)
		}
		s.remove, path = dir, filepath.Join(dir, "sandbox.db")
	}
	var err error
	if s.file, err = boltfile.Open(path, boltfile.Options{Logger: o.Logger}); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the sandbox: %w", err), s.Close())
	}
	return s, nil
}

// prepare makes what a new file lacks, and loads what is kept in memory.
func (s *Sandbox) prepare(ctx context.Context) error {
	err := s.update(ctx, func(t *txn) error {
		for _, name := range bucketNames {
			if _, err := t.tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		var m meta
		switch err := t.get(bucketMeta, metaKey, &m); {
		case errors.Is(err, errAbsent):
			return s.found(t)
		default:
			s.clock.set(m.Offset)
			return err
		}
	})
	if err != nil {
		return err
	}
	if err := s.loadKeys(); err != nil {
		return err
	}
	if err := s.tokens.load(s); err != nil {
		return err
	}
	if err := s.rates.load(s); err != nil {
		return err
	}
	return s.contacts.load(s)
}

// meta is what the sandbox knows of itself.
type meta struct {
	Agency string        `json:"agency"`
	Start  string        `json:"start"` // its first location
	Offset time.Duration `json:"offset"`
	// OwnIntegrations and SubAccountIntegrations are the document's two
	// restrictions: whether the agency's admin may manage the agency's private
	// integrations, and those of its sub-accounts.
	OwnIntegrations        bool `json:"ownIntegrations"`
	SubAccountIntegrations bool `json:"subAccountIntegrations"`
	RateLimit              bool `json:"rateLimit"`
	App                    App  `json:"app"`
	KeyRotated             bool `json:"keyRotated,omitempty"`
}

var metaKey = []byte("sandbox")

// meta reads what the sandbox knows of itself.
func (s *Sandbox) meta() (m meta, err error) {
	err = s.view(func(t *txn) (err error) { m, err = t.meta(); return err })
	return m, err
}

func (t *txn) meta() (m meta, err error) { return m, t.get(bucketMeta, metaKey, &m) }

// change changes it.
func (s *Sandbox) change(ctx context.Context, do func(m *meta) error) error {
	return s.update(ctx, func(t *txn) error {
		m, err := t.meta()
		if err != nil {
			return err
		}
		if err := do(&m); err != nil {
			return err
		}
		return t.put(bucketMeta, metaKey, m)
	})
}

// SetAside says in a sentence what Open set aside as damaged, "" if nothing.
func (s *Sandbox) SetAside() string { return s.file.SetAside() }

// StartLocation is the sub-account that a new sandbox has.
func (s *Sandbox) StartLocation() (string, error) {
	m, err := s.meta()
	return m.Start, err
}

// Close closes the file. Only the first call does; all return its error.
func (s *Sandbox) Close() error {
	s.closing.Do(func() {
		if s.file != nil {
			s.closeErr = s.file.Close()
		}
		if s.remove != "" {
			s.closeErr = errors.Join(s.closeErr, os.RemoveAll(s.remove))
		}
	})
	return s.closeErr
}

// view runs fn in a read transaction.
func (s *Sandbox) view(fn func(t *txn) error) error {
	return s.file.View(func(tx *bbolt.Tx) error { return fn(&txn{tx: tx}) })
}

// update runs fn in a write transaction and returns when it is on disk. fn may
// run more than once.
func (s *Sandbox) update(ctx context.Context, fn func(t *txn) error) error {
	var last *txn
	err := s.file.Update(ctx, writeSize, func(tx *bbolt.Tx) error {
		last = &txn{tx: tx}
		return fn(last)
	})
	if err == nil && last != nil {
		s.rates.take(last.hooks)
	}
	return err
}

// queue runs fn in a write transaction soon, without being waited for.
func (s *Sandbox) queue(fn func(t *txn) error) {
	s.file.Queue(writeSize, func(tx *bbolt.Tx) error { return fn(&txn{tx: tx}) }, func(err error) {
		s.logger.Warn("a change could not be kept", "error", err)
	})
}

// writeSize is about how many bytes one change writes.
const writeSize = 4 << 10
