package cli

import (
	"math"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/listener"
	"github.com/taskhook/taskhook/sandbox"
)

func newSandboxFaults(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "faults",
		Short: "Make the platform's side fail",
		Long: "Make the platform's side fail, as its users report. A fault lasts until taskhook sandbox\n" +
			"faults clear, or until the sandbox ends; a rotated key lasts until faults key-restore.",
		Example: "  taskhook sandbox faults fields --rate 30%\n" +
			"  taskhook sandbox faults api --status 429 --rate 50%",
	}
	cmd.AddCommand(
		newSandboxFault(a, sandbox.FaultFields, "Leave fields out of webhooks"),
		newSandboxFault(a, sandbox.FaultUnsigned, "Send webhooks with N/A as their signature"),
		newSandboxFault(a, sandbox.FaultAPI, "Answer API requests with 429 or a 5xx"),
		newSandboxFault(a, sandbox.FaultToken, "Answer API requests as if their token had expired"),
		newSandboxKeyFault(a, "key", "Rotate the signing key without notice", "keys/rotate"),
		newSandboxKeyFault(a, "key-restore", "Sign with the previous key again", "keys/restore"),
		newSandboxFaultsList(a), newSandboxFaultsClear(a),
	)
	return cmd
}

// newSandboxFault makes the command that turns on a fault of one kind.
func newSandboxFault(a *app, kind sandbox.FaultKind, short string) *cobra.Command {
	f := sandbox.Fault{Kind: kind, Status: http.StatusServiceUnavailable, Seed: 1, Rate: 1}
	cmd := &cobra.Command{
		Use: string(kind), Short: short,
		Example: "  taskhook sandbox faults " + string(kind) + " --rate 30%",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.Validate(); err != nil {
				return usageError(cmd, err)
			}
			if err := a.askSandbox(cmd.Context(), http.MethodPost, "faults", f, nil); err != nil {
				return err
			}
			a.note("fault: %s", f)
			return nil
		},
	}
	fl := cmd.Flags()
	addParsed(fl, &f.Rate, "rate", "100%", "act on this `SHARE` of webhooks or requests, such as 30%", format.ParsePercent)
	addSeed(fl, &f.Seed, "choose them at random from the seed `N`")
	switch kind {
	case sandbox.FaultAPI:
		addNumber(fl, &f.Status, "status", 100, 599, "answer with `STATUS`, 429 or 5xx")
	case sandbox.FaultToken:
		addNumber(fl, &f.After, "after", 0, math.MaxInt, "let `N` requests through first")
	}
	onlyOnCommandLine(fl)
	return cmd
}

func newSandboxFaultsList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the faults that are on",
		Example: "  taskhook sandbox faults list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var on []sandbox.Fault
			if err := a.askSandbox(cmd.Context(), http.MethodGet, "faults", nil, &on); err != nil {
				return err
			}
			for _, f := range on {
				if err := a.print("fault", f, "%s (%d so far)", f, f.Done); err != nil {
					return err
				}
			}
			if len(on) == 0 {
				a.note("no faults are on")
			}
			return nil
		},
	}
}

func newSandboxFaultsClear(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "clear", Short: "Turn all faults off",
		Example: "  taskhook sandbox faults clear",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var answer struct{ Cleared int }
			if err := a.askSandbox(cmd.Context(), http.MethodDelete, "faults", nil, &answer); err != nil {
				return err
			}
			if answer.Cleared == 0 {
				a.note("no faults are on: nothing turned off")
			} else {
				a.note("turned %s off", format.Plural(answer.Cleared, "fault", "faults"))
			}
			return nil
		},
	}
}

// newSandboxKeyFault makes a command that has the sandbox sign with another key,
// and writes its public half.
func newSandboxKeyFault(a *app, name, short, path string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short,
		Example: "  taskhook sandbox faults " + name,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := a.directory()
			if err != nil {
				return err
			}
			var keys map[string][]byte
			if err := a.askSandbox(cmd.Context(), http.MethodPost, path, nil, &keys); err != nil {
				return err
			}
			if err := writeSandboxKeys(dir, keys); err != nil {
				return err
			}
			a.note("webhooks are signed with another key from now on; its public half: %s", listener.SandboxRSAFile)
			return nil
		},
	}
}
