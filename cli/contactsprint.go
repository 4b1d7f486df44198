package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/taskee"
)

// printContacts prints contacts as they are received, also those before an
// error: as a table, or as JSON lines with every field of the API's answer.
func (a *app) printContacts(contacts iter.Seq2[taskee.Contact, error]) error {
	lines := bufio.NewWriter(a.stdout)
	rows := newTable(a.stdout, "ID", "NAME", "E-MAIL", "PHONE", "TAGS", "ADDED")
	end := rows.end
	if a.json {
		end = lines.Flush
	}
	for c, err := range contacts {
		if err != nil {
			return errors.Join(end(), err)
		}
		if a.json {
			if err := contactLine(lines, c); err != nil {
				return err
			}
			continue
		}
		added := ""
		if !c.DateAdded.IsZero() {
			added = format.DateTime(c.DateAdded.Local())
		}
		rows.row(c.ID, contactName(c), c.Email, c.Phone, strings.Join(c.Tags, ", "), added)
	}
	return end()
}

func contactName(c taskee.Contact) string {
	if name := strings.TrimSpace(c.FirstName + " " + c.LastName); name != "" {
		return name
	}
	return c.Name
}

// contactLine writes a contact as one line: more members, then the fields as the
// API spelled them.
func contactLine(w io.Writer, c taskee.Contact, more ...any) error {
	fields := c.Raw
	if !bytes.HasPrefix(fields, []byte("{")) { // there was a null in place of the contact
		fields = []byte("{}")
	}
	return printLine(w, "contact", append(more, fields)...)
}

// printContact prints one contact with every field that the API answered.
func (a *app) printContact(c taskee.Contact) error {
	if a.json {
		return contactLine(a.stdout, c)
	}
	t := newTable(a.stdout)
	for key, raw := range jsjson.Members(c.Raw) {
		if value := fieldWords(raw); value != "" {
			t.row(string(key), value)
		}
	}
	return t.end()
}

// fieldWords is a JSON value as people read it: a text without quotes, a list
// of texts separated by commas, nothing for null.
func fieldWords(raw []byte) string {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return one // "" for null too
	}
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return strings.Join(list, ", ")
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return string(raw)
	}
	return b.String()
}

// printPage prints one page. next are the flags for the page after it, "" if it
// is the last.
func (a *app) printPage(p taskee.Page, next string) error {
	err := a.printContacts(func(yield func(taskee.Contact, error) bool) {
		for _, c := range p.Contacts {
			if !yield(c, nil) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	switch {
	case a.json:
		return printLine(a.stdout, "page", struct {
			Total        int    `json:"total"`
			StartAfterID string `json:"startAfterId,omitempty"`
			StartAfter   int64  `json:"startAfter,omitempty"`
		}{p.Total, p.Next.ID, milliseconds(p.Next.Time)})
	case len(p.Contacts) == 0:
		a.note("no contacts match")
	case next != "":
		a.note("%s of %d; continue with %s, or list all with --all", format.Plural(len(p.Contacts), "contact", "contacts"), p.Total, next)
	}
	return nil
}

// nextByCursor returns the flags for the page after one of at most limit
// contacts: a page that is not full is the last.
func nextByCursor(p taskee.Page, limit int) string {
	if len(p.Contacts) < cmp.Or(limit, taskee.DefaultPageSize) || p.Next.IsZero() || len(p.Contacts) == p.Total {
		return ""
	}
	flags := "--start-after-id " + p.Next.ID
	if !p.Next.Time.IsZero() {
		flags += fmt.Sprintf(" --start-after %d", milliseconds(p.Next.Time))
	}
	return flags
}

// nextByCount returns the flags for the page after one that skipped contacts.
func nextByCount(p taskee.Page, skip int) string {
	if at := skip + len(p.Contacts); at < p.Total {
		return fmt.Sprintf("--skip %d", at)
	}
	return ""
}

// milliseconds is a time as cursors have it, 0 for none.
func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
