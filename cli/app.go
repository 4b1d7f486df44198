// Package cli is the command line: commands, flags, wiring, exit codes and
// the words people read. It alone reads flags, the environment and settings.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"

	"charm.land/fang/v2"
	"github.com/spf13/cobra"
)

// Streams are what a run reads and writes. Data goes to Out, words for people
// to Err. Env looks up one environment variable.
type Streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
	Env func(name string) string
	// ReleaseSignals says that an orderly end has begun without a signal, so
	// that the next one ends the program at once; nil: nobody wants to know.
	ReleaseSignals func()
}

// Exit codes.
const (
	exitDone      = 0
	exitFailed    = 1   // failed, or not found
	exitUsage     = 2   // an argument that cannot be understood
	exitCancelled = 130 // cancelled before a result was known
)

// app is one run of the program.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) string
	releaseSignals func()

	fromEnv map[string]bool // flags that a variable has set
	// screen takes what is said on stderr while a screen owns the terminal;
	// nil: none does.
	screen atomic.Pointer[slog.Logger]

	project string // --project
	dataDir string // --data-dir, "" for the project's own
}

// Run runs one command line, without the program's name, and returns the exit
// code. It ends early when ctx does.
func Run(ctx context.Context, args []string, s Streams) int {
	a := &app{stdin: s.In, stdout: s.Out, stderr: s.Err, env: s.Env, releaseSignals: s.ReleaseSignals}
	if a.releaseSignals == nil {
		a.releaseSignals = func() {}
	}
	root := newRootCommand(a)
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	err := fang.Execute(ctx, root,
		fang.WithVersion(version()),
		fang.WithErrorHandler(func(_ io.Writer, _ fang.Styles, err error) { a.report(err) }))
	return exitCode(ctx, err)
}

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "taskhook",
		Short: "receive, verify, keep, forward and re-send Taskee's webhooks",
		Long: "Taskhook is a local webhook development proxy for the Taskee Portal API.\n" +
			"Run it beside your app, paste its public URL into the OAuth app's webhook settings,\n" +
			"and see, keep and re-send every webhook.",
		Example: "  taskhook listen 3000        # your app listens on port 3000\n" +
			"  taskhook demo               # the whole thing offline, with signed events\n" +
			"  taskhook events list        # what came in\n" +
			"  taskhook resend latest      # send it again",
		Args:              cobra.ArbitraryArgs,
		RunE:              unknownCommand,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.flagsFromEnv(cmd) },
	}
	pf := root.PersistentFlags()
	pf.StringVar(&a.project, "project", defaultProject, "own store, socket and development keys under this NAME")
	pf.StringVar(&a.dataDir, "data-dir", "", "keep the project's files in DIR")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError(cmd, err)
	})
	root.AddCommand(
		newListenCommand(a), newDemoCommand(a), newAttachCommand(a),
		newEventsCommand(a), newResendCommand(a), newSimulateCommand(a), newRescueCommand(a),
		newFaultsCommand(a), newTriggerCommand(a), newSandboxCommand(a), newContactsCommand(a),
		newVerifyCommand(a), newKeysCommand(a), newVersionCommand(a),
	)
	return root
}

func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	err := fmt.Errorf("unknown command %q", args[0])
	cmd.SuggestionsMinimumDistance = 2 // letters apart, as cobra's own default
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return &hintError{err: err, hint: fmt.Sprintf("did you mean: %s %s?", cmd.CommandPath(), near[0]), code: exitUsage}
	}
	return usageError(cmd, err)
}

// arguments makes a wrong number of arguments a usage error.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		_, operands, _ := strings.Cut(cmd.Use, " ")
		switch {
		case err == nil:
			return nil
		case operands == "":
			return usageError(cmd, fmt.Errorf("%s takes no arguments, and got %q", cmd.CommandPath(), args[0]))
		case len(args) == 0:
			return usageError(cmd, fmt.Errorf("%s is missing", operands))
		}
		return usageError(cmd, fmt.Errorf("too many arguments: want %s, got %d", operands, len(args)))
	}
}

// exclusive makes it a usage error to set more than one of some flags.
func exclusive(cmd *cobra.Command, names ...string) error {
	var set []string
	for _, name := range names {
		if cmd.Flags().Changed(name) {
			set = append(set, "--"+name)
		}
	}
	if len(set) > 1 {
		return usageError(cmd, fmt.Errorf("%s cannot be used together", strings.Join(set, " and ")), "use one of them")
	}
	return nil
}

func exitCode(ctx context.Context, err error) int {
	var h *hintError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &h) && h.code != 0:
		return h.code
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return exitCancelled
	}
	return exitFailed
}
