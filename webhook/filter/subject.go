package filter

import (
	"strings"

	"github.com/taskhook/taskhook/jsjson"
)

// subject is whom an event is about, as its payload says.
type subject struct{ location, contact string } // their IDs; "" where it says none

// about reads the subject, once an event.
func (c *candidate) about() subject {
	if !c.subjectRead {
		c.subject, c.subjectRead = subjectOf(c.body.raw, c.row.Type), true
	}
	return c.subject
}

// subjectOf reads a body in either shape: what is not beside the type is looked
// for under data. Of JSON that breaks off the part before that counts.
func subjectOf(body []byte, eventType string) subject {
	f, data := readSubject(body)
	deeper, _ := readSubject(data)
	for i := range f {
		if f[i] == nil {
			f[i] = deeper[i]
		}
	}
	s := subject{location: identifier(f[fieldLocationID])}
	for _, raw := range [...][]byte{
		f[fieldContactID],
		member(f[fieldContact], "id"),
		member(f[fieldContactDetails], "id"),
		member(f[fieldAppointment], "contactId"),
	} {
		if s.contact == "" {
			s.contact = identifier(raw)
		}
	}
	if s.contact == "" && strings.HasPrefix(eventType, "Contact") {
		s.contact = identifier(f[fieldID])
	}
	return s
}

// The fields of a payload that say whom it is about.
const (
	fieldLocationID = iota
	fieldContactID
	fieldContact
	fieldContactDetails
	fieldAppointment
	fieldID
	subjectFields
)

// readSubject returns the fields of an object as they are written, nil for those
// it does not have, and what is under data.
func readSubject(object []byte) (f [subjectFields][]byte, data []byte) {
	for k, v := range jsjson.Members(object) {
		switch string(k) {
		case "locationId":
			f[fieldLocationID] = v
		case "contactId":
			f[fieldContactID] = v
		case "contact":
			f[fieldContact] = v
		case "contactDetails":
			f[fieldContactDetails] = v
		case "appointment":
			f[fieldAppointment] = v
		case "id":
			f[fieldID] = v
		case "data":
			data = v
		}
	}
	return f, data
}

// member is a value in an object, nil if there is none.
func member(object []byte, name string) (value []byte) {
	for k, v := range jsjson.Members(object) {
		if string(k) == name {
			value = v
		}
	}
	return value
}

// maxIdentifier is how long an ID can be, in bytes.
const maxIdentifier = 256

// identifier reads a text or a number as an ID; anything else is none.
func identifier(raw []byte) string {
	switch {
	case len(raw) == 0 || len(raw) > maxIdentifier:
		return ""
	case raw[0] == '"':
		return string(jsjson.Unquote(raw))
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		return string(raw)
	}
	return ""
}
