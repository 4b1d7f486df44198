// Package inspector shows one feed of events to a person or a program: the
// screen, plain lines and JSON lines. It reads a [Feed] and acts through
// [Actions]; where they lead, to a store or over a socket, it does not know.
package inspector

import (
	"context"
	"io"
	"time"

	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// Feed is where events are read. All methods are safe for concurrent use.
type Feed interface {
	webhook.Reader
	// Listener describes the running listener.
	Listener(ctx context.Context) (webhook.Listener, error)
	// Updates returns what was stored since a position.
	Updates(ctx context.Context, from webhook.Position) (webhook.Updates, error)
	// Diagnose returns all there is to know of an event's signatures.
	Diagnose(ctx context.Context, id webhook.ID) (webhook.Diagnosis, error)
	// Log returns the newest lines of the listener's log, oldest first.
	Log(ctx context.Context, lines int) ([]string, error)
	// Watch hints at changes. The channel is closed when ctx ends.
	Watch(ctx context.Context) (<-chan webhook.Change, error)
}

// Actions is what a person can do to events.
type Actions interface {
	// Resend sends a stored event once more. It returns webhook.ErrUnverified
	// for an event that was rejected, unless the Resend allows it.
	Resend(ctx context.Context, r webhook.Resend) (webhook.Resent, error)
	// Simulate plays the platform's retries with a stored event until ctx
	// ends, and tells of every stage from a goroutine of its own choice. It
	// returns webhook.ErrSimulating while another one of the event runs.
	Simulate(ctx context.Context, r retry.SimulationRequest, watch ...func(retry.Progress)) (retry.Report, error)
	// Steer steers a simulation that is under way.
	Steer(ctx context.Context, s retry.Steering) error
	// ResendBatch sends the events that a batch selects, and tells of each.
	ResendBatch(ctx context.Context, r webhook.Batch, watch func(webhook.BatchItem)) (webhook.BatchReport, error)
	// ChangeFaults changes the rules that inject faults and returns them all.
	ChangeFaults(ctx context.Context, c webhook.FaultChange) ([]webhook.FaultRule, error)
	// SetShield puts the shield up or down.
	SetShield(ctx context.Context, on bool) error
	// SkipVerifyLike lets requests like a rejected one pass unchecked, and returns
	// the rule that says so.
	SkipVerifyLike(ctx context.Context, id webhook.ID) (string, error)
	// Delete deletes events and returns how many there were.
	Delete(ctx context.Context, ids []webhook.ID) (int, error)
	// Mark marks events, or takes their marks away.
	Mark(ctx context.Context, ids []webhook.ID, marked bool) error
}

// Options are the choices of [Screen]. The zero value works.
type Options struct {
	Version string
	NoColor bool
	// Policy is the platform's rule for sending again; with it the screen says
	// how many retries there are altogether.
	Policy   retry.Policy
	Location *time.Location // of the times shown; nil: the local one
	// TunnelHints say, a line each, how the public can reach a listener that has
	// no tunnel.
	TunnelHints []string
	// CopyDir is where copies go that the clipboard does not take; "": the
	// directory for temporary files.
	CopyDir string
	// NoClipboard says that the terminal is known to refuse what is written to
	// its clipboard: all copies go to files.
	NoClipboard bool
	// Editor is the command that edits a file, as the environment has it, with
	// arguments; "": vi, or notepad on Windows.
	Editor string
	// DraftDir is where what is edited stands until it is sent; "": the
	// directory for temporary files.
	DraftDir string
	// Foreground reports whether the shell lends the terminal to this process;
	// nil: it always does.
	Foreground func() bool

	Input  io.Reader // nil: the terminal
	Output io.Writer // nil: the terminal
	Errors io.Writer // for the last words; nil: the standard error
}

// PlainOptions are the choices of [Plain]. The zero value works.
type PlainOptions struct {
	Color    bool
	Policy   retry.Policy   // as in Options
	Location *time.Location // as in Options
	// From is the position to follow from; nil: what is stored when Plain
	// starts is not printed.
	From *webhook.Position
}
