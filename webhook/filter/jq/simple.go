package jq

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/itchyny/gojq"
)

// condition is a part of an expression that decides by the texts, numbers and
// truth values of a body, without jq. It never runs for longer than the body is
// read. Unknown leaves it to jq: what is wrong with a body, jq says best.
type condition func(body any) Outcome

// operand is a value that is compared; ok is false where jq has to say what it
// is.
type operand func(body any) (v any, ok bool)

// maxDigits is the longest number that is compared here: to read one takes time
// that grows faster than its length.
const maxDigits = 40

// Try decides a body without jq, or returns Unknown.
func (x *Expression) Try(body []byte) Outcome {
	if x.simple == nil {
		return Unknown
	}
	v, ok := decodePlain(body, &x.shape)
	if !ok {
		return No
	}
	return x.simple(v)
}

// condition makes a condition of an expression that yields one value, and adds
// to the shape what it reads.
func (x *Expression) condition(q *gojq.Query) (condition, bool) {
	if !isPlain(q) {
		return nil, false
	}
	switch q.Op {
	case gojq.OpAnd, gojq.OpOr:
		return x.both(q)
	case gojq.OpPipe:
		return x.negated(q)
	case gojq.OpEq, gojq.OpNe, gojq.OpGt, gojq.OpLt, gojq.OpGe, gojq.OpLe:
		return x.comparison(q)
	case 0:
	default:
		return nil, false
	}
	if inner := parenthesized(q); inner != nil {
		return x.condition(inner)
	}
	of, ok := x.operand(q)
	if !ok {
		return nil, false
	}
	return func(body any) Outcome {
		v, ok := of(body)
		if !ok {
			return Unknown
		}
		return outcome(v != nil && v != false)
	}, true
}

func outcome(holds bool) Outcome {
	if holds {
		return Yes
	}
	return No
}

// isPlain reports whether a query defines and binds nothing.
func isPlain(q *gojq.Query) bool {
	return q != nil && len(q.FuncDefs) == 0 && len(q.Patterns) == 0 && len(q.Imports) == 0 && q.Meta == nil
}

// parenthesized returns what a query has in parentheses, if it is nothing else.
func parenthesized(q *gojq.Query) *gojq.Query {
	if q.Term == nil || q.Term.Type != gojq.TermTypeQuery || len(q.Term.SuffixList) > 0 {
		return nil
	}
	return q.Term.Query
}

// both makes a condition of two with "and" or "or" between them. The right one
// is not asked where the left one decides, as in jq.
func (x *Expression) both(q *gojq.Query) (condition, bool) {
	left, ok := x.condition(q.Left)
	if !ok {
		return nil, false
	}
	right, ok := x.condition(q.Right)
	if !ok {
		return nil, false
	}
	decides := outcome(q.Op == gojq.OpOr)
	return func(body any) Outcome {
		if o := left(body); o == decides || o == Unknown {
			return o
		}
		return right(body)
	}, true
}

// negated makes a condition of "… | not".
func (x *Expression) negated(q *gojq.Query) (condition, bool) {
	if r := q.Right; !isPlain(r) || r.Term == nil || len(r.Term.SuffixList) > 0 || r.Term.Func == nil ||
		r.Term.Func.Name != "not" || len(r.Term.Func.Args) > 0 {
		return nil, false
	}
	inner, ok := x.condition(q.Left)
	if !ok {
		return nil, false
	}
	return func(body any) Outcome {
		switch inner(body) {
		case Yes:
			return No
		case No:
			return Yes
		}
		return Unknown
	}, true
}

// comparison makes a condition of two operands.
func (x *Expression) comparison(q *gojq.Query) (condition, bool) {
	left, ok := x.operand(q.Left)
	if !ok {
		return nil, false
	}
	right, ok := x.operand(q.Right)
	if !ok {
		return nil, false
	}
	op := q.Op
	return func(body any) Outcome {
		l, lok := left(body)
		r, rok := right(body)
		if !lok || !rok || isComposite(l) && isComposite(r) {
			return Unknown
		}
		return outcome(holds(op, gojq.Compare(l, r)))
	}, true
}

// holds says what a comparison is to an operator.
func holds(op gojq.Operator, comparison int) bool {
	switch op {
	case gojq.OpEq:
		return comparison == 0
	case gojq.OpNe:
		return comparison != 0
	case gojq.OpGt:
		return comparison > 0
	case gojq.OpLt:
		return comparison < 0
	case gojq.OpGe:
		return comparison >= 0
	}
	return comparison <= 0
}

func isComposite(v any) bool {
	switch v.(type) {
	case []any, map[string]any:
		return true
	}
	return false
}

// operand makes an operand of a literal or of a path of names.
func (x *Expression) operand(q *gojq.Query) (operand, bool) {
	if !isPlain(q) || q.Op != 0 || q.Term == nil {
		return nil, false
	}
	if inner := parenthesized(q); inner != nil {
		return x.operand(inner)
	}
	t := q.Term
	if v, ok := literal(t); ok {
		return func(any) (any, bool) { return v, true }, true
	}
	if t.Type != gojq.TermTypeIndex && t.Type != gojq.TermTypeIdentity {
		return nil, false
	}
	names, ok := namesOf(t)
	if !ok {
		return nil, false
	}
	at := &x.shape
	for _, name := range names {
		at = at.field(name)
	}
	at.whole = true
	return func(body any) (any, bool) { return valueAt(body, names) }, true
}

// literal returns the value of a term that is written out.
func literal(t *gojq.Term) (v any, ok bool) {
	if len(t.SuffixList) > 0 {
		return nil, false
	}
	switch t.Type {
	case gojq.TermTypeNull:
		return nil, true
	case gojq.TermTypeTrue, gojq.TermTypeFalse:
		return t.Type == gojq.TermTypeTrue, true
	case gojq.TermTypeNumber:
		return literalNumber(t.Number), len(t.Number) <= maxDigits
	case gojq.TermTypeString:
		return t.Str.Str, len(t.Str.Queries) == 0
	}
	return nil, false
}

// literalNumber is a number of an expression as jq reads it.
func literalNumber(text string) any {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return json.Number(text)
}

// namesOf returns the names that a path goes down.
func namesOf(t *gojq.Term) (names []string, ok bool) {
	indexes := make([]*gojq.Index, 0, 1+len(t.SuffixList))
	if t.Type == gojq.TermTypeIndex {
		indexes = append(indexes, t.Index)
	}
	for _, s := range t.SuffixList {
		if !s.Optional { // it matters only where there is an error
			indexes = append(indexes, s.Index)
		}
	}
	for _, i := range indexes {
		if i != nil && i.Str != nil && len(i.Str.Queries) > 0 {
			return nil, false
		}
		name, named := nameOf(i)
		if !named {
			return nil, false
		}
		names = append(names, name)
	}
	return slices.Clip(names), true
}

// valueAt goes down a path. ok is false where jq reports an error, and for a
// number that is long.
func valueAt(v any, names []string) (_ any, ok bool) {
	for _, name := range names {
		switch object := v.(type) {
		case nil:
			return nil, true
		case map[string]any:
			v = object[name]
		default:
			return nil, false
		}
	}
	if n, isNumber := v.(json.Number); isNumber && len(n) > maxDigits {
		return nil, false
	}
	return v, true
}
