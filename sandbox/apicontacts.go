package sandbox

import (
	"errors"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/taskhook/taskhook/taskee"
)

// contact reads the contact of the path, and refuses one that does not exist or
// that the token does not reach.
func (c *call) contact(t *txn) (Contact, error) {
	one, err := t.contact(c.id)
	if errors.Is(err, errAbsent) || err == nil && !c.reaches(one.LocationID) {
		return one, refuse(http.StatusBadRequest, "Contact with id %s not found", c.id)
	}
	return one, err
}

// oneContact is GET /contacts/{contactId}.
func (c *call) oneContact() (any, error) {
	var one Contact
	err := c.s.view(func(t *txn) (err error) { one, err = c.contact(t); return err })
	return object{{"contact", one.object()}}, err
}

// write changes one contact in a transaction, which may run more than once,
// has its webhooks delivered, and answers with it.
func (c *call) write(change func(t *txn) (Contact, error)) (object, error) {
	var one Contact
	err := c.s.update(c.r.Context(), func(t *txn) (err error) { one, err = change(t); return err })
	if err == nil {
		c.s.wakeUp()
	}
	return object{{"contact", one.object()}}, err
}

// createContact is POST /contacts/.
func (c *call) createContact() (any, error) {
	return c.write(func(t *txn) (Contact, error) {
		l, err := c.location(t, c.in.locationID)
		if err == nil {
			err = t.refuseDuplicate(l, c.in, "")
		}
		if err != nil {
			return Contact{}, err
		}
		return c.insert(t), nil
	})
}

// refuseDuplicate refuses a body that would make a duplicate, by the location's
// setting and in the family's words. except is the ID of the contact that is
// written, "" for a new one.
func (t *txn) refuseDuplicate(l storedLocation, in *input, except string) error {
	other, by := t.duplicate(l, in, except)
	if by == "" {
		return nil
	}
	e := refuse(http.StatusBadRequest, "This location does not allow duplicated contacts.")
	e.Meta = map[string]string{"contactId": other.ID, "contactName": other.name(), "matchingField": by}
	return e
}

// insert makes a contact of a body and records the event.
func (c *call) insert(t *txn) Contact {
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) //nolint:gosec // an ID, no secret
	made := Contact{ID: newID(random), LocationID: c.in.locationID, Added: c.at.UnixMilli(), Updated: c.at.UnixMilli()}
	c.in.apply(&made)
	t.putContact(made, nil)
	c.emit(t, "ContactCreate", made)
	return made
}

// updateContact is PUT /contacts/{contactId}.
func (c *call) updateContact() (any, error) {
	return c.write(func(t *txn) (Contact, error) {
		before, err := c.contact(t)
		if err != nil {
			return before, err
		}
		l, err := t.location(before.LocationID)
		if err == nil {
			err = t.refuseDuplicate(l, c.in, before.ID)
		}
		if err != nil {
			return before, err
		}
		return c.overwrite(t, before, c.in), nil
	})
}

// overwrite changes a contact and records the events: two for a change of tags,
// as on the platform. An update that changes nothing is an event as well: the
// document does not say otherwise.
func (c *call) overwrite(t *txn, before Contact, in *input) Contact {
	after := before
	in.apply(&after)
	after.Updated = c.at.UnixMilli()
	t.putContact(after, &before)
	c.emit(t, "ContactUpdate", after)
	if !slices.Equal(before.Tags, after.Tags) {
		c.emit(t, "ContactTagUpdate", after)
	}
	return after
}

// removeContact is DELETE /contacts/{contactId}.
func (c *call) removeContact() (any, error) {
	_, err := c.write(func(t *txn) (Contact, error) {
		contact, err := c.contact(t)
		if err != nil {
			return contact, err
		}
		t.deleteContact(contact)
		c.emit(t, "ContactDelete", contact)
		return contact, nil
	})
	return object{{"succeeded", true}}, err
}

// upsertContact is POST /contacts/upsert. Where two contacts match by one
// field each, the first field of the location's order wins, and the other
// field is not copied over. Where duplicates are allowed it always creates.
func (c *call) upsertContact() (any, error) {
	created := false
	out, err := c.write(func(t *txn) (Contact, error) {
		l, err := c.location(t, c.in.locationID)
		if err != nil {
			return Contact{}, err
		}
		before, by := t.duplicate(l, c.in, "")
		if created = by == ""; created {
			return c.insert(t), nil
		}
		return c.overwrite(t, before, t.withoutConflict(l, c.in, before, by)), nil
	})
	return append(out, member{"new", created}), err
}

// withoutConflict leaves out the fields other than by, by which the location
// finds duplicates too, whose value is another contact's.
func (t *txn) withoutConflict(l storedLocation, in *input, before Contact, by string) *input {
	out := *in
	out.texts = maps.Clone(in.texts)
	for _, field := range l.Duplicates.Order() {
		if field == by {
			continue
		}
		if _, taken := t.sameValue(l.ID, field, in.texts[field], before.ID); taken {
			delete(out.texts, field)
		}
	}
	return &out
}

// pageSize reads how many contacts a page has at most.
func pageSize(q url.Values) (int, error) {
	if !q.Has("limit") {
		return taskee.DefaultPageSize, nil
	}
	n, err := strconv.Atoi(q.Get("limit"))
	if err != nil || n < 1 || n > taskee.MaxPageSize {
		return 0, refuse(http.StatusBadRequest, "limit must be a number from 1 to %d", taskee.MaxPageSize)
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
	size, err := pageSize(q)
	if err != nil {
		return nil, err
	}
	var found []Contact
	var total int
	err = c.s.view(func(t *txn) error {
		if _, err := c.location(t, location); err != nil {
			return err
		}
		from, err := t.cursor(q)
		if err == nil {
			found, total, err = t.page(location, q.Get("query"), from, size)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	shown := []object{}
	for _, one := range found {
		shown = append(shown, one.object())
	}
	out := object{{"contacts", shown}, {"total", total}}
	if n := len(found); n > 0 {
		out = append(out, member{"startAfterId", found[n-1].ID}, member{"startAfter", found[n-1].Added})
	}
	return out, nil
}

// cursor reads after which contact a page begins. With both parameters it is
// that place, even if no contact is there now; with the ID alone, the place
// that the contact has or had; with the time alone, after all of that time.
func (t *txn) cursor(q url.Values) (cursor, error) {
	id, text := q.Get("startAfterId"), q.Get("startAfter")
	at := cursor{id: id, set: id != "" || text != ""}
	if id != "" && !validID(id) {
		return at, refuse(http.StatusBadRequest, "startAfterId is not an id")
	}
	var err error
	switch {
	case text != "":
		if at.added, err = strconv.ParseInt(text, 10, 64); err != nil || at.added < 0 {
			return at, refuse(http.StatusBadRequest, "startAfter must be a time in milliseconds")
		}
	case id != "":
		if at.added, err = t.addedAt(id); errors.Is(err, errAbsent) {
			return at, refuse(http.StatusBadRequest, "startAfterId: contact with id %s not found", id)
		}
	}
	return at, err
}

// contactsOfBusiness is GET /contacts/business/{businessId}.
func (c *call) contactsOfBusiness() (any, error) {
	q := c.r.URL.Query()
	size, err := pageSize(q)
	if err != nil {
		return nil, err
	}
	skip := 0
	if q.Has("skip") {
		if skip, err = strconv.Atoi(q.Get("skip")); err != nil || skip < 0 {
			return nil, refuse(http.StatusBadRequest, "skip must be a number of 0 or more")
		}
	}
	found, total, prefix := []object{}, 0, key(c.id, "")
	err = c.s.view(func(t *txn) error {
		for k := range t.each(bucketBusiness, prefix) {
			one, err := t.contact(addedID(k, prefix))
			if err != nil {
				return err
			}
			if !c.reaches(one.LocationID) {
				continue
			}
			if total++; total > skip && len(found) < size {
				found = append(found, one.object())
			}
		}
		return nil
	})
	return object{{"contacts", found}, {"total", total}}, err
}
