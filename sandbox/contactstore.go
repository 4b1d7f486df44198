package sandbox

import (
	"errors"
	"slices"
	"sort"
	"strings"
	"sync"
)

// putContact writes a contact and its index entries; before is what is there,
// nil: nothing.
func (t *txn) putContact(c *Contact, before *Contact) error {
	c.Version = 1
	if before != nil {
		c.Version = before.Version + 1
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

// duplicate is the oldest other contact of a location with the same e-mail
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

// contactIndex finds contacts by a part of their names, e-mail addresses and
// phones, and knows how many there are. It is made of the file once.
type contactIndex struct {
	mu        sync.RWMutex
	locations map[string][]indexed // newest first
}

// indexed is a contact as the index has it.
type indexed struct {
	added   int64
	id      string
	words   string
	version uint64
}

// before reports whether one comes before another in a list: newest first.
func (a indexed) before(b indexed) bool {
	if a.added != b.added {
		return a.added > b.added
	}
	return a.id > b.id
}

func (x *contactIndex) load(s *Sandbox) error {
	x.locations = map[string][]indexed{}
	err := s.view(func(t *txn) error {
		for k, record := range t.each(bucketContacts, nil) {
			var c Contact
			if err := decode(k, record, &c); err != nil {
				s.logger.Error("a contact is damaged and left out", "error", err)
				continue
			}
			x.locations[c.LocationID] = append(x.locations[c.LocationID], indexed{c.Added, c.ID, c.words(), c.Version})
		}
		return nil
	})
	for _, all := range x.locations {
		slices.SortFunc(all, func(a, b indexed) int {
			if a.before(b) {
				return -1
			}
			return 1
		})
	}
	return err
}

// set takes a contact over as it is by now, unless a later change was; remove
// takes one away.
func (x *contactIndex) set(c Contact) {
	x.mu.Lock()
	defer x.mu.Unlock()
	one := indexed{c.Added, c.ID, c.words(), c.Version}
	all := x.locations[c.LocationID]
	at := sort.Search(len(all), func(i int) bool { return !all[i].before(one) })
	switch found := at < len(all) && all[at].id == c.ID; {
	case found && all[at].version < one.version:
		all[at] = one
		return
	case found, one.version > 1: // a later change came first, or it is deleted
		return
	}
	x.locations[c.LocationID] = slices.Insert(all, at, one)
}

func (x *contactIndex) remove(c Contact) {
	x.mu.Lock()
	defer x.mu.Unlock()
	one := indexed{added: c.Added, id: c.ID}
	all := x.locations[c.LocationID]
	at := sort.Search(len(all), func(i int) bool { return !all[i].before(one) })
	if at < len(all) && all[at].id == c.ID {
		x.locations[c.LocationID] = slices.Delete(all, at, at+1)
	}
}

// cursor is where a page begins: after this contact. The zero value is the
// beginning.
type cursor struct {
	added int64
	id    string
	set   bool
}

// page returns the IDs of one page of a location's contacts whose words have a
// text, and how many there are in all.
func (x *contactIndex) page(location, query string, after cursor, limit int) (ids []string, total int) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	all := x.locations[location]
	start := 0
	if after.set {
		one := indexed{added: after.added, id: after.id}
		start = sort.Search(len(all), func(i int) bool { return one.before(all[i]) })
	}
	query = lower(query)
	if query == "" {
		for _, c := range all[start:min(len(all), start+limit)] {
			ids = append(ids, c.id)
		}
		return ids, len(all)
	}
	for i, c := range all {
		if !strings.Contains(c.words, query) {
			continue
		}
		total++
		if i >= start && len(ids) < limit {
			ids = append(ids, c.id)
		}
	}
	return ids, total
}
