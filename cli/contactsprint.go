package cli

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/taskee"
)

// contactWriter writes contacts as a table, or as JSON lines with every field
// of the API's answer.
type contactWriter struct {
	json  bool
	lines *bufio.Writer
	rows  table
}

func newContactWriter(w io.Writer, asJSON bool) *contactWriter {
	c := &contactWriter{json: asJSON, lines: bufio.NewWriter(w)}
	if !asJSON {
		c.rows = newTable(c.lines, "ID", "NAME", "E-MAIL", "PHONE", "TAGS", "ADDED")
	}
	return c
}

func (w *contactWriter) contact(c taskee.Contact) error {
	if w.json {
		return contactLine(w.lines, c)
	}
	added := ""
	if !c.DateAdded.IsZero() {
		added = format.DateTime(c.DateAdded.Local())
	}
	w.rows.row(c.ID, contactName(c), c.Email, c.Phone, strings.Join(c.Tags, ", "), added)
	return nil
}

// end writes what is still buffered.
func (w *contactWriter) end() error {
	if !w.json {
		if err := w.rows.end(); err != nil {
			return err
		}
	}
	return w.lines.Flush()
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
func (a *app) printContact(c taskee.Contact, asJSON bool) error {
	if asJSON {
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
func (a *app) printPage(p taskee.Page, asJSON bool, next string) error {
	w := newContactWriter(a.stdout, asJSON)
	for _, c := range p.Contacts {
		if err := w.contact(c); err != nil {
			return err
		}
	}
	if err := w.end(); err != nil {
		return err
	}
	switch {
	case asJSON:
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
