package cli

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/sandbox"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook/export"
)

func newSandboxTokens(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tokens",
		Short: "manage private integrations and their tokens",
		Example: "  taskhook sandbox tokens create --name reports --scope contacts.readonly\n" +
			"  taskhook sandbox tokens rotate ID            # both work for 7 days\n" +
			"  taskhook sandbox tokens rotate ID --now",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newTokensCreate(a), newTokensList(a), newTokensEdit(a), newTokensRotate(a),
		newSandboxAction(a, "cancel-rotation ID", "keep the old token and end the new one", http.MethodPost, "tokens/%s/cancel-rotation"),
		newSandboxAction(a, "expire-now ID", "end the old token of a rotation now", http.MethodPost, "tokens/%s/expire-now"),
		newSandboxAction(a, "delete ID", "delete a private integration: its token ends at once", http.MethodDelete, "tokens/%s"))
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
		Example: "  taskhook sandbox tokens create --name reports --scope contacts.readonly\n" +
			"  taskhook sandbox tokens create --name sync --agency",
		Args: arguments(cobra.NoArgs),
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
	f.StringVar(&name, "name", "", "the `NAME` of the private integration")
	f.StringVar(&description, "description", "", "a `TEXT` that says what it is for")
	f.StringArrayVar(&in.Scopes, "scope", nil, "give it this `SCOPE` (repeatable; default: all)")
	f.StringVar(&in.LocationID, "location", "", "the `ID` of the location that it belongs to (default: the first)")
	f.BoolVar(&agency, "agency", false, "make it the agency's own")
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
	a.note("copy the token now: it is shown only once")
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
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
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
			used = format.DateTime(t.LastUsed.Local())
		}
		if t.Overdue {
			by += " (overdue)"
		}
		if !t.OldExpires.IsZero() {
			by += "; the old one works until " + format.DateTime(t.OldExpires.Local())
		}
		scopes := strings.Join(t.Scopes, " ")
		if len(t.Scopes) > 3 {
			scopes = fmt.Sprintf("%d scopes", len(t.Scopes))
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\tpit_…%s\t%s\t%s\t%s\t%s\n", t.ID, format.CleanLines(t.Name), t.Ending, format.CleanLines(scopes), owner, used, by)
	}
	return w.Flush()
}

func newTokensEdit(a *app) *cobra.Command {
	var (
		name, description string
		scopes            []string
	)
	cmd := &cobra.Command{
		Use:     "edit ID",
		Short:   "change name, description or scopes; the token stays the same",
		Example: "  taskhook sandbox tokens edit ID --scope contacts.readonly",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			var in sandbox.TokenRequest
			if cmd.Flags().Changed("name") {
				in.Name = &name
			}
			if cmd.Flags().Changed("description") {
				in.Description = &description
			}
			in.Scopes = scopes
			return a.askSandbox(cmd.Context(), http.MethodPut, "tokens/"+url.PathEscape(args[0]), in, nil)
		},
	}
	f := cmd.Flags()
	f.StringVar(&name, "name", "", "a new `NAME`")
	f.StringVar(&description, "description", "", "a `TEXT` that says what it is for")
	f.StringArrayVar(&scopes, "scope", nil, "replace its scopes by this `SCOPE` (repeatable)")
	onlyOnCommandLine(f, "name", "description", "scope")
	return cmd
}

func newTokensRotate(a *app) *cobra.Command {
	var now, asJSON bool
	cmd := &cobra.Command{
		Use:     "rotate ID",
		Short:   "make a new token; the old one works for 7 more days",
		Example: "  taskhook sandbox tokens rotate ID --now",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			var made sandbox.NewToken
			if err := a.askSandbox(cmd.Context(), http.MethodPost, "tokens/"+url.PathEscape(args[0])+"/rotate", map[string]bool{"now": now}, &made); err != nil {
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
