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
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/notify"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/taskee"
)

// Options tune a Sandbox. Only Signer is required; for the rest, the zero
// value means what the comment says.
type Options struct {
	Signer taskee.Signer // signs webhooks until the key is rotated
	Scheme string        // taskee.SchemeRSA, SchemeEd25519 or SchemeBoth; "": RSA
	Shape  taskee.Shape  // of the webhooks' bodies
	Speed  retry.Speed   // of the gaps between retries; zero: instant
	// Target returns the URL that webhooks go to when the app's settings name
	// none, "" if there is none now. It is called before each attempt; nil:
	// there never is one.
	Target func() string
	// Announce hears, before each attempt, how long after an answer of 429 the
	// webhook will be sent again, or webhook.NoRetry. nil: nobody hears it.
	Announce func(ctx context.Context, body []byte, retryIn time.Duration)
	// Rescheduled hears when a webhook will be sent again now that the clock was
	// moved, in real time. nil: nobody hears it.
	Rescheduled func(ctx context.Context, webhookID string, at time.Time)

	Seed     uint64    // of everything random that is not a secret
	People   int       // generated contacts of a new sandbox
	Fixtures *Fixtures // what a new sandbox has besides; nil: nothing

	Timeout time.Duration // for a receiver's answer; 0: 10 s
	Senders int           // attempts in flight at the same time; 0: 32
	Logger  *slog.Logger  // nil: no log
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
	remove string // a directory that Close removes, "" if none
	logger *slog.Logger
	offset atomic.Int64 // of the clock, in nanoseconds

	limits   rateLimits
	faults   faults
	keys     atomic.Pointer[taskee.Signer] // Options.Signer until it is rotated
	wake     chan struct{}                 // something became due
	changes  notify.Hub[uint64]            // of webhooks, by number
	client   *http.Client
	closing  sync.Once
	closeErr error
}

// Open opens the sandbox in a file; with an empty path, one that Close
// removes. A new one is filled with an agency, one location and, as Options
// say, contacts. The caller closes it.
//
// The error is a *boltfile.LockedError when another process has the file open,
// and wraps ErrNewerSchema when a newer Taskhook wrote it. A damaged file is
// set aside, see [Sandbox.SetAside].
func Open(ctx context.Context, path string, o Options) (*Sandbox, error) {
	o.Scheme = cmp.Or(o.Scheme, taskee.SchemeRSA)
	o.Timeout, o.Senders = cmp.Or(o.Timeout, defaultTimeout), cmp.Or(o.Senders, defaultSenders)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Sandbox{opts: o, logger: o.Logger, wake: make(chan struct{}, 1), client: newClient(o)}
	s.keys.Store(&o.Signer)
	if path == "" {
		dir, err := os.MkdirTemp("", "taskhook-sandbox-")
		if err != nil {
			return nil, fmt.Errorf("make a temporary directory: %w", err)
		}
		s.remove, path = dir, filepath.Join(dir, "sandbox.db")
	}
	var err error
	if s.file, err = boltfile.Open(path, boltfile.Options{Accept: accept, Logger: o.Logger}); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open the sandbox: %w", err), s.Close())
	}
	return s, nil
}

// SetAside says in a sentence what Open set aside as damaged, "" if nothing.
func (s *Sandbox) SetAside() string { return s.file.SetAside() }

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
	return s.file.View(func(tx *bbolt.Tx) error { return (&txn{tx: tx}).run(fn) })
}

// writeSize is about how many bytes one change writes.
const writeSize = 4 << 10

// update runs fn in a write transaction, and returns when it is on disk and
// those who watch the log are told. fn may run more than once.
func (s *Sandbox) update(ctx context.Context, fn func(t *txn) error) error {
	var last *txn
	err := s.file.Update(ctx, writeSize, func(tx *bbolt.Tx) error {
		last = &txn{tx: tx}
		return last.run(fn)
	})
	if err == nil {
		for _, n := range last.changed {
			s.changes.Notify(n)
		}
	}
	return err
}

// queue runs fn in a write transaction soon, without waiting for it.
func (s *Sandbox) queue(fn func(t *txn) error) {
	s.file.Queue(writeSize, func(tx *bbolt.Tx) error { return (&txn{tx: tx}).run(fn) }, func(err error) {
		s.logger.Warn("a change could not be stored", "error", err)
	})
}
