package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/store"
	"github.com/taskhook/taskhook/verify"
	"github.com/taskhook/taskhook/webhook"
)

// local answers the screen, the socket and the commands from a store that is
// open in this process.
type local struct {
	*store.Store
	proxy      *proxy.Proxy
	describe   func() webhook.Listener
	diagnose   func(webhook.Event) webhook.Diagnosis
	dir        string // where the log is
	afterBatch func() // told after a rescue; nil: nobody is
}

// Listener describes this process as a listener.
func (l *local) Listener(ctx context.Context) (webhook.Listener, error) {
	d := l.describe()
	counts, err := l.Counts(ctx)
	d.Counts = counts
	if err == nil && counts.Retrying > 0 {
		d.NextRetry, err = l.NextRetry(ctx)
	}
	return d, err
}

// Watch hints at changes of the store until ctx ends.
func (l *local) Watch(ctx context.Context) (<-chan webhook.Change, error) {
	return l.Store.Watch(ctx), nil
}

// Resend sends a stored event once more.
func (l *local) Resend(ctx context.Context, r webhook.Resend) (webhook.Resent, error) {
	if l.proxy == nil {
		return webhook.Resent{}, errReadOnly
	}
	return l.proxy.Resend(ctx, r)
}

// errReadOnly is returned when something is to be sent from a store that is
// open for reading.
var errReadOnly = errors.New("this store is open for reading only")

// Simulate plays the platform's retries with a stored event.
func (l *local) Simulate(ctx context.Context, r retry.SimulationRequest, watch ...func(retry.Progress)) (retry.Report, error) {
	if l.proxy == nil {
		return retry.Report{}, errReadOnly
	}
	return l.proxy.Simulate(ctx, r, watch...)
}

// Steer steers a simulation that is under way.
func (l *local) Steer(_ context.Context, s retry.Steering) error {
	if l.proxy == nil {
		return errReadOnly
	}
	return l.proxy.Steer(s)
}

// Rescue sends what was failed once more.
func (l *local) ResendBatch(ctx context.Context, r webhook.Batch, watch func(webhook.BatchItem)) (webhook.BatchReport, error) {
	if l.proxy == nil {
		return webhook.BatchReport{}, errReadOnly
	}
	report, err := l.proxy.ResendBatch(ctx, r, watch)
	if l.afterBatch != nil && !r.DryRun {
		l.afterBatch()
	}
	return report, err
}

// ChangeFaults changes the rules that inject faults: all that is asked for, or
// nothing.
func (l *local) ChangeFaults(_ context.Context, c webhook.FaultChange) ([]webhook.FaultRule, error) {
	if l.proxy == nil {
		return nil, errReadOnly
	}
	return l.proxy.Faults().Change(c)
}

// SetShield puts the shield up or down.
func (l *local) SetShield(_ context.Context, on bool) error {
	if l.proxy == nil {
		return errReadOnly
	}
	l.proxy.SetShield(on)
	return nil
}

// Diagnose returns all there is to know of an event's signatures.
func (l *local) Diagnose(ctx context.Context, id webhook.ID) (webhook.Diagnosis, error) {
	e, err := l.Event(ctx, id)
	switch {
	case err != nil:
		return webhook.Diagnosis{}, err
	case e.NoBody || e.Body == nil && e.BodySize != 0:
		return webhook.Diagnosis{}, webhook.ErrPruned
	}
	d := l.diagnose(e)
	d.Verdict.Age = e.Verdict.Age
	return d, nil
}

// diagnoseWith diagnoses events as the ingress that each came in by verified
// it: the development pair of a data directory, as it is now, is trusted but
// for what came through the tunnel.
func diagnoseWith(dir string, trusted []verify.Key) func(webhook.Event) webhook.Diagnosis {
	return func(e webhook.Event) webhook.Diagnosis {
		// Damaged files are as good as none, as they are on an ingress.
		dev, _ := loadDevPublic(dir)
		box := loadSandboxPublic(dir)
		v := verify.New(trusted, slices.Concat(dev, box))
		if e.Source != webhook.SourceTunnel {
			v = verify.New(slices.Concat(trusted, dev), box)
		}
		return v.Inspect(e.Header, e.Body)
	}
}

// Log returns the newest lines of the project's log, oldest first; none if
// there is no log.
func (l *local) Log(ctx context.Context, lines int) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all, err := lastLines(filepath.Join(l.dir, logFile), lines)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	return all, nil
}

// logTail is how much of a log is read, in bytes from its end.
const logTail = 256 << 10

// lastLines returns at most so many whole lines from the end of a file.
func lastLines(path string, lines int) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	from := max(0, end-logTail)
	text := make([]byte, end-from)
	n, err := f.ReadAt(text, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	text = text[:n]
	if from > 0 {
		_, text, _ = bytes.Cut(text, []byte("\n")) // the first line is cut off
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1] // the last one may still be being written
	all := slices.Collect(strings.Lines(strings.ToValidUTF8(string(text), "\uFFFD")))
	all = all[len(all)-max(0, min(lines, len(all))):]
	for i, line := range all {
		all[i] = strings.TrimSuffix(line, "\n")
	}
	return all, nil
}

// openStoreError says in words why the project's store could not be opened.
func (a *app) openStoreError(err error) error {
	other := "--project NAME"
	if a.dataDir != "" {
		other = "--data-dir DIR"
	}
	var locked *store.LockedError
	switch {
	case errors.As(err, &locked):
		who := "another program"
		if locked.PID > 0 {
			who = fmt.Sprintf("pid %d", locked.PID)
		}
		return withHint(fmt.Errorf("project %q is in use by %s", a.projectName(), who),
			"use `taskhook attach`, or `taskhook listen 3001 "+other+"`")
	case errors.Is(err, store.ErrNewerSchema):
		return withHint(err, "update taskhook, or keep this one apart with "+other)
	}
	return err
}
