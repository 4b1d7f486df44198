package boltfile

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// node is a page with a table of entries, as far as it can be read: the
// entries of a leaf have a key and a value, those of a branch a key and a page.
//
// bbolt writes keys and values one after the other behind the table. That says
// what a damaged head was: so a flipped bit there costs no entry.
type node struct {
	b       []byte // the page and its overflow
	leaf    bool
	count   int
	entries []entry // of a damaged page: those that can be read; else nil
	damage  error   // what is wrong with the page; nil: nothing
	whole   bool    // of a damaged page: all its entries can be read
	ordered bool    // its keys were looked at
}

// entry is one of a node.
type entry struct {
	key, value []byte // value: of a leaf
	bucket     bool   // of a leaf: value is a bucket
	child      uint64 // of a branch
}

// len is how many entries there are.
func (n *node) len() int {
	if n.entries != nil {
		return len(n.entries)
	}
	return n.count
}

func (n *node) key(i int) []byte {
	if n.entries != nil {
		return n.entries[i].key
	}
	key, _ := n.span(i)
	return key
}

// at is the i-th entry.
func (n *node) at(i int) entry {
	if n.entries != nil {
		return n.entries[i]
	}
	e := n.b[headerSize+i*elementSize:]
	key, value := n.span(i)
	if !n.leaf {
		return entry{key: key, child: native.Uint64(e[8:])}
	}
	return entry{key: key, value: value, bucket: native.Uint32(e) == flagBucket}
}

// search is the first entry whose key is not below a key.
func (n *node) search(key []byte) int {
	lo, hi := 0, n.len()
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if bytes.Compare(n.key(mid), key) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// table reads where the i-th entry has its key, and the lengths of key and value.
func (n *node) table(i int) (pos, key, value int) {
	e := n.b[headerSize+i*elementSize:]
	if !n.leaf {
		return headerSize + i*elementSize + int(native.Uint32(e)), int(native.Uint32(e[4:])), 0
	}
	return headerSize + i*elementSize + int(native.Uint32(e[4:])), int(native.Uint32(e[8:])), int(native.Uint32(e[12:]))
}

// span is the key and the value of the i-th entry of a page that was checked.
func (n *node) span(i int) (key, value []byte) {
	pos, k, v := n.table(i)
	return n.b[pos : pos+k : pos+k], n.b[pos+k : pos+k+v : pos+k+v]
}

// inside reports whether the i-th entry is within the page.
func (n *node) inside(i int) bool {
	if headerSize+(i+1)*elementSize > len(n.b) {
		return false
	}
	pos, k, v := n.table(i)
	return k > 0 && pos+k+v <= len(n.b)
}

// end is where what is in the page ends, behind the last entry.
func (n *node) end() int {
	if n.count == 0 || !n.inside(n.count-1) {
		return headerSize
	}
	pos, k, v := n.table(n.count - 1)
	return pos + k + v
}

// check finds what is wrong with a page's table; keys may still be out of order.
func (n *node) check() error {
	if n.count == 0 {
		if !n.leaf || len(n.b) >= headerSize+elementSize && native.Uint32(n.b[headerSize+4:]) != 0 {
			return errors.New("it says that it is empty")
		}
		return nil
	}
	table := headerSize + n.count*elementSize
	if table > len(n.b) {
		return fmt.Errorf("it says that it has %d entries", n.count)
	}
	next := table
	for i := range n.count {
		pos, k, v := n.table(i)
		if pos != next || k == 0 || k+v > len(n.b)-pos {
			return fmt.Errorf("entry %d is not where it belongs", i)
		}
		next = pos + k + v
	}
	return nil
}

// inOrder reports whether the keys of a checked page are in order.
func (n *node) inOrder() bool {
	for i := 1; i < n.len(); i++ {
		if bytes.Compare(n.key(i-1), n.key(i)) >= 0 {
			return false
		}
	}
	return true
}

// headOf reads the head of a page.
func headOf(b []byte) page {
	return page{native.Uint64(b), native.Uint16(b[8:]), int(native.Uint16(b[10:])), native.Uint32(b[12:])}
}

// pages gives the bytes of count pages, or of as many as there are; none: they
// cannot be read.
type pages func(id, count uint64) []byte

// readNode reads a page, and what of it can be read if it is damaged; nil: that
// is nothing. size is the size of a page in bytes.
func readNode(read pages, id uint64, size int) *node {
	first := read(id, 1)
	if len(first) < headerSize {
		return nil
	}
	head := headOf(first)
	n := &node{b: first, leaf: head.flags == flagLeaf, count: head.count}
	if head.flags == flagLeaf || head.flags == flagBranch {
		if head.overflow > 0 {
			n.b = read(id, uint64(head.overflow)+1)
		}
		wrong := n.check()
		switch {
		case wrong != nil:
		case head.id != id:
			n.damage, n.whole = fmt.Errorf("it says that it is page %d", head.id), true
		case len(n.b) > headerSize && (n.end()+size-1)/size != int(head.overflow)+1:
			n.damage, n.whole = fmt.Errorf("it says that it has %d pages more", head.overflow), true
		}
		if wrong == nil {
			return n
		}
		n.damage = wrong
	} else {
		n.damage = errors.New("it is of an unknown kind")
	}
	return n.mend(read, id, size, head)
}

// maxMend bounds how long a page with a damaged head may be, in bytes.
const maxMend = 512 << 20

// mend reads a damaged page as far as it can be read: all of it, when the
// damage is in its head.
func (n *node) mend(read pages, id uint64, size int, head page) *node {
	for _, leaf := range [...]bool{head.flags != flagBranch, head.flags == flagBranch} {
		m := &node{b: read(id, 1), leaf: leaf, damage: n.damage}
		at := headerSize
		if leaf {
			at += 4
		}
		m.count = int(native.Uint32(m.b[at:])) / elementSize
		if m.count == 0 || m.count > 0xFFFF || int64(m.count)*elementSize > maxMend {
			continue
		}
		if need := headerSize + m.count*elementSize; need > len(m.b) {
			m.b = read(id, uint64((need+size-1)/size))
		}
		if headerSize+m.count*elementSize > len(m.b) {
			continue
		}
		pos, k, v := m.table(m.count - 1)
		if pos+k+v > maxMend {
			continue
		}
		if pos+k+v > len(m.b) {
			m.b = read(id, uint64((pos+k+v+size-1)/size))
		}
		if m.check() == nil {
			m.whole = true
			return m
		}
	}
	if head.flags != flagLeaf && head.flags != flagBranch {
		return nil
	}
	return n.sift()
}

// sift keeps the entries that are within the page, in the order of their keys.
// The one after the other has its place, whatever its own position says, and a
// single wrong length follows from those around it; of two that are possible
// both are kept, and their checksums tell.
func (n *node) sift() *node {
	n.count = min(n.count, (len(n.b)-headerSize)/elementSize)
	var good []entry
	add := func(i, pos, k, v int) {
		if k <= 0 || v < 0 || pos < headerSize || k+v > len(n.b)-pos {
			return
		}
		e := n.b[headerSize+i*elementSize:]
		one := entry{key: n.b[pos : pos+k : pos+k]}
		if n.leaf {
			one.value, one.bucket = n.b[pos+k:pos+k+v:pos+k+v], native.Uint32(e)&flagBucket != 0
		} else {
			one.child = native.Uint64(e[8:])
		}
		good = append(good, one)
	}
	start := headerSize + n.count*elementSize
	for i := range n.count {
		pos, k, v := n.table(i)
		next := pos + k + v
		if i+1 < n.count {
			next, _, _ = n.table(i + 1)
		}
		if start+k+v == next || i+1 == n.count {
			pos = start
		}
		add(i, pos, k, v)
		if pos+k+v != next && next > start && n.leaf {
			add(i, start, k, next-start-k)
			add(i, start, next-start-v, v)
		}
		start = next
	}
	if len(good) == 0 {
		return nil
	}
	n.entries = sorted(good)
	return n
}

// sorted puts entries in the order of their keys, without doubles.
func sorted(all []entry) []entry {
	slices.SortStableFunc(all, func(a, b entry) int { return bytes.Compare(a.key, b.key) })
	return slices.CompactFunc(all, func(a, b entry) bool { return bytes.Equal(a.key, b.key) && bytes.Equal(a.value, b.value) })
}

// within keeps the entries of a damaged page whose keys are between two: one
// that is not must not hide those of the next page.
func (n *node) within(from, to []byte) {
	all := make([]entry, 0, n.len())
	for i := range n.len() {
		all = append(all, n.at(i))
	}
	n.entries = slices.DeleteFunc(sorted(all), func(e entry) bool {
		return bytes.Compare(e.key, from) < 0 || to != nil && bytes.Compare(e.key, to) >= 0
	})
}
