package listener

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/verify"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter/jq"
)

// storeFile is the store in the data directory.
const storeFile = "events.db"

// Settings kept in the store.
const (
	settingTarget = "target"     // the last listener's target
	settingURL    = "public-url" // the last listener's public URL
	settingSign   = "sign"       // the last listener's proxy.Options.Sign
	settingRoutes = "routes"     // the last listener's routes, as a JSON array of texts
)

// ErrReadOnly is returned when something is to be sent from a store that is
// open for reading.
var ErrReadOnly = errors.New("this store is open for reading only")

// Stored is a project's store without a listener, which answers what a
// listener does as far as that is possible: what commands ask when none runs.
// It implements control.Source, and is safe for concurrent use.
type Stored struct {
	*store.Store
	dir   string
	keys  *keyring
	proxy *proxy.Proxy // nil: the store is open for reading
	about webhook.Listener
	// jq runs the filters of lists and those of what is received apart from each
	// other: no request waits for a list.
	jq, jqReceived *jq.Workers
}

// StoredOptions say how a store is opened without a listener. Dir is required.
type StoredOptions struct {
	Dir      string // the project's data directory
	Project  string // the name that people know the project by
	Version  string // of the program
	ReadOnly bool   // nothing is sent and nothing changed
	Create   bool   // make the store if there is none
	// Signer gives the development keys, as in proxy.Options.
	Signer func() (taskee.Signer, error)
	// Via is the proxy towards a URL, as in proxy.Options.
	Via func(*url.URL) (*url.URL, error)
}

// StorePath is where the store of a data directory is.
func StorePath(dir string) string { return filepath.Join(dir, storeFile) }

// OpenStored opens a store that exists. What is sent goes to the last
// listener's target unless a call names another. The error wraps
// fs.ErrNotExist when nothing has been stored yet, or is one of [store.Open].
// The caller owes a Close.
func OpenStored(o StoredOptions) (*Stored, error) {
	if _, err := os.Stat(StorePath(o.Dir)); errors.Is(err, fs.ErrNotExist) && !o.Create {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	s, err := openStored(o.Dir, nil, store.Options{ReadOnly: o.ReadOnly}, nil)
	if err != nil {
		return nil, err
	}
	s.about = webhook.Listener{Version: o.Version, Project: o.Project}
	if err := s.sendLike(o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// openStored opens a store, and a proxy on it unless p is nil.
func openStored(dir string, trusted []verify.Key, o store.Options, p *proxy.Options) (*Stored, error) {
	keys, err := newKeyring(dir, trusted)
	if err != nil {
		return nil, err
	}
	s := &Stored{dir: dir, keys: keys, jq: jq.NewWorkers(), jqReceived: jq.NewWorkers()}
	o.JQ = s.jq
	if s.Store, err = store.Open(StorePath(dir), o); err != nil {
		return nil, err
	}
	if p != nil {
		s.send(*p)
	}
	return s, nil
}

// send makes the proxy that sends what is stored here.
func (s *Stored) send(o proxy.Options) {
	o.Store, o.JQ = s.Store, s.jqReceived
	o.Check = func(e webhook.Event) webhook.Verdict { return s.keys.diagnose(e).Verdict }
	s.proxy = proxy.New(o)
}

// Dir is the project's data directory.
func (s *Stored) Dir() string { return s.dir }

// Close lets what is being sent end, for some seconds, and closes the store.
func (s *Stored) Close() error {
	var err error
	if s.proxy != nil {
		err = within(drainTime, s.proxy.Close)
	}
	s.jq.Close()
	s.jqReceived.Close()
	return errors.Join(err, s.Store.Close())
}

// Share lets other processes ask this one over the control socket, as they ask
// a listener: one process alone can open the store. The caller owes a stop.
func (s *Stored) Share() (stop func(), err error) { return s.share(s, nil, nil) }

func (s *Stored) share(b control.Source, logger *slog.Logger, failed func(error)) (stop func(), err error) {
	ln, err := control.Listen(s.dir)
	if err != nil {
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	srv := proxy.Serve(ln, control.Handler(b), logger, failed)
	return srv.Close, nil
}

// Listener describes this process as a listener.
func (s *Stored) Listener(ctx context.Context) (webhook.Listener, error) {
	return s.describe(ctx, s.about)
}

// describe completes a description with what the store knows.
func (s *Stored) describe(ctx context.Context, d webhook.Listener) (webhook.Listener, error) {
	counts, err := s.Counts(ctx)
	d.Counts = counts
	if err == nil && counts.Retrying > 0 {
		d.NextRetry, err = s.NextRetry(ctx)
	}
	return d, err
}

// Watch hints at changes until ctx ends.
func (s *Stored) Watch(ctx context.Context) (<-chan webhook.Change, error) {
	return s.Store.Watch(ctx), nil
}

// Resend sends a stored event once more.
func (s *Stored) Resend(ctx context.Context, r webhook.Resend) (webhook.Resent, error) {
	if s.proxy == nil {
		return webhook.Resent{}, ErrReadOnly
	}
	return s.proxy.Resend(ctx, r)
}

// Simulate plays the platform's retries with a stored event.
func (s *Stored) Simulate(ctx context.Context, r retry.SimulationRequest, watch ...func(retry.Progress)) (retry.Report, error) {
	if s.proxy == nil {
		return retry.Report{}, ErrReadOnly
	}
	return s.proxy.Simulate(ctx, r, watch...)
}

// Steer steers a simulation that is under way.
func (s *Stored) Steer(_ context.Context, st retry.Steering) error {
	if s.proxy == nil {
		return ErrReadOnly
	}
	return s.proxy.Steer(st)
}

// ResendBatch sends the events that a batch selects.
func (s *Stored) ResendBatch(ctx context.Context, b webhook.Batch, watch func(webhook.BatchItem)) (webhook.BatchReport, error) {
	if s.proxy == nil {
		return webhook.BatchReport{}, ErrReadOnly
	}
	return s.proxy.ResendBatch(ctx, b, watch)
}

// ChangeFaults changes the rules that inject faults: all that is asked for, or
// nothing.
func (s *Stored) ChangeFaults(_ context.Context, c webhook.FaultChange) ([]webhook.FaultRule, error) {
	if s.proxy == nil {
		return nil, ErrReadOnly
	}
	return s.proxy.Faults().Change(c)
}

// SetShield puts the shield up or down.
func (s *Stored) SetShield(_ context.Context, on bool) error {
	if s.proxy == nil {
		return ErrReadOnly
	}
	s.proxy.SetShield(on)
	return nil
}

// SkipVerifyLike lets requests with the method and the path of a stored one pass
// unchecked, and returns the rule that says so.
func (s *Stored) SkipVerifyLike(ctx context.Context, id webhook.ID) (string, error) {
	if s.proxy == nil {
		return "", ErrReadOnly
	}
	return s.proxy.SkipVerifyLike(ctx, id)
}

// Announce notes what a sender tells of an event before it sends it.
func (s *Stored) Announce(_ context.Context, n webhook.Announcement) error {
	if s.proxy == nil {
		return ErrReadOnly
	}
	s.proxy.Announce(n)
	return nil
}

// Diagnose returns all there is to know of an event's signatures.
func (s *Stored) Diagnose(ctx context.Context, id webhook.ID) (webhook.Diagnosis, error) {
	e, err := s.Event(ctx, id)
	switch {
	case err != nil:
		return webhook.Diagnosis{}, err
	case e.NoBody || e.Body == nil && e.BodySize != 0:
		return webhook.Diagnosis{}, webhook.ErrPruned
	}
	d := s.keys.diagnose(e)
	d.Verdict.Age = e.Verdict.Age
	return d, nil
}
