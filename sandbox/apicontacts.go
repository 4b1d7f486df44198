package sandbox

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
)

// newContactID makes an ID of the platform's form.
func newContactID() string {
	return newID(rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))) //nolint:gosec // an ID, no secret
}

// noContact is what the document answers for a contact that is not there, or
// that is another location's.
func noContact(id string) error {
	return refuse(http.StatusBadRequest, "Contact with id %s not found", id)
}

// own reads the contact of the path, if the token reaches its location.
func (c *call) own(t *txn) (Contact, error) {
	one, err := t.contact(c.id)
	if errors.Is(err, errAbsent) || err == nil && !c.reaches(one.LocationID) {
		return one, noContact(c.id)
	}
	return one, err
}

// oneContact is GET /contacts/{contactId}.
func (c *call) oneContact() (any, error) {
	var one Contact
	err := c.s.view(func(t *txn) (err error) { one, err = c.own(t); return err })
	return object{{"contact", one.shown()}}, err
}

// write changes one contact in a transaction, which may run more than once,
// and tells those that stand beside the store: the search and the deliveries.
func (c *call) write(change func(t *txn) (Contact, error)) (Contact, error) {
	var one Contact
	err := c.s.update(c.r.Context(), func(t *txn) (err error) { one, err = change(t); return err })
	if err != nil {
		return one, err
	}
	err = c.s.reindex(one) // first: a receiver may search for what it is told
	c.s.alarm()
	return one, err
}

// createContact is POST /contacts/.
func (c *call) createContact() (any, error) {
	in, err := c.body()
	if err != nil {
		return nil, err
	}
	if err := invalid(in.check(true)); err != nil {
		return nil, err
	}
	made, err := c.write(func(t *txn) (Contact, error) {
		l, err := c.mine(t, in.locationID)
		if err != nil {
			return Contact{}, err
		}
		if err := t.refuseDuplicate(l, in, ""); err != nil {
			return Contact{}, err
		}
		return c.insert(t, in)
	})
	return object{{"contact", made.shown()}}, err
}

// refuseDuplicate holds the location's setting: what is written must not be
// another contact's, except for one, the contact itself.
func (t *txn) refuseDuplicate(l Location, in *input, except string) error {
	if l.Duplicates.Allow {
		return nil
	}
	other, by, err := t.duplicate(l, in.texts["email"], in.texts["phone"], except)
	switch {
	case errors.Is(err, errAbsent):
		return nil
	case err != nil:
		return err
	}
	return duplicated(other, by)
}

// duplicated is the answer to a create or update that hits another contact, in the
// family's words.
func duplicated(other Contact, by string) error {
	e := refuse(http.StatusBadRequest, "This location does not allow duplicated contacts.")
	e.Meta = map[string]string{"contactId": other.ID, "contactName": other.name(), "matchingField": by}
	return e
}

// insert makes a contact of a body and records the event.
func (c *call) insert(t *txn, in *input) (Contact, error) {
	made := Contact{ID: newContactID(), LocationID: in.locationID, Added: ms(c.at), Updated: ms(c.at)}
	in.apply(&made)
	if err := t.putContact(&made, nil); err != nil {
		return made, err
	}
	return made, c.emit(t, "ContactCreate", made)
}

// updateContact is PUT /contacts/{contactId}.
func (c *call) updateContact() (any, error) {
	in, err := c.body()
	if err != nil {
		return nil, err
	}
	if err := invalid(in.check(false)); err != nil {
		return nil, err
	}
	after, err := c.write(func(t *txn) (Contact, error) {
		before, err := c.own(t)
		if err != nil {
			return before, err
		}
		l, err := t.location(before.LocationID)
		if err != nil {
			return before, err
		}
		if err := t.refuseDuplicate(l, in, before.ID); err != nil {
			return before, err
		}
		return c.overwrite(t, before, in)
	})
	return object{{"contact", after.shown()}}, err
}

// overwrite changes a contact and records the events: a change of tags fires
// two, as on the platform. An update that changes nothing fires one all the
// same: the document says nothing else.
func (c *call) overwrite(t *txn, before Contact, in *input) (Contact, error) {
	after := before
	in.apply(&after)
	after.Updated = ms(c.at)
	if err := t.putContact(&after, &before); err != nil {
		return after, err
	}
	if err := c.emit(t, "ContactUpdate", after); err != nil {
		return after, err
	}
	if sameTags(before.Tags, after.Tags) {
		return after, nil
	}
	return after, c.emit(t, "ContactTagUpdate", after)
}

// removeContact is DELETE /contacts/{contactId}.
func (c *call) removeContact() (any, error) {
	_, err := c.write(func(t *txn) (Contact, error) {
		gone, err := c.own(t)
		if err != nil {
			return gone, err
		}
		if err := t.deleteContact(gone); err != nil {
			return gone, err
		}
		return gone, c.emit(t, "ContactDelete", gone)
	})
	return object{{"succeeded", true}}, err
}

// upsertContact is POST /contacts/upsert. Where two contacts match by one
// field each, the first field of the location's order wins, and the other
// field is not copied over. Where duplicates are allowed it always creates.
func (c *call) upsertContact() (any, error) {
	in, err := c.body()
	if err != nil {
		return nil, err
	}
	if err := invalid(in.check(true)); err != nil {
		return nil, err
	}
	created := false
	after, err := c.write(func(t *txn) (Contact, error) {
		l, err := c.mine(t, in.locationID)
		if err != nil {
			return Contact{}, err
		}
		before, by, err := Contact{}, "", errAbsent
		if !l.Duplicates.Allow {
			before, by, err = t.duplicate(l, in.texts["email"], in.texts["phone"], "")
		}
		if created = errors.Is(err, errAbsent); created {
			return c.insert(t, in)
		}
		if err != nil {
			return before, err
		}
		changed, err := t.withoutConflict(l, in, before, by)
		if err != nil {
			return before, err
		}
		return c.overwrite(t, before, changed)
	})
	return object{{"contact", after.shown()}, {"new", created}}, err
}

// withoutConflict leaves the other field out when it is another contact's.
// A location that checks one field alone lets the other be shared.
func (t *txn) withoutConflict(l Location, in *input, before Contact, by string) (*input, error) {
	if len(l.Duplicates.order()) < 2 {
		return in, nil
	}
	other := "phone"
	if by == "phone" {
		other = "email"
	}
	email, phone := in.texts["email"], in.texts["phone"]
	if other == "email" {
		phone = ""
	} else {
		email = ""
	}
	both := l
	both.Duplicates.Check = nil
	_, _, err := t.duplicate(both, email, phone, before.ID)
	if errors.Is(err, errAbsent) {
		return in, nil
	}
	out := *in
	out.texts = map[string]string{}
	for name, value := range in.texts {
		if name != other {
			out.texts[name] = value
		}
	}
	return &out, err
}

// The limits of a page.
const (
	pageDefault = 25
	pageMost    = 100
)

// limit reads the size of a page.
func limit(q url.Values) (int, error) {
	if !q.Has("limit") {
		return pageDefault, nil
	}
	n, err := strconv.Atoi(q.Get("limit"))
	if err != nil || n < 1 || n > pageMost {
		return 0, refuse(http.StatusBadRequest, "limit must be a number from 1 to %d", pageMost)
	}
	return n, nil
}

// listContacts is GET /contacts/: the newest first, each page after a cursor.
func (c *call) listContacts() (any, error) {
	q := c.r.URL.Query()
	location := q.Get("locationId")
	if location == "" || !validID(location) {
		return nil, refuse(http.StatusBadRequest, "locationId is missing or invalid")
	}
	size, err := limit(q)
	if err != nil {
		return nil, err
	}
	var after cursor
	err = c.s.view(func(t *txn) (err error) {
		if _, err = c.mine(t, location); err == nil {
			after, err = t.cursor(q)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	places, total := c.s.contacts.page(location, q.Get("query"), after, size)
	shown := []json.RawMessage{}
	err = c.s.view(func(t *txn) error {
		for _, p := range places {
			one, err := t.contact(p.id)
			if errors.Is(err, errAbsent) {
				continue // deleted since
			}
			if err != nil {
				return err
			}
			shown = append(shown, one.shown())
		}
		return nil
	})
	out := object{{"contacts", shown}, {"total", total}}
	if n := len(places); n > 0 {
		out = append(out, member{"startAfterId", places[n-1].id}, member{"startAfter", places[n-1].added})
	}
	return out, err
}

// cursor reads where a page begins. With both parameters it is that place,
// also when the contact there was deleted; with the ID alone it is where that
// contact stands or stood; with the time alone, after all of that time.
func (t *txn) cursor(q url.Values) (cursor, error) {
	id, text := q.Get("startAfterId"), q.Get("startAfter")
	at := cursor{id: id, set: id != "" || text != ""}
	if id != "" && !validID(id) {
		return at, refuse(http.StatusBadRequest, "startAfterId is no id")
	}
	if text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 {
			return at, refuse(http.StatusBadRequest, "startAfter must be a time in milliseconds")
		}
		at.added = n
		return at, nil
	}
	if id == "" {
		return at, nil
	}
	one, err := t.contact(id)
	switch {
	case err == nil:
		at.added = one.Added
	case !errors.Is(err, errAbsent):
		return at, err
	default:
		stood := t.in(bucketGone).Get([]byte(id))
		if stood == nil {
			return at, refuse(http.StatusBadRequest, "startAfterId: contact with id %s not found", id)
		}
		at.added = unstamp(stood)
	}
	return at, nil
}

// contactsOfBusiness is GET /contacts/business/{businessId}.
func (c *call) contactsOfBusiness() (any, error) {
	q := c.r.URL.Query()
	size, err := limit(q)
	if err != nil {
		return nil, err
	}
	skip := 0
	if q.Has("skip") {
		if skip, err = strconv.Atoi(q.Get("skip")); err != nil || skip < 0 {
			return nil, refuse(http.StatusBadRequest, "skip must be a number of 0 or more")
		}
	}
	shown := []json.RawMessage{}
	total := 0
	err = c.s.view(func(t *txn) error {
		for k := range t.each(bucketBusiness, append([]byte(c.id), 0)) {
			one, err := t.contact(string(k[len(c.id)+1+8:]))
			if err != nil {
				return err
			}
			if !c.reaches(one.LocationID) {
				continue
			}
			if total++; total > skip && len(shown) < size {
				shown = append(shown, one.shown())
			}
		}
		return nil
	})
	return object{{"contacts", shown}, {"total", total}}, err
}
