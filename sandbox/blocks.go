package sandbox

import (
	"bytes"
	"slices"
)

// contactList is all contacts of a location. Their texts stand together in
// blocks: to look through a few long texts is ten times as fast as through as
// much in short ones, and a change moves one block alone.
type contactList struct {
	blocks []*block // the oldest first, none empty
	count  int
}

// block is some contacts that follow each other, the oldest first.
type block struct {
	places []place
	ends   []int // where the text of each ends
	text   []byte
}

// blockSize is how many contacts a block has at most.
const blockSize = 512

// apply takes one change over.
func (l *contactList) apply(e indexed, gone bool) {
	n := l.blockOf(e.place)
	if len(l.blocks) == 0 {
		l.blocks = []*block{{}}
	}
	b := l.blocks[n]
	i, found := slices.BinarySearchFunc(b.places, e.place, place.compare)
	if found {
		b.remove(i)
		l.count--
	}
	if !gone {
		b.insert(i, e)
		l.count++
	}
	switch {
	case len(b.places) == 0:
		l.blocks = slices.Delete(l.blocks, n, n+1)
	case len(b.places) > blockSize:
		l.blocks = slices.Insert(l.blocks, n+1, b.split())
	}
}

// blockOf is the last block that begins at or before a place, or the first.
func (l *contactList) blockOf(p place) int {
	n, found := slices.BinarySearchFunc(l.blocks, p, func(b *block, p place) int { return b.places[0].compare(p) })
	if !found {
		n--
	}
	return max(n, 0)
}

// newest yields places from after a cursor on, the newest first, until told to
// stop. It may yield some that are newer.
func (l *contactList) newest(after cursor, yield func(p place) bool) {
	last := len(l.blocks) - 1
	if after.set {
		last = min(last, l.blockOf(place{after.added, after.id}))
	}
	for n := last; n >= 0; n-- {
		for _, p := range slices.Backward(l.blocks[n].places) {
			if !yield(p) {
				return
			}
		}
	}
}

// begin is where the text of a contact begins.
func (b *block) begin(i int) int {
	if i == 0 {
		return 0
	}
	return b.ends[i-1]
}

func (b *block) insert(i int, e indexed) {
	at := b.begin(i)
	b.text = slices.Insert(b.text, at, []byte(e.text)...)
	b.places = slices.Insert(b.places, i, e.place)
	b.ends = slices.Insert(b.ends, i, at)
	b.move(i, len(e.text))
}

func (b *block) remove(i int) {
	from, to := b.begin(i), b.ends[i]
	b.text = slices.Delete(b.text, from, to)
	b.places = slices.Delete(b.places, i, i+1)
	b.ends = slices.Delete(b.ends, i, i+1)
	b.move(i, from-to)
}

// move shifts the ends of the contacts from one on.
func (b *block) move(from, by int) {
	for i := from; i < len(b.ends); i++ {
		b.ends[i] += by
	}
}

// split cuts the newest off into a block of their own: an eighth of them,
// since contacts are mostly added at the end.
func (b *block) split() *block {
	at := len(b.places) - len(b.places)/8
	from := b.begin(at)
	c := &block{slices.Clone(b.places[at:]), slices.Clone(b.ends[at:]), slices.Clone(b.text[from:])}
	c.move(0, -from)
	b.places, b.ends, b.text = b.places[:at:at], b.ends[:at:at], b.text[:from:from]
	return c
}

// hits appends which contacts of a block have a text, the oldest first.
func (b *block) hits(found []int, text []byte) []int {
	for at := 0; at < len(b.text); {
		n := bytes.Index(b.text[at:], text)
		if n < 0 {
			return found
		}
		at += n
		i, _ := slices.BinarySearch(b.ends, at+1) // the first that ends after it
		if at+len(text) > b.ends[i] {
			at++ // it goes over into the next contact
			continue
		}
		found = append(found, i)
		at = b.ends[i]
	}
	return found
}
