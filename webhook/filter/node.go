package filter

import (
	"slices"
	"strings"
)

// needs says what a node may have to read beyond the row, and its rank among
// its siblings: the cheaper one is asked first.
type needs struct {
	event, body bool
	rank        int
}

// The ranks of terms.
const (
	rankRow = iota
	rankEvent
	rankBody
	rankJQ // decodes the body
)

// node is a part of a filter. What a node decides at one level it decides at
// every dearer one; at LevelBody nothing is Unknown.
type node interface {
	eval(c *candidate) Result
	needs() needs
	ids() interval // see Bounds
	write(b *strings.Builder)
}

// term is a leaf.
type term struct {
	text string // canonical
	need needs
	test func(c *candidate) Result
	// within are the IDs that the term can select; the zero value: any.
	within interval
}

func (t *term) eval(c *candidate) Result { return t.test(c) }
func (t *term) needs() needs             { return t.need }

func (t *term) ids() interval {
	if t.within == (interval{}) {
		return everyID
	}
	return t.within
}

func (t *term) write(b *strings.Builder) { b.WriteString(t.text) }

// many is a row of nodes, all or one of which must hold.
type many struct {
	any   bool   // or
	nodes []node // as written
	order []node // as asked: cheapest first
}

func newMany(anyOf bool, nodes []node) *many {
	order := slices.Clone(nodes)
	slices.SortStableFunc(order, func(a, b node) int { return a.needs().rank - b.needs().rank })
	return &many{any: anyOf, nodes: nodes, order: order}
}

func (m *many) eval(c *candidate) Result {
	decides := result(m.any)
	res := result(!m.any)
	for _, n := range m.order {
		switch n.eval(c) {
		case decides:
			return decides
		case Unknown:
			res = Unknown
		}
	}
	return res
}

func (m *many) needs() needs {
	var all needs
	for _, n := range m.nodes {
		one := n.needs()
		all.event = all.event || one.event
		all.body = all.body || one.body
		all.rank = max(all.rank, one.rank)
	}
	return all
}

func (m *many) ids() interval {
	all := m.nodes[0].ids()
	for _, n := range m.nodes[1:] {
		if m.any {
			all = all.or(n.ids())
		} else {
			all = all.and(n.ids())
		}
	}
	return all
}

func (m *many) write(b *strings.Builder) {
	for i, n := range m.nodes {
		switch {
		case i == 0:
		case m.any:
			b.WriteString(" or ")
		default:
			b.WriteByte(' ')
		}
		// "and" binds tighter; a row within its own kind has been flattened.
		if sub, ok := n.(*many); ok && !m.any {
			b.WriteByte('(')
			sub.write(b)
			b.WriteByte(')')
			continue
		}
		n.write(b)
	}
}

// not inverts a node that is no not itself.
type not struct{ node node }

func (n *not) eval(c *candidate) Result {
	switch n.node.eval(c) {
	case Yes:
		return No
	case No:
		return Yes
	}
	return Unknown
}

func (n *not) needs() needs  { return n.node.needs() }
func (n *not) ids() interval { return everyID }

func (n *not) write(b *strings.Builder) {
	b.WriteByte('!')
	if sub, ok := n.node.(*many); ok {
		b.WriteByte('(')
		sub.write(b)
		b.WriteByte(')')
		return
	}
	n.node.write(b)
}

func write(root node) string {
	if root == nil {
		return ""
	}
	var b strings.Builder
	root.write(&b)
	return b.String()
}

// join makes one node of several: a row of the same kind within a row is
// flattened, a single node stands alone.
func join(anyOf bool, nodes []node) node {
	if len(nodes) == 1 {
		return nodes[0]
	}
	var flat []node
	for _, n := range nodes {
		if sub, ok := n.(*many); ok && sub.any == anyOf {
			flat = append(flat, sub.nodes...)
			continue
		}
		flat = append(flat, n)
	}
	return newMany(anyOf, flat)
}

// negate inverts a node; two negations are none.
func negate(n node) node {
	if inner, ok := n.(*not); ok {
		return inner.node
	}
	return &not{node: n}
}
