package taskee

import (
	"bytes"
	"encoding/json"
	"maps"
	"strconv"
	"time"
)

// Contact is a contact as the API answers it, under "CRM & Contacts" of the
// document. A field that an answer leaves out, or that is null, is zero.
type Contact struct {
	ID         string `json:"id,omitempty"`
	LocationID string `json:"locationId,omitempty"`
	// Name is the full name. The document has no such field; the family's API
	// may.
	Name       string   `json:"name,omitempty"`
	FirstName  string   `json:"firstName,omitempty"`
	LastName   string   `json:"lastName,omitempty"`
	Email      string   `json:"email,omitempty"`
	Phone      string   `json:"phone,omitempty"` // E.164
	Address1   string   `json:"address1,omitempty"`
	City       string   `json:"city,omitempty"`
	State      string   `json:"state,omitempty"`
	Country    string   `json:"country,omitempty"` // ISO 3166-1 alpha-2
	PostalCode string   `json:"postalCode,omitempty"`
	BusinessID string   `json:"businessId,omitempty"`
	Source     string   `json:"source,omitempty"`
	Tags       []string `json:"tags,omitempty"`
	// CustomFields are shaped as the family's API has them; the document names
	// custom fields and shows none.
	CustomFields []CustomField `json:"customFields,omitempty"`
	DateAdded    time.Time     `json:"dateAdded,omitzero"`   // UTC
	DateUpdated  time.Time     `json:"dateUpdated,omitzero"` // UTC
	// Raw is the object exactly as the API sent it, with the fields that are not
	// named here; nil for a Contact that is not from the API.
	Raw json.RawMessage `json:"-"`
}

// CustomField is the value of a field that a location has defined.
type CustomField struct {
	ID    string `json:"id,omitempty"`
	Key   string `json:"key,omitempty"` // names the field in place of the ID, in a [ContactInput]
	Value any    `json:"value"`         // as encoding/json decodes it
}

// UnmarshalJSON reads a field whose value is named as in the answers of the
// family's API or as in bodies for it: some servers send back what they got.
func (f *CustomField) UnmarshalJSON(data []byte) error {
	var read struct {
		ID    string `json:"id"`
		Key   string `json:"key"`
		Value any    `json:"value"`
		Sent  any    `json:"field_value"`
	}
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	*f = CustomField{ID: read.ID, Key: read.Key, Value: read.Value}
	if read.Value == nil {
		f.Value = read.Sent
	}
	return nil
}

// UnmarshalJSON reads a contact and sets Raw. A time may have any form that the
// platform's events have; one that is not understood is zero.
func (c *Contact) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	type fields Contact // without this method
	read := struct {
		*fields
		DateAdded   json.RawMessage `json:"dateAdded"`
		DateUpdated json.RawMessage `json:"dateUpdated"`
	}{fields: &fields{}}
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	*c = Contact(*read.fields)
	c.DateAdded, c.DateUpdated = parseTime(read.DateAdded).at, parseTime(read.DateUpdated).at
	c.Raw = bytes.Clone(data)
	return nil
}

// ContactInput is the body of a create, update or upsert. Zero fields are left
// out, and an update does not change what is left out. To empty a field, name it
// in Extra.
type ContactInput struct {
	LocationID string   `json:"locationId,omitempty"` // required for create and upsert, not allowed for update
	Name       string   `json:"name,omitempty"`       // the family's API splits it
	FirstName  string   `json:"firstName,omitempty"`
	LastName   string   `json:"lastName,omitempty"`
	Email      string   `json:"email,omitempty"`
	Phone      string   `json:"phone,omitempty"` // E.164, such as +14155552671
	Address1   string   `json:"address1,omitempty"`
	City       string   `json:"city,omitempty"`
	State      string   `json:"state,omitempty"`
	Country    string   `json:"country,omitempty"` // ISO 3166-1 alpha-2, such as US
	PostalCode string   `json:"postalCode,omitempty"`
	BusinessID string   `json:"businessId,omitempty"`
	Source     string   `json:"source,omitempty"` // such as "API" or "import"
	Tags       []string `json:"tags,omitzero"`    // nil: left out; empty: no tags
	// CustomFields are sent with the value as field_value, as the family's API
	// expects it.
	CustomFields []CustomField `json:"-"`
	// Extra are further fields by their names in the API. They take precedence
	// over the fields above.
	Extra map[string]any `json:"-"`
}

// MarshalJSON writes the body. The error is about a value in Extra or
// CustomFields that JSON cannot represent.
func (in ContactInput) MarshalJSON() ([]byte, error) {
	type fields ContactInput // without this method
	type custom struct {
		ID    string `json:"id,omitempty"`
		Key   string `json:"key,omitempty"`
		Value any    `json:"field_value"`
	}
	written := struct {
		fields
		Custom []custom `json:"customFields,omitzero"`
	}{fields: fields(in)}
	for _, f := range in.CustomFields {
		written.Custom = append(written.Custom, custom(f))
	}
	body, err := json.Marshal(written)
	if err != nil || len(in.Extra) == 0 {
		return body, err
	}
	var all map[string]any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if err := dec.Decode(&all); err != nil {
		return nil, err
	}
	maps.Copy(all, in.Extra)
	return json.Marshal(all)
}

// ContactQuery selects contacts of one location.
type ContactQuery struct {
	LocationID string // required
	// Query is searched in names, e-mail addresses and phone numbers; "" for all
	// contacts.
	Query string
	// Limit is how many contacts a page has at most, up to [MaxPageSize]; 0 for
	// [DefaultPageSize].
	Limit int
	// After is where the previous page ended; zero for the first page.
	After Cursor
}

// Cursor is a place in a list of contacts: the last contact of a page, and its
// time. Send both: the family's API ignores one without the other.
type Cursor struct {
	ID   string
	Time time.Time // in milliseconds on the wire
}

// IsZero reports whether this is the beginning of the list.
func (c Cursor) IsZero() bool { return c.ID == "" && c.Time.IsZero() }

func (c Cursor) equal(d Cursor) bool { return c.ID == d.ID && c.Time.Equal(d.Time) }

// Page is one page of contacts.
type Page struct {
	Contacts []Contact
	Total    int    // contacts on all pages; 0 if the API does not say
	Next     Cursor // for [ContactQuery.After]; zero if the API gives none
}

// pageAnswer is a page as the document has it, or as the family's API has it,
// with everything but the contacts under meta.
type pageAnswer struct {
	Contacts []Contact `json:"contacts"`
	pagePlace
	Meta pagePlace `json:"meta"`
}

type pagePlace struct {
	Total        int             `json:"total"`
	StartAfterID string          `json:"startAfterId"`
	StartAfter   json.RawMessage `json:"startAfter"` // a number; some servers send a string
}

func (a pageAnswer) page() Page {
	at := a.pagePlace
	if at.StartAfterID == "" && at.StartAfter == nil && at.Total == 0 {
		at = a.Meta
	}
	p := Page{Contacts: a.Contacts, Total: at.Total, Next: Cursor{ID: at.StartAfterID}}
	text, quoted := unquote(at.StartAfter)
	if !quoted {
		text = string(at.StartAfter)
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		p.Next.Time = time.UnixMilli(n).UTC()
	}
	return p
}
