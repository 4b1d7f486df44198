package sandbox

import (
	"cmp"
	"errors"
	"slices"
	"sync"
)

// contactIndex has where all contacts stand, and what they are searched by: to
// look through 100,000 contacts in the file for each request would take too
// long. It is made of the file once.
type contactIndex struct {
	mu        sync.RWMutex
	locations map[string]*contactList
}

// place is where a contact stands in lists: the newest first.
type place struct {
	added int64 // in milliseconds
	id    string
}

// compare is the order of places, the oldest first.
func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.added, q.added), cmp.Compare(p.id, q.id))
}

// indexed is one contact.
type indexed struct {
	place
	text string // what it is searched by
}

func entryOf(c Contact) indexed { return indexed{place{c.Added, c.ID}, c.words()} }

func (x *contactIndex) load(s *Sandbox) error {
	all := map[string][]indexed{}
	err := s.view(func(t *txn) error {
		for k, record := range t.each(bucketContacts, nil) {
			var c Contact
			if err := decode(k, record, &c); err != nil {
				s.logger.Error("a contact is damaged and left out", "error", err)
				continue
			}
			all[c.LocationID] = append(all[c.LocationID], entryOf(c))
		}
		return nil
	})
	x.mu.Lock()
	defer x.mu.Unlock()
	x.locations = map[string]*contactList{}
	for location, entries := range all {
		slices.SortFunc(entries, func(a, b indexed) int { return a.compare(b.place) })
		l := &contactList{count: len(entries)}
		for chunk := range slices.Chunk(entries, blockSize) {
			b := &block{}
			for _, e := range chunk {
				b.insert(len(b.places), e)
			}
			l.blocks = append(l.blocks, b)
		}
		x.locations[location] = l
	}
	return err
}

// reindex takes a contact over as the file has it by now: whoever comes last
// finds what was written last. It is not called within a transaction.
func (s *Sandbox) reindex(c Contact) error {
	s.contacts.mu.Lock()
	defer s.contacts.mu.Unlock()
	var now Contact
	err := s.view(func(t *txn) (err error) { now, err = t.contact(c.ID); return err })
	switch {
	case errors.Is(err, errAbsent):
		s.contacts.apply(c, true)
	case err != nil:
		return err
	default:
		s.contacts.apply(now, false)
	}
	return nil
}

// apply puts a contact in, or takes it away. The lock is held.
func (x *contactIndex) apply(c Contact, gone bool) {
	l := x.locations[c.LocationID]
	if l == nil {
		l = &contactList{}
		x.locations[c.LocationID] = l
	}
	l.apply(entryOf(c), gone)
}

// cursor is where a page begins: after this contact. The zero value is the
// beginning.
type cursor struct {
	added int64
	id    string
	set   bool
}

// page returns one page of a location's contacts whose texts have the query, the
// newest first, and how many there are in all.
func (x *contactIndex) page(location, query string, after cursor, limit int) (found []place, total int) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	l := x.locations[location]
	if l == nil {
		return nil, 0
	}
	from := place{after.added, after.id}
	take := func(p place) {
		if len(found) < limit && (!after.set || p.compare(from) < 0) {
			found = append(found, p)
		}
	}
	if query == "" {
		l.newest(after, func(p place) bool {
			take(p)
			return len(found) < limit
		})
		return found, l.count
	}
	var hits []int
	for _, b := range slices.Backward(l.blocks) {
		hits = b.hits(hits[:0], []byte(lower(query)))
		total += len(hits)
		for _, i := range slices.Backward(hits) {
			take(b.places[i])
		}
	}
	return found, total
}
