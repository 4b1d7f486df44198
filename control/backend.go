// Package control lets other processes of the same user ask a running
// listener: one process alone can open the store, so `events`, `resend` and
// `attach` go through the one that has it open.
//
// It is HTTP over a unix socket in a directory that only its owner can enter;
// there is no TCP port. [Listen] and [Handler] are the listener's side, [Dial]
// and [Client] the other one.
package control

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// ErrNoListener is returned by [Dial] and by every method of [Client] when no
// listener runs on the data directory, or when it ended before it answered.
var ErrNoListener = errors.New("no listener is running")

// Backend is what a listener answers. All methods are safe for concurrent use.
// Values that a method returns are not changed by the backend afterwards, and
// hold no lock or transaction open: a slow reader keeps nobody waiting.
type Backend interface {
	webhook.Reader
	// Listener describes the running listener.
	Listener(ctx context.Context) (webhook.Listener, error)
	// News returns what was stored since a position.
	News(ctx context.Context, from webhook.Position) (webhook.News, error)
	// Find returns the ID of an event named "42", "#42", "latest" or by its
	// webhookId, or webhook.ErrNotFound.
	Find(ctx context.Context, name string) (webhook.ID, error)
	// Watch hints at changes until ctx or the listener ends; then the channel
	// is closed. Hints nobody took in time are joined into the newest.
	Watch(ctx context.Context) (<-chan webhook.Change, error)
	// Resend sends a stored event once more. It returns webhook.ErrNotFound,
	// webhook.ErrPruned, or webhook.ErrUnverified for one that was rejected.
	Resend(ctx context.Context, r webhook.Resend) (webhook.Resent, error)
	// Simulate plays a sender's retries with a stored event until ctx ends,
	// and tells of every stage. It returns webhook.ErrSimulating while another
	// simulation of the event runs, and the errors of Resend.
	Simulate(ctx context.Context, r retry.SimulationRequest, watch ...func(retry.Progress)) (retry.Report, error)
	// Steer steers a simulation that is under way, or returns
	// webhook.ErrNotSimulating.
	Steer(ctx context.Context, s retry.Steering) error
	// Rescue sends what failed once more, and tells of every event.
	ResendBatch(ctx context.Context, r webhook.Batch, watch func(webhook.BatchItem)) (webhook.BatchReport, error)
	// ChangeFaults changes the rules that inject faults and returns them all. It
	// returns fault.ErrNoRule for a rule that is not there.
	ChangeFaults(ctx context.Context, c webhook.FaultChange) ([]webhook.FaultRule, error)
	// SetShield puts the shield up or down.
	SetShield(ctx context.Context, on bool) error
	// Delete deletes events and returns how many there were.
	Delete(ctx context.Context, ids []webhook.ID) (int, error)
	// Mark marks events, or takes their marks away. Events that are not there
	// are passed over.
	Mark(ctx context.Context, ids []webhook.ID, marked bool) error
	// Diagnose returns all there is to know of an event's signatures, or
	// webhook.ErrNotFound, or webhook.ErrPruned.
	Diagnose(ctx context.Context, id webhook.ID) (webhook.Diagnosis, error)
	// Log returns the newest lines of the listener's log, oldest first, at
	// most so many.
	Log(ctx context.Context, lines int) ([]string, error)
}

// VersionError is returned when the listener and the asking process come from
// versions of Taskhook that do not understand each other.
type VersionError struct {
	Listener string // the listener's version of the protocol
	Client   string // the asking process's
}

// Error says which of the two is older, and what to do.
func (e *VersionError) Error() string {
	text := "the running listener is older than this taskhook: restart it with this one"
	theirs, _ := strconv.Atoi(e.Listener)
	if ours, _ := strconv.Atoi(e.Client); ours < theirs {
		text = "this taskhook is older than the running listener: update this one, or use the one that runs the listener"
	}
	return fmt.Sprintf("%s (they speak versions %s and %s of the control protocol)", text, e.Listener, e.Client)
}
