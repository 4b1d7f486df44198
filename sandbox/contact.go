package sandbox

import (
	"encoding/json"
	"strings"
	"time"
)

// Contact is one contact as it is kept. Times are in milliseconds.
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

// apiTime writes a time as the document does: without a fraction where there
// is none.
const apiTime = "2006-01-02T15:04:05.999Z"

func apiMoment(ms int64) string { return time.UnixMilli(ms).UTC().Format(apiTime) }

// shown is a contact as the API answers it.
func (c Contact) shown() json.RawMessage {
	type field struct {
		name  string
		value any
		has   bool
	}
	tags := c.Tags
	if tags == nil {
		tags = []string{}
	}
	fields := []field{
		{"id", c.ID, true}, {"locationId", c.LocationID, true},
		{"firstName", c.FirstName, c.FirstName != ""}, {"lastName", c.LastName, c.LastName != ""},
		{"email", c.Email, c.Email != ""}, {"phone", c.Phone, c.Phone != ""},
		{"address1", c.Address1, c.Address1 != ""}, {"city", c.City, c.City != ""}, {"state", c.State, c.State != ""},
		{"country", c.Country, c.Country != ""}, {"postalCode", c.PostalCode, c.PostalCode != ""},
		{"businessId", c.BusinessID, c.BusinessID != ""}, {"source", c.Source, c.Source != ""}, {"tags", tags, true},
	}
	for _, name := range moreFields {
		if raw, has := c.More[name]; has {
			fields = append(fields, field{name, raw, true})
		}
	}
	fields = append(fields, field{"dateAdded", apiMoment(c.Added), true}, field{"dateUpdated", apiMoment(c.Updated), true})
	var b strings.Builder
	b.WriteByte('{')
	for _, f := range fields {
		if !f.has {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.Write(mustJSON(f.name))
		b.WriteByte(':')
		b.Write(mustJSON(f.value))
	}
	b.WriteByte('}')
	return json.RawMessage(b.String())
}

// mustJSON writes what can always be written: texts, lists of them, and JSON.
func mustJSON(v any) []byte {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte("null")
	}
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}

// name is the whole name.
func (c Contact) name() string { return strings.TrimSpace(c.FirstName + " " + c.LastName) }

// words is what a search looks into.
func (c Contact) words() string { return lower(c.name() + "\n" + c.Email + "\n" + c.Phone) }

func lower(s string) string { return strings.ToLower(s) }

// sameTags reports whether two contacts have the same tags.
func sameTags(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
