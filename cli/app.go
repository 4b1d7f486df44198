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

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/webhook/filter/jq"
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

	helpError error // of a help that was asked for
	damaged   bool  // something damaged was left out

	project string // --project
	dataDir string // --data-dir, "" for the project's own
	json    bool   // --json
}

// Run runs one command line, without the program's name, and returns the exit
// code. It ends early when ctx does.
func Run(ctx context.Context, args []string, s Streams) int {
	if jq.Asked(args) {
		return jq.Serve(s.In, s.Out)
	}
	a := &app{stdin: s.In, stdout: s.Out, stderr: s.Err, env: s.Env, releaseSignals: s.ReleaseSignals}
	if a.releaseSignals == nil {
		a.releaseSignals = func() {}
	}
	root := newRootCommand(a)
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = a.helpError
	}
	if err != nil {
		a.report(err)
	}
	return exitCode(ctx, err)
}

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "taskhook",
		Short: "Receive, verify, store, forward and resend Taskee's webhooks",
		Long: "Taskhook is a local webhook development proxy for the Taskee Portal API. Run it beside\n" +
			"your app, paste its webhook URL into the settings of the OAuth app, and see, store and\n" +
			"resend every webhook.",
		Example: "  taskhook listen 3000        # your app listens on port 3000\n" +
			"  taskhook demo               # everything offline, with signed events",
		Args:              cobra.ArbitraryArgs,
		RunE:              unknownCommand,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.flagsFromEnv(cmd) },
		SilenceErrors:     true,
		SilenceUsage:      true,
		Version:           version(),
	}
	pf := root.PersistentFlags()
	pf.StringVar(&a.project, "project", defaultProject, "use the store, socket and development keys of project `NAME`")
	pf.StringVar(&a.dataDir, "data-dir", "", "store the project's files in `DIR`")
	root.SetFlagErrorFunc(flagError)
	root.SetVersionTemplate("taskhook {{.Version}}\n")
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	a.setUpHelp(root)
	root.AddCommand(
		newListenCommand(a), newDemoCommand(a), newAttachCommand(a),
		newTriggerCommand(a), newResendCommand(a), newSimulateCommand(a), newFaultsCommand(a),
		newEventsCommand(a), newStoreCommand(a), newVerifyCommand(a), newKeysCommand(a),
		newSandboxCommand(a), newContactsCommand(a),
		newManCommand(a), newVersionCommand(a),
	)
	takeOperands(root)
	addCompletion(root)
	return root
}

// takeOperands has the commands below cmd take the arguments that their usage
// names: ID is one, [ID] at most one, ID… one or more, [ID…] any number.
func takeOperands(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		if sub.Runnable() {
			sub.Args = arguments
		}
		takeOperands(sub)
	}
}

// arguments makes a wrong number of arguments a usage error.
func arguments(cmd *cobra.Command, args []string) error {
	_, operands, _ := strings.Cut(cmd.Use, " ")
	switch {
	case operands == "" && len(args) > 0 && cmd.HasAvailableSubCommands():
		return unknownCommand(cmd, args)
	case operands == "" && len(args) > 0:
		return usageError(cmd, fmt.Errorf("%s takes no arguments, and got %q", cmd.CommandPath(), args[0]))
	case operands != "" && len(args) == 0 && operands[0] != '[':
		return usageError(cmd, fmt.Errorf("%s is missing", operands), missingHint(cmd))
	case len(args) > 1 && !strings.Contains(operands, "…"):
		return usageError(cmd, fmt.Errorf("too many arguments: want %s, got %d", operands, len(args)))
	}
	return nil
}

// missingHint shows a command to copy: the first of the examples.
func missingHint(cmd *cobra.Command) string {
	example, _, _ := strings.Cut(strings.TrimSpace(cmd.Example), "\n")
	if example, _, _ = strings.Cut(example, "   "); example == "" {
		return fmt.Sprintf("see %s --help", cmd.CommandPath())
	}
	return "for example: " + strings.TrimSpace(example)
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
