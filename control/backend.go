// Package control lets other processes of the same user talk to a running
// listener: only one process can have the store open, so `events`, `resend` and
// `attach` go through that one.
//
// It is HTTP over a unix socket in a directory that only its owner can enter;
// there is no TCP port. [Listen] and [Handler] are the side of the listener,
// [Dial] and [Client] that of the others.
package control

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// ErrNoListener is returned by [Dial] and by every method of [Client] when no
// listener runs on the data directory, or when it ended before it answered.
var ErrNoListener = errors.New("no listener is running")

// Backend is what a listener does for others. All methods are safe for
// concurrent use. A returned value is not changed afterwards and holds no lock
// or transaction open, so that a slow reader blocks nobody.
type Backend interface {
	webhook.Reader
	// Listener describes the running listener.
	Listener(ctx context.Context) (webhook.Listener, error)
	// Updates returns what was stored since a position.
	Updates(ctx context.Context, from webhook.Position) (webhook.Updates, error)
	// Find returns the ID of an event named "42", "#42", "latest" or by its
	// webhookId, or webhook.ErrNotFound.
	Find(ctx context.Context, name string) (webhook.ID, error)
	// Watch hints at changes until ctx or the listener ends; then the channel
	// is closed. A hint that was not received in time is replaced by the newest.
	Watch(ctx context.Context) (<-chan webhook.Change, error)
	// Resend sends a stored event once more. It returns webhook.ErrNotFound,
	// webhook.ErrPruned, or webhook.ErrUnverified for one that was rejected.
	Resend(ctx context.Context, r webhook.Resend) (webhook.Resent, error)
	// Simulate plays a sender's retries with a stored event until ctx ends,
	// and reports each step. It returns webhook.ErrSimulating while another
	// simulation of the event runs, and the errors of Resend.
	Simulate(ctx context.Context, r retry.SimulationRequest, watch ...func(retry.Progress)) (retry.Report, error)
	// Steer steers a running simulation, or returns webhook.ErrNotSimulating.
	Steer(ctx context.Context, s retry.Steering) error
	// ResendBatch sends the stored events that a batch selects, and tells of
	// each. It returns webhook.ErrBatchRunning while another batch is sent.
	ResendBatch(ctx context.Context, r webhook.Batch, watch func(webhook.BatchItem)) (webhook.BatchReport, error)
	// ChangeFaults changes the rules that inject faults and returns them all. It
	// returns fault.ErrNoRule for a rule that is not there.
	ChangeFaults(ctx context.Context, c webhook.FaultChange) ([]webhook.FaultRule, error)
	// Salvage brings back what is intact in the file of a damaged store, and tells
	// how far it is. It returns webhook.ErrNothingFound, or webhook.ErrOwnFile.
	Salvage(ctx context.Context, path string, tell func(webhook.SalvageStep)) (webhook.Salvage, error)
	// Announce notes what a sender tells of an event before it sends it.
	Announce(ctx context.Context, n webhook.Announcement) error
	// ExpectRetry notes when the sender of an event means to send it again; zero:
	// never. It returns webhook.ErrNotFound.
	ExpectRetry(ctx context.Context, id webhook.ID, at time.Time) error
	// SetShield turns the shield on or off.
	SetShield(ctx context.Context, on bool) error
	// SkipVerifyLike lets requests with the method and the path of a stored one
	// pass unchecked until the listener ends, and returns the rule that says so.
	// It returns webhook.ErrNotFound.
	SkipVerifyLike(ctx context.Context, id webhook.ID) (string, error)
	// Delete deletes events and returns how many there were.
	Delete(ctx context.Context, ids []webhook.ID) (int, error)
	// Mark marks events, or removes their marks. Events that do not exist are
	// skipped.
	Mark(ctx context.Context, ids []webhook.ID, marked bool) error
	// Diagnose explains the signatures of an event. It returns
	// webhook.ErrNotFound, or webhook.ErrPruned.
	Diagnose(ctx context.Context, id webhook.ID) (webhook.Diagnosis, error)
	// Log returns up to so many of the newest lines of the listener's log,
	// oldest first.
	Log(ctx context.Context, lines int) ([]string, error)
}

// VersionError is returned when the listener and the client speak different
// versions of the protocol.
type VersionError struct {
	Listener string // the listener's version
	Client   string // the client's
}

// Error says which of the two is older.
func (e *VersionError) Error() string {
	text := "the running listener is older than this taskhook"
	if e.ListenerNewer() {
		text = "this taskhook is older than the running listener"
	}
	return fmt.Sprintf("%s (control protocol %s there, %s here)", text, e.Listener, e.Client)
}

// ListenerNewer reports whether the listener is the newer of the two.
func (e *VersionError) ListenerNewer() bool {
	theirs, _ := strconv.Atoi(e.Listener)
	ours, _ := strconv.Atoi(e.Client)
	return theirs > ours
}
