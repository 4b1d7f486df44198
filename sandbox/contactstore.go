package sandbox

import (
	"bytes"
	"errors"
	"strings"

	"github.com/taskhook/taskhook/store/boltfile"
)

// putContact writes a contact and its index entries; before is what is there,
// nil for a new one.
func (t *txn) putContact(c Contact, before *Contact) {
	if before != nil {
		t.unindex(*before)
	}
	t.put(bucketContacts, key(c.LocationID, c.ID), c)
	t.write(bucketOwners, []byte(c.ID), []byte(c.LocationID))
	for _, entry := range c.entries() {
		t.write(entry.bucket, entry.key, entry.value)
	}
}

// addedKey is where a contact stands in the order of lists.
func (c Contact) addedKey() []byte { return key(c.LocationID, stamp(c.Added)+c.ID) }

type indexEntry struct {
	bucket     bucket
	key, value []byte
}

// entries are the contact's entries in the indexes.
func (c Contact) entries() []indexEntry {
	all := []indexEntry{{bucketAdded, c.addedKey(), []byte(c.words())}}
	if c.Email != "" {
		all = append(all, indexEntry{bucket: bucketEmails, key: key(c.LocationID, strings.ToLower(c.Email), c.ID)})
	}
	if c.Phone != "" {
		all = append(all, indexEntry{bucket: bucketPhones, key: key(c.LocationID, c.Phone, c.ID)})
	}
	if c.BusinessID != "" {
		all = append(all, indexEntry{bucket: bucketBusiness, key: key(c.BusinessID, stamp(c.Added)+c.ID)})
	}
	return all
}

func (t *txn) unindex(c Contact) {
	for _, entry := range c.entries() {
		t.delete(entry.bucket, entry.key)
	}
}

// deleteContact deletes a contact and remembers its place in lists, for cursors.
func (t *txn) deleteContact(c Contact) {
	t.unindex(c)
	t.delete(bucketContacts, key(c.LocationID, c.ID))
	t.delete(bucketOwners, []byte(c.ID))
	t.write(bucketGone, []byte(c.ID), []byte(stamp(c.Added)))
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

// addedAt is when a contact was added, in milliseconds, also of a deleted one;
// errAbsent if there never was one.
func (t *txn) addedAt(id string) (int64, error) {
	one, err := t.contact(id)
	if !errors.Is(err, errAbsent) {
		return one.Added, err
	}
	added := t.in(bucketGone).Get([]byte(id))
	if added == nil {
		return 0, errAbsent
	}
	return unstamp(added), nil
}

// duplicate finds another contact than except that a body would duplicate, by
// the location's setting, and which field they share; "" if there is none.
func (t *txn) duplicate(l storedLocation, in *input, except string) (c Contact, by string) {
	if l.Duplicates.Allow {
		return Contact{}, ""
	}
	for _, field := range l.Duplicates.Order() {
		if c, found := t.sameValue(l.ID, field, in.texts[field], except); found {
			return c, field
		}
	}
	return Contact{}, ""
}

// sameValue finds another contact of a location than except with the same
// "email" or "phone". An empty value is nobody's.
func (t *txn) sameValue(location, field, value, except string) (c Contact, found bool) {
	b := bucketPhones
	if field == "email" {
		value, b = strings.ToLower(value), bucketEmails
	}
	if value == "" {
		return Contact{}, false
	}
	prefix := key(location, value, "")
	for k := range t.each(b, prefix) {
		if id := string(k[len(prefix):]); id != except {
			c, err := t.contact(id)
			if !errors.Is(err, errAbsent) {
				t.fail(err)
			}
			return c, err == nil
		}
	}
	return Contact{}, false
}

// cursor is the contact after which a page begins. The zero value is the
// beginning.
type cursor struct {
	added int64 // in milliseconds
	id    string
	set   bool
}

// newest reads the newest contact of a location, or errAbsent.
func (t *txn) newest(location string) (Contact, error) {
	prefix := key(location, "")
	for k := range t.eachBackward(bucketAdded, prefix) {
		return t.contact(addedID(k, prefix))
	}
	return Contact{}, errAbsent
}

// addedID is the contact's ID in a key that has its time after prefix.
func addedID(k, prefix []byte) string { return string(k[len(prefix)+stampSize:]) }

// page reads one page of a location's contacts whose words have the query in
// them, the newest first, and counts those of all pages. It looks at every
// contact of the location, which for 100,000 takes some milliseconds. Damaged
// contacts are left out.
func (t *txn) page(location, query string, from cursor, size int) (found []Contact, total int, err error) {
	words := []byte(strings.ToLower(query))
	prefix, begin := key(location, ""), key(location, stamp(from.added)+from.id)
	for k, text := range t.eachBackward(bucketAdded, prefix) {
		if !bytes.Contains(text, words) {
			continue
		}
		total++
		if len(found) == size || from.set && bytes.Compare(k, begin) >= 0 {
			continue
		}
		switch c, err := t.contact(addedID(k, prefix)); {
		case errors.Is(err, boltfile.ErrCorrupt):
			total--
		case err != nil:
			return nil, 0, err
		default:
			found = append(found, c)
		}
	}
	return found, total, nil
}
