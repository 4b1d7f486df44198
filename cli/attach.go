package cli

import (
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"taskhook/inspector"
	"taskhook/taskee"
)

func newAttachCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "attach",
		Short: "show the screen of a listener that runs elsewhere",
		Long: "Show the live screen of the project's running listener, wherever it was started: in another\n" +
			"terminal, by a script, as a service. Several may be attached, and a restart of the listener\n" +
			"is survived. When none runs, the stored events are shown.",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !isTerminal(a.stdin) || !isTerminal(a.stdout) {
				return usageError(cmd, errors.New("attach needs a terminal"), "without one, use: taskhook events list")
			}
			dir, err := a.directory()
			if err != nil {
				return err
			}
			b, err := a.openBackend(cmd.Context(), writes)
			if err != nil {
				return err
			}
			err = inspector.Screen(cmd.Context(), b, b, a.screenOptions(dir))
			a.releaseSignals()
			return errors.Join(err, b.close())
		},
	}
}

// screenOptions are the choices of every screen. What is copied or edited goes
// to files of the project where it cannot stay in the terminal.
func (a *app) screenOptions(dir string) inspector.Options {
	editor := a.env("VISUAL")
	if editor == "" {
		editor = a.env("EDITOR")
	}
	return inspector.Options{
		Version: version(), Policy: taskee.Policy(), NoColor: a.env("NO_COLOR") != "" || a.env("TERM") == "dumb",
		Editor:   editor,
		CopyDir:  filepath.Join(dir, "copies"),
		DraftDir: filepath.Join(dir, "drafts"),
		// The Linux console has no clipboard to write to.
		NoClipboard: a.env("TERM") == "linux",
	}
}
