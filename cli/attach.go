package cli

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/inspector"
	"github.com/taskhook/taskhook/taskee"
)

func newAttachCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "attach",
		Short: "Show the screen of a running listener",
		Long: "Show the live screen of the project's running listener, wherever it was started: in\n" +
			"another terminal, by a script or as a service. Any number of screens may be attached, and\n" +
			"they survive a restart of the listener. When none runs, the stored events are shown.",
		Example: "  taskhook attach --project billing",
		RunE: func(cmd *cobra.Command, _ []string) error {
			why := a.noScreen()
			if errors.Is(why, errNoTerminal) {
				return usageError(cmd, errors.New("attach needs a terminal"), "without one, use: taskhook events list")
			}
			dir, err := a.directory()
			if err != nil {
				return err
			}
			return a.withBackend(cmd, writes, func(b *backend) error {
				if b.own != nil {
					stop, err := b.own.Share()
					if err != nil {
						return err
					}
					defer stop()
				}
				defer a.releaseSignals()
				if why != nil {
					return a.attachLines(cmd.Context(), b, why)
				}
				return a.showScreen(cmd.Context(), b, dir, slog.New(slog.DiscardHandler))
			})
		},
	}
}

// attachLines shows plain lines where a screen cannot open.
func (a *app) attachLines(ctx context.Context, b *backend, why error) error {
	writeInBackground()
	a.note("plain lines: %v", why)
	err := inspector.Plain(ctx, a.stdout, b, inspector.PlainOptions{Color: a.colorful(a.stdout), Policy: taskee.Policy()})
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// feedAndActions is what a screen shows and acts on.
type feedAndActions interface {
	inspector.Feed
	inspector.Actions
}

// showScreen shows the screen; what is said on stderr meanwhile goes to a log.
func (a *app) showScreen(ctx context.Context, f feedAndActions, dir string, log *slog.Logger) error {
	a.screen.Store(log)
	defer a.screen.Store(nil)
	return inspector.Screen(ctx, f, f, a.screenOptions(dir))
}

// screenOptions are the choices of every screen. What is copied or edited goes
// to files of the project where it cannot stay in the terminal.
func (a *app) screenOptions(dir string) inspector.Options {
	return inspector.Options{
		Version: version(), Policy: taskee.Policy(), NoColor: a.env("NO_COLOR") != "" || a.dumb(),
		Foreground:  func() bool { return inForeground(a.stdin) },
		TunnelHints: tunnelHints,
		Editor:      cmp.Or(a.env("VISUAL"), a.env("EDITOR")),
		CopyDir:     filepath.Join(dir, "copies"),
		DraftDir:    filepath.Join(dir, "drafts"),
		// The Linux console has no clipboard to write to.
		NoClipboard: a.env("TERM") == "linux",
	}
}
