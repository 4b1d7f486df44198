package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/listener"
	"github.com/taskhook/taskhook/sandbox"
)

func newSandboxFaults(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "faults",
		Short: "make the platform's side fail",
		Long: "Make the platform's side fail, as users report of it. A fault lasts until taskhook sandbox faults clear or until the\n" +
			"sandbox ends; a rotated key stays until faults key-restore.",
		Example: "  taskhook sandbox faults fields --rate 30%\n" +
			"  taskhook sandbox faults api --status 429 --rate 50%\n" +
			"  taskhook sandbox faults clear",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newSandboxFault(a, sandbox.FaultFields, "leave fields out of webhooks"),
		newSandboxFault(a, sandbox.FaultUnsigned, "send webhooks with N/A as their signature"),
		newSandboxFault(a, sandbox.FaultAPI, "answer API requests with 429 or a 5xx"),
		newSandboxFault(a, sandbox.FaultToken, "answer API requests as if their token had expired"),
		newSandboxKeyFault(a, "key", "rotate the signing key without notice", true),
		newSandboxKeyFault(a, "key-restore", "sign with the key from before again", false),
		newSandboxFaultsList(a), newSandboxAction(a, "clear", "turn all faults off", http.MethodDelete, "faults"),
	)
	return cmd
}

// newSandboxFault makes the command that turns on a fault of one kind.
func newSandboxFault(a *app, kind sandbox.FaultKind, short string) *cobra.Command {
	f := sandbox.Fault{Kind: kind, Status: http.StatusServiceUnavailable, Seed: 1}
	rate := "100%"
	cmd := &cobra.Command{
		Use: string(kind), Short: short, Args: arguments(cobra.NoArgs),
		Example: "  taskhook sandbox faults " + string(kind) + " --rate 30%",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if f.Rate, err = parseShare(rate); err != nil {
				return usageError(cmd, fmt.Errorf("invalid --rate %q", rate), "want a share such as 30%")
			}
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
	fl.StringVar(&rate, "rate", rate, "how often it happens: a `SHARE` such as 30%")
	fl.Uint64Var(&f.Seed, "seed", f.Seed, "decide by chance from this `NUMBER`")
	onlyOnCommandLine(fl, "rate", "seed")
	switch kind {
	case sandbox.FaultAPI:
		fl.IntVar(&f.Status, "status", f.Status, "the `STATUS` of the answer: 429 or 5xx")
		onlyOnCommandLine(fl, "status")
	case sandbox.FaultToken:
		fl.IntVar(&f.After, "after", 0, "let this `NUMBER` of requests through first")
		onlyOnCommandLine(fl, "after")
	}
	return cmd
}

// parseShare reads a share such as 30% or 0.3.
func parseShare(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	share, err := strconv.ParseFloat(number, 64)
	if percent {
		share /= 100
	}
	if err != nil || !(share > 0 && share <= 1) {
		return 0, errors.New("not a share")
	}
	return share, nil
}

func newSandboxFaultsList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "list the faults that are on", Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var on []sandbox.Fault
			if err := a.askSandbox(cmd.Context(), http.MethodGet, "faults", nil, &on); err != nil {
				return err
			}
			for _, f := range on {
				if _, err := fmt.Fprintf(a.stdout, "%s (%d so far)\n", f, f.Done); err != nil {
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

func newSandboxKeyFault(a *app, name, short string, rotate bool) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.changeSandboxKey(cmd.Context(), rotate) },
	}
}

// changeSandboxKey has the sandbox sign with a new key, or with the one from
// before again, and writes its public half.
func (a *app) changeSandboxKey(ctx context.Context, rotate bool) error {
	dir, err := a.directory()
	if err != nil {
		return err
	}
	path := "keys/restore"
	if rotate {
		path = "keys/rotate"
	}
	var keys map[string][]byte
	if err := a.askSandbox(ctx, http.MethodPost, path, nil, &keys); err != nil {
		return err
	}
	if err := writeSandboxKeys(dir, keys); err != nil {
		return err
	}
	a.note("webhooks are signed with another key from now on; its public half: %s", listener.SandboxRSAFile)
	return nil
}
