package cli

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/sandbox"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook/export"
)

func newSandboxTokens(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tokens",
		Short: "private integrations: create, list, rotate, delete",
		Example: "  taskhook sandbox tokens create --name reports --scope contacts.readonly\n" +
			"  taskhook sandbox tokens rotate ID            # both work for 7 days\n" +
			"  taskhook sandbox tokens rotate ID --now",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTokensCreate(a), newTokensList(a), newTokensEdit(a), newTokensRotate(a),
		newTokensAct(a, "cancel-rotation", "keep the old token and end the new one"),
		newTokensAct(a, "expire-now", "end the old token of a rotation now"), newTokensDelete(a))
	return cmd
}

func newTokensCreate(a *app) *cobra.Command {
	var (
		in                sandbox.TokenRequest
		name, description string
		agency, asJSON    bool
	)
	cmd := &cobra.Command{
		Use:   "create",
		Short: "create a private integration; its token is shown once",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.openSandbox()
			if err != nil {
				return err
			}
			in.Name, in.Description = &name, &description
			if in.LocationID == "" && !agency {
				in.LocationID = c.state.LocationID
			}
			if in.Scopes == nil {
				in.Scopes = taskee.Scopes()
			}
			var made sandbox.NewToken
			if err := c.ask(cmd.Context(), http.MethodPost, "tokens", in, &made); err != nil {
				return err
			}
			return a.printNewToken(made, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&name, "name", "", "its NAME")
	f.StringVar(&description, "description", "", "what it is for")
	f.StringArrayVar(&in.Scopes, "scope", nil, "a SCOPE it has (repeatable; default: all)")
	f.StringVar(&in.LocationID, "location", "", "the sub-account it belongs to (default: the first)")
	f.BoolVar(&agency, "agency", false, "it belongs to the agency")
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	onlyOnCommandLine(f, "name", "description", "scope", "location", "agency")
	return cmd
}

func (a *app) printNewToken(made sandbox.NewToken, asJSON bool) error {
	if asJSON {
		return export.Line(a.stdout, struct {
			Kind string `json:"kind"`
			sandbox.NewToken
		}{"token", made})
	}
	a.note("copy the token now: it is not shown again")
	_, err := fmt.Fprintln(a.stdout, made.Secret)
	return err
}

func newTokensList(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list private integrations",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all []sandbox.Token
			if err := a.askSandbox(cmd.Context(), http.MethodGet, "tokens", nil, &all); err != nil {
				return err
			}
			return a.printTokens(all, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per token")
	return cmd
}

func (a *app) printTokens(all []sandbox.Token, asJSON bool) error {
	if asJSON {
		for _, t := range all {
			line := struct {
				Kind string `json:"kind"`
				sandbox.Token
			}{"token", t}
			if err := export.Line(a.stdout, line); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ID\tNAME\tTOKEN\tSCOPES\tBELONGS TO\tLAST USED\tROTATE BY")
	for _, t := range all {
		owner, used, by := t.LocationID, "never", t.RotateBy.Local().Format(time.DateOnly)
		if owner == "" {
			owner = "the agency"
		}
		if !t.LastUsed.IsZero() {
			used = t.LastUsed.Local().Format(time.DateTime)
		}
		if t.Overdue {
			by += " (overdue)"
		}
		if !t.OldExpires.IsZero() {
			by += "; the old one works until " + t.OldExpires.Local().Format(time.DateTime)
		}
		scopes := strings.Join(t.Scopes, " ")
		if len(t.Scopes) > 3 {
			scopes = fmt.Sprintf("%d scopes", len(t.Scopes))
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\tpit_…%s\t%s\t%s\t%s\t%s\n", t.ID, printable(t.Name), t.Ending, printable(scopes), owner, used, by)
	}
	return w.Flush()
}

func newTokensEdit(a *app) *cobra.Command {
	var (
		name, description string
		scopes            []string
	)
	cmd := &cobra.Command{
		Use:   "edit ID",
		Short: "change name, description or scopes; the token stays the same",
		Args:  arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			var in sandbox.TokenRequest
			if cmd.Flags().Changed("name") {
				in.Name = &name
			}
			if cmd.Flags().Changed("description") {
				in.Description = &description
			}
			in.Scopes = scopes
			return a.askSandbox(cmd.Context(), http.MethodPut, "tokens/"+args[0], in, nil)
		},
	}
	f := cmd.Flags()
	f.StringVar(&name, "name", "", "a new NAME")
	f.StringVar(&description, "description", "", "what it is for")
	f.StringArrayVar(&scopes, "scope", nil, "a SCOPE it has from now on (repeatable)")
	onlyOnCommandLine(f, "name", "description", "scope")
	return cmd
}

func newTokensRotate(a *app) *cobra.Command {
	var now, asJSON bool
	cmd := &cobra.Command{
		Use:   "rotate ID",
		Short: "make a new token; the old one works for 7 days more",
		Args:  arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			var made sandbox.NewToken
			if err := a.askSandbox(cmd.Context(), http.MethodPost, "tokens/"+args[0]+"/rotate", map[string]bool{"now": now}, &made); err != nil {
				return err
			}
			return a.printNewToken(made, asJSON)
		},
	}
	cmd.Flags().BoolVar(&now, "now", false, "end the old token at once")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	onlyOnCommandLine(cmd.Flags(), "now")
	return cmd
}

func newTokensAct(a *app, what, short string) *cobra.Command {
	return &cobra.Command{
		Use: what + " ID", Short: short, Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.askSandbox(cmd.Context(), http.MethodPost, "tokens/"+args[0]+"/"+what, nil, nil)
		},
	}
}

func newTokensDelete(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "delete ID", Short: "delete a private integration: its token ends at once", Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.askSandbox(cmd.Context(), http.MethodDelete, "tokens/"+args[0], nil, nil)
		},
	}
}

func newSandboxClock(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "clock [+SPAN]",
		Short: "show the platform's time, or move it: +8d, +90m, -1h",
		Example: "  taskhook sandbox clock +8d     # the overlap of a rotated token is over\n" +
			"  taskhook sandbox clock +10m    # pending retries follow",
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.sandboxClock(cmd, args, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func (a *app) sandboxClock(cmd *cobra.Command, args []string, asJSON bool) error {
	method, in := http.MethodGet, map[string]time.Duration(nil)
	if len(args) == 1 {
		text, back := strings.CutPrefix(args[0], "-")
		d, err := parseSpan(strings.TrimPrefix(text, "+"))
		if err != nil {
			return usageError(cmd, fmt.Errorf("invalid span %q", args[0]), "want +8d, +90m or -- -1h")
		}
		if back {
			d = -d
		}
		method, in = http.MethodPost, map[string]time.Duration{"advance": d}
	}
	var state sandbox.ClockState
	if err := a.askSandbox(cmd.Context(), method, "clock", in, &state); err != nil {
		return err
	}
	if asJSON {
		return export.Line(a.stdout, struct {
			Kind     string    `json:"kind"`
			Now      time.Time `json:"now"`
			OffsetMS int64     `json:"offsetMs"`
		}{"clock", state.Now, state.Offset.Milliseconds()})
	}
	_, err := fmt.Fprintf(a.stdout, "%s (%s from the real time)\n", state.Now.Local().Format(time.RFC3339), state.Offset)
	return err
}

func newSandboxTrigger(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "trigger TYPE",
		Short:   "send any event of the catalogue, with data from the sandbox",
		Example: "  taskhook sandbox trigger ContactCreate\n  taskhook sandbox trigger InvoicePaid",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, ok := taskee.LookUp(args[0]); !ok {
				hint := "see them: taskhook trigger --list"
				if near := taskee.Nearest(args[0]); near != "" {
					hint = "did you mean " + near + "?"
				}
				return usageError(cmd, fmt.Errorf("there is no event %q", args[0]), hint)
			}
			return a.triggerInSandbox(cmd.Context(), args[0], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func (a *app) triggerInSandbox(ctx context.Context, eventType string, asJSON bool) error {
	var out struct {
		WebhookID string `json:"webhookId"`
	}
	if err := a.askSandbox(ctx, http.MethodPost, "trigger", map[string]string{"type": eventType}, &out); err != nil {
		return err
	}
	if asJSON {
		return export.Line(a.stdout, struct {
			Kind      string `json:"kind"`
			Type      string `json:"type"`
			WebhookID string `json:"webhookId"`
		}{"triggered", eventType, out.WebhookID})
	}
	_, err := fmt.Fprintf(a.stdout, "%s %s\n", eventType, out.WebhookID)
	return err
}
