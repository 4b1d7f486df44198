package filter

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/taskhook/taskhook/webhook"
)

// The costs of terms: among its siblings the cheaper one is asked first.
const (
	costRow   = iota
	costEvent // the stored event
	costBody
	costDecode // reads the body as JSON
	costJQ     // has another process look at it
)

// The kinds of nodes.
const (
	kindTerm = iota
	kindAnd
	kindOr
	kindNot
)

// node is a part of a filter. What it decides of an event that has been read in
// part it decides of all of the event, of which nothing is Unknown.
type node struct {
	kind  int
	parts []*node // of kindAnd, kindOr and kindNot
	text  string  // canonical
	cost  int
	ids   interval // all it can select, see Bounds
	// passed: it asks for requests that are no webhooks, see Filter.ShowsPassed.
	passed bool
	eval   func(c *candidate) Result
}

// everyID is the range of IDs that bounds nothing.
var everyID = interval{1, math.MaxInt64}

// newTerm makes a term of a field. It calls has once the event has been read as
// far as the field needs.
func newTerm(f field, text string, has func(c *candidate) bool) *node {
	n := &node{text: f.name + ":" + text, cost: f.cost, ids: everyID, passed: asksForPassed(f.name, text)}
	switch f.cost {
	case costEvent:
		n.eval = func(c *candidate) Result {
			if c.event == nil {
				c.wantsEvent = true
				return Unknown
			}
			return result(has(c))
		}
	case costBody:
		n.eval = func(c *candidate) Result {
			if !c.read {
				return Unknown
			}
			return result(has(c))
		}
	default:
		n.eval = func(c *candidate) Result { return result(has(c)) }
	}
	return n
}

// join makes one node of several, all or one of which must hold. Parts of the
// same kind are flattened; a single part stands alone.
func join(kind int, parts []*node) *node {
	if len(parts) == 1 {
		return parts[0]
	}
	n := &node{kind: kind}
	for _, p := range parts {
		if p.kind == kind {
			n.parts = append(n.parts, p.parts...)
		} else {
			n.parts = append(n.parts, p)
		}
	}
	texts := make([]string, len(n.parts))
	n.ids = n.parts[0].ids
	for i, p := range n.parts {
		n.cost = max(n.cost, p.cost)
		n.passed = n.passed || p.passed
		if kind == kindOr {
			n.ids = n.ids.around(p.ids)
			texts[i] = p.text
		} else {
			n.ids = interval{max(n.ids.least, p.ids.least), min(n.ids.most, p.ids.most)}
			texts[i] = p.operand()
		}
	}
	n.text = strings.Join(texts, map[int]string{kindAnd: " ", kindOr: " or "}[kind])
	order := slices.SortedStableFunc(slices.Values(n.parts), func(a, b *node) int { return cmp.Compare(a.cost, b.cost) })
	n.eval = evalJoined(kind, order)
	return n
}

// evalJoined asks parts in this order.
func evalJoined(kind int, order []*node) func(c *candidate) Result {
	decides := result(kind == kindOr)
	return func(c *candidate) Result {
		res := result(kind != kindOr)
		for _, p := range order {
			switch p.eval(c) {
			case decides:
				return decides
			case Unknown:
				res = Unknown
			}
		}
		return res
	}
}

// negate inverts a node; two negations are none.
func negate(n *node) *node {
	if n.kind == kindNot {
		return n.parts[0]
	}
	return &node{
		kind: kindNot, parts: []*node{n}, text: "!" + n.operand(), cost: n.cost, ids: everyID,
		eval: func(c *candidate) Result { return inverse(n.eval(c)) },
	}
}

func inverse(r Result) Result {
	switch r {
	case Yes:
		return No
	case No:
		return Yes
	}
	return Unknown
}

// open evaluates a node. Where that leaves it open, it returns what decides it:
// the parts that are open themselves.
func (n *node) open(c *candidate) (Result, *node) {
	switch n.kind {
	case kindTerm:
		return n.eval(c), n
	case kindNot:
		res, open := n.parts[0].open(c)
		if res != Unknown {
			return inverse(res), nil
		}
		return Unknown, &node{cost: n.cost, eval: func(c *candidate) Result { return inverse(open.eval(c)) }}
	}
	// In the order of their cost, which is what eval keeps.
	if res := n.eval(c); res != Unknown {
		return res, nil
	}
	var left []*node
	for _, p := range n.parts {
		if res, open := p.open(c); res == Unknown {
			left = append(left, open)
		}
	}
	if len(left) == 1 {
		return Unknown, left[0]
	}
	slices.SortStableFunc(left, func(a, b *node) int { return cmp.Compare(a.cost, b.cost) })
	return Unknown, &node{cost: n.cost, eval: evalJoined(n.kind, left)}
}

// operand is the text of a node to which "and" or a negation applies.
func (n *node) operand() string {
	if n.kind == kindAnd || n.kind == kindOr {
		return "(" + n.text + ")"
	}
	return n.text
}

// Bounds returns the IDs between which every selected event lies, both
// included, so that a scan can start and end early. They may be wider than what
// is selected, never narrower. When last is before first nothing is selected.
func (f *Filter) Bounds() (first, last webhook.ID) {
	ids := everyID
	if f.root != nil {
		ids = f.root.ids
	}
	if ids.most == math.MaxInt64 {
		return webhook.ID(ids.least), math.MaxUint64
	}
	return webhook.ID(ids.least), webhook.ID(ids.most)
}
