package cli

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/taskee"
)

func newContactsCommand(a *app) *cobra.Command {
	var f apiFlags
	cmd := &cobra.Command{
		Use:   "contacts",
		Short: "Read and write contacts through the API",
		Long: "Read and write contacts through API v2 of the platform or of a sandbox. The token of a\n" +
			"private integration is read from " + envToken + " or --token-file. Without one, the\n" +
			"project's running sandbox is used. A token is never printed. Requests that hit the rate\n" +
			"limit are sent again.",
		Example: "  taskhook contacts list --all --json | jq -r .email\n" +
			"  taskhook contacts create --email jane@example.com --first-name Jane --tag lead",
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
	return a.withJSON(&cobra.Command{
		Use:     "get ID",
		Short:   "Show one contact",
		Example: "  taskhook contacts get contact_abc123 --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withAPI(cmd, f, func(c *api) error {
				contact, err := c.Contact(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return a.printContact(contact)
			})
		},
	}, "print one JSON object, with every field that the API answers")
}

// contactLines is the usage of --json where contacts are listed.
const contactLines = "print one JSON object per line, with every field that the API answers"

// pageFlags are the flags of commands that list contacts.
type pageFlags struct {
	limit int
	all   bool
}

func (p *pageFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	addNumber(f, &p.limit, "limit", 1, taskee.MaxPageSize, fmt.Sprintf("list `N` contacts a page, at most %[1]d (default %[2]d; with --all %[1]d)", taskee.MaxPageSize, taskee.DefaultPageSize))
	f.BoolVar(&p.all, "all", false, "list every page")
}

func newContactsListCommand(a *app, f *apiFlags) *cobra.Command {
	var (
		p pageFlags
		q taskee.ContactQuery
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the contacts of a location",
		Example: "  taskhook contacts list --query jane\n" +
			"  taskhook contacts list --all --json > contacts.jsonl",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withAPI(cmd, f, func(c *api) error {
				if q.LocationID, q.Limit = c.location, p.limit; q.LocationID == "" {
					return noLocation(cmd)
				}
				if p.all {
					return a.printContacts(c.All(cmd.Context(), q))
				}
				page, err := c.Contacts(cmd.Context(), q)
				if err != nil {
					return err
				}
				return a.printPage(page, nextByCursor(page, p.limit))
			})
		},
	}
	p.add(cmd)
	fl := cmd.Flags()
	fl.StringVar(&q.Query, "query", "", "only contacts with `TEXT` in the name, e-mail address or phone number")
	fl.StringVar(&q.After.ID, "start-after-id", "", "continue after the contact `ID`")
	addParsed(fl, &q.After.Time, "start-after", "", "continue after `TIME`, in milliseconds since 1970 (as --json prints it) or RFC 3339", parseAfter)
	onlyOnCommandLine(fl)
	return a.withJSON(cmd, contactLines)
}

// parseAfter parses a time as a page gives it, or as people write it.
func parseAfter(text string) (time.Time, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n >= 0 {
		return time.UnixMilli(n), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, errors.New("want milliseconds such as 1704873600000, or 2024-01-10T08:00:00Z")
	}
	return at, nil
}

func newContactsByBusinessCommand(a *app, f *apiFlags) *cobra.Command {
	var (
		p    pageFlags
		skip int
	)
	cmd := &cobra.Command{
		Use:     "by-business ID",
		Short:   "List the contacts of a business",
		Example: "  taskhook contacts by-business business_abc123 --all",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withAPI(cmd, f, func(c *api) error {
				if p.all {
					return a.printContacts(c.AllOfBusiness(cmd.Context(), args[0], p.limit, skip))
				}
				page, err := c.BusinessContacts(cmd.Context(), args[0], p.limit, skip)
				if err != nil {
					return err
				}
				return a.printPage(page, nextByCount(page, skip))
			})
		},
	}
	p.add(cmd)
	addNumber(cmd.Flags(), &skip, "skip", 0, math.MaxInt, "skip the first `N` contacts")
	onlyOnCommandLine(cmd.Flags())
	return a.withJSON(cmd, contactLines)
}

// noLocation is the error of a command that needs a location.
func noLocation(cmd *cobra.Command) error {
	return usageError(cmd, errors.New("the location is missing"), "name it with --location ID or "+envLocation)
}
