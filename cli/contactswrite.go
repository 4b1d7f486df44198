package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// contactWrite is what a command does to one contact.
type contactWrite int

const (
	createContact contactWrite = iota
	updateContact
	upsertContact
)

type fieldFlag struct{ flag, field, usage string }

// fieldFlags are the flags for fields of a contact.
var fieldFlags = []fieldFlag{
	{"email", "email", "set the e-mail `ADDRESS`"},
	{"phone", "phone", "set the phone `NUMBER`, in E.164 form such as +14155552671"},
	{"first-name", "firstName", "set the first `NAME`"},
	{"last-name", "lastName", "set the last `NAME`"},
	{"name", "name", "set the full `NAME`, a field that the API document does not have"},
	{"address1", "address1", "set the street `ADDRESS`"},
	{"city", "city", "set the `CITY`"},
	{"state", "state", "set the `STATE` or province"},
	{"country", "country", "set the country by its two `LETTERS`, such as US"},
	{"postal-code", "postalCode", "set the postal or ZIP `CODE`"},
	{"business-id", "businessId", "make the contact belong to the business `ID`"},
	{"source", "source", "set the `SOURCE` of the contact, such as import"},
}

// contactFlags are the flags that make a contact's fields.
type contactFlags struct {
	values map[string]*string // by the name of the flag
	tags   []string
	edits  []webhook.Edit // those of --set and --set-json
	from   string
}

func (f *contactFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	f.values = map[string]*string{}
	for _, field := range fieldFlags {
		f.values[field.flag] = fl.String(field.flag, "", field.usage)
	}
	fl.StringArrayVar(&f.tags, "tag", nil, "set `TAG` (repeatable); an update replaces all tags")
	addEdits(fl, &f.edits)
	fl.StringVar(&f.from, "from", "", "start from the JSON object in `FILE` (- for standard input)")
	onlyOnCommandLine(fl)
}

// newContactsWriteCommand makes the command create, update or upsert.
func newContactsWriteCommand(a *app, f *apiFlags, what contactWrite) *cobra.Command {
	var in contactFlags
	cmd := &cobra.Command{
		RunE: func(cmd *cobra.Command, args []string) error { return a.writeContact(cmd, f, &in, what, args) },
	}
	switch what {
	case createContact:
		cmd.Use, cmd.Short = "create", "Create a contact"
		cmd.Example = "  taskhook contacts create --email jane@example.com --first-name Jane --tag lead\n" +
			"  taskhook contacts create --from contact.json --set source=import"
	case updateContact:
		cmd.Use, cmd.Short = "update ID", "Change fields of a contact"
		cmd.Long = "Change fields of a contact and leave the others as they are. An empty text empties a\n" +
			"field; --set tags=[] removes all tags."
		cmd.Example = "  taskhook contacts update contact_abc123 --last-name Smith --tag lead --tag newsletter"
	case upsertContact:
		cmd.Use, cmd.Short = "upsert", "Update the contact with an e-mail address or phone number, or create it"
		cmd.Long = "Update the contact with the same e-mail address or phone number, or create one. Which of\n" +
			"the two counts is a setting of the location."
		cmd.Example = "  taskhook contacts upsert --email jane@example.com --phone +14155552671"
	}
	in.add(cmd)
	return a.withJSON(cmd, "print one JSON object, with every field that the API answers")
}

func (a *app) writeContact(cmd *cobra.Command, f *apiFlags, in *contactFlags, what contactWrite, args []string) error {
	fields, err := a.contactFields(cmd, in)
	if err != nil {
		return err
	}
	if len(fields) == 0 {
		return usageError(cmd, errors.New("no fields are given"), "name one, such as --email jane@example.com, or a file with --from FILE")
	}
	return a.withAPI(cmd, f, func(c *api) error { return a.sendContact(cmd, c, what, args, fields) })
}

// sendContact has the API write fields of a contact.
func (a *app) sendContact(cmd *cobra.Command, c *api, what contactWrite, args []string, fields map[string]any) error {
	input := taskee.ContactInput{Extra: fields}
	if what != updateContact {
		// The command line takes precedence over the file, and that over a
		// variable.
		if cmd.Flags().Changed("location") && !a.fromEnv["location"] {
			delete(fields, "locationId")
		}
		input.LocationID = c.location
		if _, named := fields["locationId"]; !named && c.location == "" {
			return noLocation(cmd)
		}
	}
	var (
		contact taskee.Contact
		isNew   bool
		err     error
	)
	switch what {
	case createContact:
		contact, err = c.CreateContact(cmd.Context(), input)
	case updateContact:
		contact, err = c.UpdateContact(cmd.Context(), args[0], input)
	case upsertContact:
		contact, isNew, err = c.UpsertContact(cmd.Context(), input)
	}
	switch {
	case err != nil:
		return err
	case what != upsertContact:
	case a.json:
		return contactLine(a.stdout, contact, map[string]bool{"new": isNew})
	case isNew:
		a.note("created %s", contact.ID)
	default:
		a.note("updated %s", contact.ID)
	}
	return a.printContact(contact)
}

// contactFields returns the fields that a file and the flags give: flags take
// precedence over the file, and --set over both.
func (a *app) contactFields(cmd *cobra.Command, in *contactFlags) (map[string]any, error) {
	body := []byte("{}")
	if in.from != "" {
		var err error
		if body, err = a.readInput(in.from); err != nil {
			return nil, withHint(err, "name a file that holds a JSON object, or - for standard input")
		}
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(body, &given); err != nil || given == nil {
		return nil, usageError(cmd, fmt.Errorf("--from %s: want one JSON object", in.from), "for example: {\"email\":\"jane@example.com\",\"tags\":[\"lead\"]}")
	}
	edits, err := in.changes(cmd)
	if err != nil {
		return nil, err
	}
	if body, _, err = taskee.EditAll(body, edits); err != nil {
		return nil, usageError(cmd, err)
	}
	edited := map[string]json.RawMessage{}
	if err := json.Unmarshal(body, &edited); err != nil {
		return nil, err
	}
	all := make(map[string]any, len(edited))
	for name, value := range edited {
		all[name] = value
	}
	return all, nil
}

// changes are what the flags change, in the order of their precedence.
func (f *contactFlags) changes(cmd *cobra.Command) ([]webhook.Edit, error) {
	var edits []webhook.Edit
	text := func(field, value string) webhook.Edit {
		return webhook.Edit{Path: field, Value: string(jsjson.Quote(value)), JSON: true}
	}
	for _, field := range fieldFlags {
		if cmd.Flags().Changed(field.flag) {
			edits = append(edits, text(field.field, *f.values[field.flag]))
		}
	}
	if len(f.tags) > 0 {
		tags, err := json.Marshal(f.tags)
		if err != nil {
			return nil, err
		}
		edits = append(edits, webhook.Edit{Path: "tags", Value: string(tags), JSON: true})
	}
	for _, e := range f.edits {
		// The API wants a text here, whatever it looks like.
		if !e.JSON && !e.Unset && slices.ContainsFunc(fieldFlags, func(field fieldFlag) bool { return field.field == e.Path }) {
			e = text(e.Path, e.Value)
		}
		edits = append(edits, e)
	}
	return edits, nil
}

func newContactsDeleteCommand(a *app, f *apiFlags) *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:     "delete ID…",
		Short:   "Delete contacts for good",
		Long:    "Delete contacts for good, one after the other. One that cannot be deleted does not stop\nthe others.",
		Example: "  taskhook contacts delete contact_abc123 contact_new456",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withAPI(cmd, f, func(c *api) error { return a.deleteContacts(cmd.Context(), c, args) })
		},
	}, "print one JSON object per line")
}

func (a *app) deleteContacts(ctx context.Context, c *api, ids []string) error {
	failed := false
	for _, id := range ids {
		err := c.DeleteContact(ctx, id)
		var answered *taskee.APIError
		switch {
		case errors.As(err, &answered) && (answered.Status == http.StatusBadRequest || answered.Status == http.StatusNotFound):
			failed = true // the others may exist
			a.report(a.apiError(c, err))
		case err != nil:
			return err
		default:
			if err := a.print("deletedContact", map[string]string{"id": id}, "deleted %s", id); err != nil {
				return err
			}
		}
	}
	if failed {
		return errReported
	}
	return nil
}
