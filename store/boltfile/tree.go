package boltfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
)

// maxDepth is more levels than a tree of any size has.
const maxDepth = 24

// PageError is a page that cannot be read, or not all of it.
type PageError struct {
	Page   uint64
	Bucket string // "": of the list of buckets
	// From and To bound the keys that may be missing: From itself, but not To;
	// nil is no bound.
	From, To []byte
	Whole    bool // all that stood in it could be read
	Err      error
}

// Error names the page and what is wrong with it.
func (d *PageError) Error() string { return fmt.Sprintf("page %d is damaged: %v", d.Page, d.Err) }

// Snapshot is a file at one moment, to be read whatever is damaged in it: what
// cannot be read is left out and noted. It is not safe for concurrent use.
type Snapshot struct {
	read   pages
	meta   meta
	nodes  map[uint64]*node
	damage []PageError
	noted  map[uint64]bool
	above  map[uint64]place // the entry that leads to a page
	trees  map[string]*Tree
}

// place is an entry of a branch.
type place struct {
	page uint64
	at   int
}

func newSnapshot(read pages, m meta) *Snapshot {
	return &Snapshot{read: read, meta: m, nodes: map[uint64]*node{}, above: map[uint64]place{}, trees: map[string]*Tree{}}
}

// Damage is what was found damaged so far.
func (s *Snapshot) Damage() []PageError { return s.damage }

// note remembers a damaged page, once.
func (s *Snapshot) note(d PageError) {
	if s.noted[d.Page] {
		return
	}
	if s.noted == nil {
		s.noted = map[uint64]bool{}
	}
	s.noted[d.Page] = true
	s.damage = append(s.damage, d)
}

// node reads a page that is not in a leaf; nil: it cannot be read.
func (s *Snapshot) node(id uint64) *node {
	if n, ok := s.nodes[id]; ok {
		return n
	}
	var n *node
	if id >= firstPage && id < s.meta.high {
		n = readNode(s.read, id, int(s.meta.pageSize))
	}
	s.nodes[id] = n
	return n
}

// Tree is a bucket of a snapshot.
type Tree struct {
	s    *Snapshot
	name string
	root uint64
	in   *node // of a bucket that is small enough to stand in a leaf; else nil
}

// Tree returns a bucket, an empty one if it is not there or not to be found.
func (s *Snapshot) Tree(name string) *Tree {
	if t, ok := s.trees[name]; ok {
		return t
	}
	top := s.top()
	var t *Tree
	c := top.Cursor()
	if key, value := c.Seek([]byte(name)); string(key) == name && len(value) >= bucketSize {
		t = &Tree{s: s, name: name, root: native.Uint64(value)}
		if t.root == 0 {
			t.in = inlineNode(value[bucketSize:])
		}
	}
	if t == nil {
		t = &Tree{s: s, name: name, in: &node{leaf: true, ordered: true}}
		if !s.Empty() {
			s.note(PageError{Page: s.meta.root, Err: fmt.Errorf("the bucket %s is missing", name)})
		}
	}
	s.trees[name] = t
	return t
}

// top is the list of buckets.
func (s *Snapshot) top() *Tree { return &Tree{s: s, root: s.meta.root} }

// Empty reports whether there is no bucket, and no sign that there was one.
func (s *Snapshot) Empty() bool {
	key, _ := s.top().Cursor().First()
	return key == nil && len(s.damage) == 0
}

// inlineNode reads a bucket that stands in a leaf.
func inlineNode(b []byte) *node {
	return readNode(func(uint64, uint64) []byte { return b }, 0, max(1, len(b)))
}

// Get returns the value of a key, nil if there is none. It is valid as long as
// the snapshot.
func (t *Tree) Get(key []byte) []byte {
	if v, ok := t.find(key); ok {
		return v
	}
	c := t.Cursor()
	if k, v := c.Seek(key); bytes.Equal(k, key) {
		return v
	}
	return nil
}

// find is Get where nothing is damaged; else it reports false.
func (t *Tree) find(key []byte) (value []byte, ok bool) {
	n := t.in
	if t.root != 0 {
		n = t.s.node(t.root)
	}
	for range maxDepth {
		if n == nil || n.damage != nil {
			return nil, false
		}
		i := n.search(key)
		same := i < n.len() && bytes.Equal(n.key(i), key)
		switch {
		case n.leaf && same:
			return n.at(i).value, true
		case n.leaf:
			return nil, true
		case !same && i > 0:
			i--
		}
		n = t.s.node(n.at(i).child)
	}
	return nil, false
}

// Cursor walks over the entries of a tree, in the order of their keys, and steps
// over what is damaged.
type Cursor struct {
	t     *Tree
	stack []level
	room  [4]level
}

// level is a node on the way to an entry.
type level struct {
	n  *node
	id uint64
	at int
}

// Cursor returns a cursor that is nowhere yet.
func (t *Tree) Cursor() *Cursor {
	c := &Cursor{t: t}
	c.stack = c.room[:0]
	return c
}

// Seek moves to the first entry whose key is not below a key. A nil key means
// that there is none.
func (c *Cursor) Seek(key []byte) (k, v []byte) {
	c.stack = c.stack[:0]
	if !c.push(c.t.root, nil, nil) {
		return nil, nil
	}
	for {
		top := &c.stack[len(c.stack)-1]
		i := top.n.search(key)
		if top.n.leaf {
			top.at = i
			if i < top.n.len() {
				return c.entry()
			}
			return c.Next()
		}
		if i == top.n.len() || i > 0 && !bytes.Equal(top.n.key(i), key) {
			i--
		}
		top.at = i
		if !c.down() {
			return c.Next()
		}
	}
}

// First moves to the first entry.
func (c *Cursor) First() (k, v []byte) { return c.Seek(nil) }

// Last moves to the last entry.
func (c *Cursor) Last() (k, v []byte) {
	c.stack = c.stack[:0]
	if !c.push(c.t.root, nil, nil) {
		return nil, nil
	}
	c.stack[0].at = c.stack[0].n.len()
	return c.Prev()
}

// Next moves to the next entry.
func (c *Cursor) Next() (k, v []byte) { return c.move(1) }

// Prev moves to the entry before.
func (c *Cursor) Prev() (k, v []byte) { return c.move(-1) }

// move goes one entry on, or back.
func (c *Cursor) move(by int) (k, v []byte) {
	for len(c.stack) > 0 {
		top := &c.stack[len(c.stack)-1]
		top.at += by
		switch {
		case top.at < 0 || top.at >= top.n.len():
			c.stack = c.stack[:len(c.stack)-1]
		case top.n.leaf:
			return c.entry()
		case c.down():
			if n := c.stack[len(c.stack)-1].n; by < 0 {
				c.stack[len(c.stack)-1].at = n.len()
			} else {
				c.stack[len(c.stack)-1].at = -1
			}
		}
	}
	return nil, nil
}

func (c *Cursor) entry() (k, v []byte) {
	top := &c.stack[len(c.stack)-1]
	if top.n.entries == nil {
		return top.n.span(top.at)
	}
	e := top.n.at(top.at)
	return e.key, e.value
}

// down goes to the page that the cursor's entry of a branch leads to. false: it
// cannot be read.
func (c *Cursor) down() bool {
	top := c.stack[len(c.stack)-1]
	from, to := c.bounds()
	return c.push(top.n.at(top.at).child, from, to)
}

// bounds are those of the keys below the cursor's entry of a branch.
func (c *Cursor) bounds() (from, to []byte) {
	top := c.stack[len(c.stack)-1]
	from = top.n.key(top.at)
	for i := len(c.stack) - 1; i >= 0; i-- {
		if l := c.stack[i]; l.at+1 < l.n.len() {
			return from, l.n.key(l.at + 1)
		}
	}
	return from, nil
}

// push enters a page whose keys are between two. false: it cannot be read, or is
// above itself.
func (c *Cursor) push(id uint64, from, to []byte) bool {
	n := c.t.in
	if id != 0 || n == nil {
		n = c.t.s.node(id)
	}
	var wrong error
	switch {
	case n == nil:
		wrong = errors.New("it cannot be read")
	case len(c.stack) == maxDepth || !c.sole(id):
		wrong, n = errors.New("more than one page leads to it"), nil
	case n.leaf && !n.ordered:
		if n.ordered = true; n.damage != nil || !n.inOrder() {
			n.damage = cmp.Or(n.damage, errors.New("its keys are out of order"))
			n.within(from, to)
		}
		wrong = n.damage
	default:
		wrong = n.damage
	}
	if wrong != nil {
		c.t.s.note(PageError{
			Page: id, Bucket: c.t.name, From: bytes.Clone(from), To: bytes.Clone(to),
			Whole: n != nil && n.whole, Err: wrong,
		})
	}
	if n == nil {
		return false
	}
	c.stack = append(c.stack, level{n: n, id: id})
	return true
}

// sole reports whether the cursor's entry is the only one that leads to a page.
// Pages that lead to each other would be walked through without end.
func (c *Cursor) sole(id uint64) bool {
	var here place
	if len(c.stack) > 0 {
		top := c.stack[len(c.stack)-1]
		here = place{top.id, top.at}
	}
	known, met := c.t.s.above[id]
	if !met {
		c.t.s.above[id] = here
	}
	return !met || known == here
}
