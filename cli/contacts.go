package cli

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/taskee"
)

func newContactsCommand(a *app) *cobra.Command {
	var f apiFlags
	cmd := &cobra.Command{
		Use:   "contacts",
		Short: "read and write contacts through the API",
		Long: "Read and write contacts through API v2, of the platform or of a sandbox. The token of a private\n" +
			"integration comes from " + envToken + " or --token-file; without one, the project's running sandbox\n" +
			"is used. A token is never printed. Requests that hit the rate limit are sent again.",
		Example: "  taskhook contacts list --all --json | jq -r .email\n" +
			"  taskhook contacts create --email jane@example.com --first-name Jane --tag lead\n" +
			"  taskhook contacts update contact_abc123 --set country=US\n" +
			"  taskhook contacts upsert --from contact.json",
		Args: arguments(cobra.ArbitraryArgs),
		RunE: unknownCommand,
	}
	f.add(cmd)
	cmd.AddCommand(
		newContactsGetCommand(a, &f), newContactsListCommand(a, &f), newContactsByBusinessCommand(a, &f),
		newContactsWriteCommand(a, &f, createContact), newContactsWriteCommand(a, &f, updateContact), newContactsWriteCommand(a, &f, upsertContact),
		newContactsDeleteCommand(a, &f),
	)
	return cmd
}

func newContactsGetCommand(a *app, f *apiFlags) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "get ID",
		Short:   "show one contact",
		Example: "  taskhook contacts get contact_abc123 --json",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.openAPI(cmd, f)
			if err != nil {
				return err
			}
			contact, err := c.Contact(cmd.Context(), args[0])
			if err != nil {
				return a.apiError(c, err)
			}
			return a.printContact(contact, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object, with every field of the API's answer")
	return cmd
}

// pageFlags are the flags of commands that list contacts.
type pageFlags struct {
	limit int
	all   bool
	json  bool
}

func (p *pageFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.IntVar(&p.limit, "limit", 0, fmt.Sprintf("the `NUMBER` of contacts on a page, 1 to %d (default %d; with --all %d)", taskee.MaxPageSize, taskee.DefaultPageSize, taskee.MaxPageSize))
	f.BoolVar(&p.all, "all", false, "list every page")
	f.BoolVar(&p.json, "json", false, "print one JSON object a line, with every field of the API's answer")
	onlyOnCommandLine(f, "limit", "all")
}

func (p *pageFlags) check(cmd *cobra.Command) error {
	if cmd.Flags().Changed("limit") && (p.limit < 1 || p.limit > taskee.MaxPageSize) {
		return usageError(cmd, fmt.Errorf("--limit must be from 1 to %d", taskee.MaxPageSize), "use --all for every contact")
	}
	return nil
}

func newContactsListCommand(a *app, f *apiFlags) *cobra.Command {
	var (
		p     pageFlags
		q     taskee.ContactQuery
		after string
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the contacts of a location",
		Example: "  taskhook contacts list --query jane\n" +
			"  taskhook contacts list --all --json > contacts.jsonl",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := p.check(cmd)
			if err != nil {
				return err
			}
			if q.After.Time, err = parseAfter(after); err != nil {
				return usageError(cmd, err)
			}
			c, err := a.openAPI(cmd, f)
			if err != nil {
				return err
			}
			if q.LocationID, q.Limit = c.location, p.limit; q.LocationID == "" {
				return noLocation(cmd)
			}
			return a.listContacts(cmd.Context(), c, p, q)
		},
	}
	p.add(cmd)
	fl := cmd.Flags()
	fl.StringVar(&q.Query, "query", "", "only contacts with this `TEXT` in the name, e-mail address or phone number")
	fl.StringVar(&q.After.ID, "start-after-id", "", "continue after the contact with this `ID`")
	fl.StringVar(&after, "start-after", "", "continue after this `TIME`, in milliseconds since 1970 as --json prints it, or RFC 3339")
	onlyOnCommandLine(fl, "query", "start-after-id", "start-after")
	return cmd
}

// parseAfter parses a time as a page gives it, or as people write it.
func parseAfter(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 {
		return time.UnixMilli(n), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("invalid --start-after %q: want milliseconds such as 1704873600000, or 2024-01-10T08:00:00Z", text)
	}
	return at, nil
}

func (a *app) listContacts(ctx context.Context, c *api, p pageFlags, q taskee.ContactQuery) error {
	if p.all {
		return a.printAll(c, c.All(ctx, q), p.json)
	}
	page, err := c.Contacts(ctx, q)
	if err != nil {
		return a.apiError(c, err)
	}
	return a.printPage(page, p.json, nextByCursor(page, p.limit))
}

func newContactsByBusinessCommand(a *app, f *apiFlags) *cobra.Command {
	var (
		p    pageFlags
		skip int
	)
	cmd := &cobra.Command{
		Use:     "by-business ID",
		Short:   "list the contacts of a business",
		Example: "  taskhook contacts by-business business_abc123 --all",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := p.check(cmd); err != nil {
				return err
			}
			if skip < 0 {
				return usageError(cmd, errors.New("--skip must not be negative"))
			}
			c, err := a.openAPI(cmd, f)
			if err != nil {
				return err
			}
			if p.all {
				return a.printAll(c, c.AllOfBusiness(cmd.Context(), args[0], p.limit, skip), p.json)
			}
			page, err := c.BusinessContacts(cmd.Context(), args[0], p.limit, skip)
			if err != nil {
				return a.apiError(c, err)
			}
			return a.printPage(page, p.json, nextByCount(page, skip))
		},
	}
	p.add(cmd)
	cmd.Flags().IntVar(&skip, "skip", 0, "skip this `NUMBER` of contacts")
	onlyOnCommandLine(cmd.Flags(), "skip")
	return cmd
}

// printAll prints contacts as they are received, also those before an error.
func (a *app) printAll(c *api, contacts iter.Seq2[taskee.Contact, error], asJSON bool) error {
	w := newContactWriter(a.stdout, asJSON)
	for contact, err := range contacts {
		if err != nil {
			return errors.Join(w.end(), a.apiError(c, err))
		}
		if err := w.contact(contact); err != nil {
			return err
		}
	}
	return w.end()
}

// noLocation is the error of a command that needs a location.
func noLocation(cmd *cobra.Command) error {
	return usageError(cmd, errors.New("the location is missing"), "name it with --location ID or "+envLocation)
}
