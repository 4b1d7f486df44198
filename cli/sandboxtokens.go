package cli

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/sandbox"
	"github.com/taskhook/taskhook/taskee"
)

func newSandboxTokens(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tokens",
		Short: "Manage private integrations and their tokens",
		Example: "  taskhook sandbox tokens create --name reports --scope contacts.readonly\n" +
			"  taskhook sandbox tokens rotate ID            # both tokens work for 7 days",
	}
	cmd.AddCommand(newTokensCreate(a), newTokensList(a), newTokensEdit(a), newTokensRotate(a),
		newSandboxAction(a, "tokens", "cancel-rotation ID", "Keep the old token and end the new one", http.MethodPost, "tokens/%s/cancel-rotation", "cancelled the rotation of %s"),
		newSandboxAction(a, "tokens", "expire-now ID", "End the old token of a rotation now", http.MethodPost, "tokens/%s/expire-now", "ended the old token of %s"),
		newSandboxAction(a, "tokens", "delete ID", "Delete a private integration and its token", http.MethodDelete, "tokens/%s", "deleted %s"))
	return cmd
}

func newTokensCreate(a *app) *cobra.Command {
	var (
		in                sandbox.TokenRequest
		name, description string
		agency            bool
	)
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a private integration, and show its token once",
		Example: "  taskhook sandbox tokens create --name reports --scope contacts.readonly\n" +
			"  taskhook sandbox tokens create --name sync --agency",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.openSandbox()
			if err != nil {
				return err
			}
			in.Name, in.Description = &name, &description
			if in.LocationID == "" && !agency {
				in.LocationID = c.LocationID
			}
			if in.Scopes == nil {
				in.Scopes = taskee.Scopes()
			}
			var made sandbox.NewToken
			if err := c.ask(cmd.Context(), http.MethodPost, "tokens", in, &made); err != nil {
				return err
			}
			return a.printNewToken(made)
		},
	}
	f := cmd.Flags()
	f.StringVar(&name, "name", "", "give it this `NAME`")
	f.StringVar(&description, "description", "", "set its description to `TEXT`")
	f.StringArrayVar(&in.Scopes, "scope", nil, "give it `SCOPE` (repeatable; default: all)")
	f.StringVar(&in.LocationID, "location", "", "make it belong to the location `ID` (default: the first)")
	f.BoolVar(&agency, "agency", false, "make it belong to the agency")
	onlyOnCommandLine(f)
	return a.withJSON(cmd, "print one JSON object")
}

func (a *app) printNewToken(made sandbox.NewToken) error {
	if !a.json {
		a.note("copy the token now: it is shown only once")
	}
	return a.print("token", made, "%s", made.Secret)
}

func newTokensList(a *app) *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:     "list",
		Short:   "List private integrations",
		Example: "  taskhook sandbox tokens list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var all []sandbox.Token
			if err := a.askSandbox(cmd.Context(), http.MethodGet, "tokens", nil, &all); err != nil {
				return err
			}
			return a.printTokens(all)
		},
	}, "print one JSON object per line")
}

func (a *app) printTokens(all []sandbox.Token) error {
	heads := []string{"ID", "NAME", "TOKEN", "SCOPES", "BELONGS TO", "LAST USED", "ROTATE BY"}
	return printList(a, "token", all, heads, func(t sandbox.Token) []string {
		used, by := "never", t.RotateBy.Local().Format(time.DateOnly)
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
		return []string{t.ID, t.Name, "pit_…" + t.Ending, scopes, cmp.Or(t.LocationID, "the agency"), used, by}
	})
}

func newTokensEdit(a *app) *cobra.Command {
	var (
		name, description string
		scopes            []string
	)
	cmd := &cobra.Command{
		Use:     "edit ID",
		Short:   "Change the name, description or scopes of a private integration",
		Example: "  taskhook sandbox tokens edit ID --scope contacts.readonly",
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
	f.StringVar(&name, "name", "", "rename it to `NAME`")
	f.StringVar(&description, "description", "", "set its description to `TEXT`")
	f.StringArrayVar(&scopes, "scope", nil, "replace its scopes by `SCOPE` (repeatable)")
	onlyOnCommandLine(f)
	return cmd
}

func newTokensRotate(a *app) *cobra.Command {
	var now bool
	cmd := &cobra.Command{
		Use:     "rotate ID",
		Short:   "Replace a token; the old one works for 7 more days",
		Example: "  taskhook sandbox tokens rotate ID --now",
		RunE: func(cmd *cobra.Command, args []string) error {
			var made sandbox.NewToken
			if err := a.askSandbox(cmd.Context(), http.MethodPost, "tokens/"+url.PathEscape(args[0])+"/rotate", map[string]bool{"now": now}, &made); err != nil {
				return err
			}
			return a.printNewToken(made)
		},
	}
	cmd.Flags().BoolVar(&now, "now", false, "end the old token at once")
	onlyOnCommandLine(cmd.Flags())
	return a.withJSON(cmd, "print one JSON object")
}
