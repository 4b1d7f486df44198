package sandbox

import "errors"

// putContact writes a contact and its index entries; before is what is there,
// nil: nothing.
func (t *txn) putContact(c *Contact, before *Contact) error {
	if before != nil {
		if err := t.unindex(*before); err != nil {
			return err
		}
	}
	if err := t.put(bucketContacts, key(c.LocationID, c.ID), *c); err != nil {
		return err
	}
	if err := t.in(bucketOwners).Put([]byte(c.ID), []byte(c.LocationID)); err != nil {
		return err
	}
	for _, entry := range c.entries() {
		if err := t.in(entry.bucket).Put(entry.key, nil); err != nil {
			return err
		}
	}
	return nil
}

type indexEntry struct {
	bucket bucket
	key    []byte
}

// entries are where a contact stands in the indexes.
func (c Contact) entries() []indexEntry {
	all := []indexEntry{{bucketAdded, key(c.LocationID, stamp(c.Added)+c.ID)}}
	if c.Email != "" {
		all = append(all, indexEntry{bucketEmails, key(c.LocationID, lower(c.Email), c.ID)})
	}
	if c.Phone != "" {
		all = append(all, indexEntry{bucketPhones, key(c.LocationID, c.Phone, c.ID)})
	}
	if c.BusinessID != "" {
		all = append(all, indexEntry{bucketBusiness, key(c.BusinessID, stamp(c.Added)+c.ID)})
	}
	return all
}

func (t *txn) unindex(c Contact) error {
	for _, entry := range c.entries() {
		if err := t.in(entry.bucket).Delete(entry.key); err != nil {
			return err
		}
	}
	return nil
}

// deleteContact takes a contact away and keeps where it stood, for cursors.
func (t *txn) deleteContact(c Contact) error {
	if err := t.unindex(c); err != nil {
		return err
	}
	return errors.Join(
		t.in(bucketContacts).Delete(key(c.LocationID, c.ID)), t.in(bucketOwners).Delete([]byte(c.ID)),
		t.in(bucketGone).Put([]byte(c.ID), []byte(stamp(c.Added))),
	)
}

// contact reads a contact by its ID, or errAbsent.
func (t *txn) contact(id string) (Contact, error) {
	var c Contact
	location := t.in(bucketOwners).Get([]byte(id))
	if location == nil {
		return c, errAbsent
	}
	err := t.get(bucketContacts, key(string(location), id), &c)
	return c, err
}

// duplicate is another contact of a location with the same e-mail
// address or phone, by the location's setting; errAbsent if there is none.
func (t *txn) duplicate(l Location, email, phone, except string) (c Contact, by string, err error) {
	for _, field := range l.Duplicates.order() {
		value, b := lower(email), bucketEmails
		if field == "phone" {
			value, b = phone, bucketPhones
		}
		if value == "" {
			continue
		}
		for k := range t.each(b, append(key(l.ID, value), 0)) {
			id := string(k[len(l.ID)+len(value)+2:])
			if id == except {
				continue
			}
			c, err := t.contact(id)
			return c, field, err
		}
	}
	return Contact{}, "", errAbsent
}
