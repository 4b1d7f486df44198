package sandbox

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// Contact is one contact as it is stored. Times are in milliseconds.
type Contact struct {
	ID         string   `json:"id"`
	LocationID string   `json:"locationId"`
	FirstName  string   `json:"firstName,omitempty"`
	LastName   string   `json:"lastName,omitempty"`
	Email      string   `json:"email,omitempty"`
	Phone      string   `json:"phone,omitempty"`
	Address1   string   `json:"address1,omitempty"`
	City       string   `json:"city,omitempty"`
	State      string   `json:"state,omitempty"`
	Country    string   `json:"country,omitempty"`
	PostalCode string   `json:"postalCode,omitempty"`
	BusinessID string   `json:"businessId,omitempty"`
	Source     string   `json:"source,omitempty"`
	Tags       []string `json:"tags,omitempty"`
	// More are fields of the family's API that the document does not name, as
	// they were sent: custom fields, for one.
	More    map[string]json.RawMessage `json:"more,omitempty"`
	Added   int64                      `json:"added"`
	Updated int64                      `json:"updated"`
}

// textFields are the document's text fields that a client may write, in its
// order.
var textFields = []struct {
	name string
	of   func(c *Contact) *string
}{
	{"firstName", func(c *Contact) *string { return &c.FirstName }},
	{"lastName", func(c *Contact) *string { return &c.LastName }},
	{"email", func(c *Contact) *string { return &c.Email }},
	{"phone", func(c *Contact) *string { return &c.Phone }},
	{"address1", func(c *Contact) *string { return &c.Address1 }},
	{"city", func(c *Contact) *string { return &c.City }},
	{"state", func(c *Contact) *string { return &c.State }},
	{"country", func(c *Contact) *string { return &c.Country }},
	{"postalCode", func(c *Contact) *string { return &c.PostalCode }},
	{"businessId", func(c *Contact) *string { return &c.BusinessID }},
	{"source", func(c *Contact) *string { return &c.Source }},
}

// moreFields are fields of the family's API that the document does not name;
// they are stored and answered as they were sent.
var moreFields = []string{
	"companyName", "website", "timezone", "gender", "dateOfBirth", "dnd", "dndSettings", "inboundDndSettings", "customFields", "assignedTo", "type", "attributionSource", "keywords",
}

// object is a contact as the API answers it: without the text fields that are
// empty.
func (c Contact) object() object {
	out := object{{"id", c.ID}, {"locationId", c.LocationID}}
	for _, f := range textFields {
		if value := *f.of(&c); value != "" {
			out = append(out, member{f.name, value})
		}
	}
	out = append(out, member{"tags", append([]string{}, c.Tags...)}) // never null
	for _, name := range moreFields {
		if raw, has := c.More[name]; has {
			out = append(out, member{name, raw})
		}
	}
	return append(out, member{"dateAdded", apiTime(c.Added)}, member{"dateUpdated", apiTime(c.Updated)})
}

// apiTime writes a time in milliseconds as the document does: without a
// fraction where there is none.
func apiTime(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.999Z") }

// name is the full name.
func (c Contact) name() string { return strings.TrimSpace(c.FirstName + " " + c.LastName) }

// words is what a search looks into: it is stored beside the contact, so a
// change raises the schema. How it is matched is in contactstore.go.
func (c Contact) words() string { return strings.ToLower(c.name() + "\n" + c.Email + "\n" + c.Phone) }

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, mustJSON(m.name)...), ':')
		b = append(b, mustJSON(m.value)...)
	}
	return append(b, '}'), nil
}

// mustJSON writes what can always be written: texts, lists of them, and JSON.
func mustJSON(v any) []byte {
	text, err := marshal(v)
	if err != nil {
		return []byte("null")
	}
	return text
}

// marshal writes JSON without escaping HTML: what was sent as raw JSON stays as
// it is.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
