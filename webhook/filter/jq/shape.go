package jq

import "github.com/itchyny/gojq"

// shape is the part of a JSON value that jq expressions look at: what lies
// beside it need not be decoded. nil is nothing.
type shape struct {
	whole  bool
	fields map[string]*shape // of an object; a value that is none is taken whole
}

// add takes in what an expression reads of its input.
func (s *shape) add(q *gojq.Query) {
	if !s.reads(q) {
		s.whole = true
	}
}

// reads adds the paths of an expression and reports whether it reads nothing
// else. It knows what people write into a filter, paths and comparisons; of
// all else it says no, which is never wrong.
func (s *shape) reads(q *gojq.Query) bool {
	if q == nil {
		return true
	}
	if len(q.FuncDefs) > 0 || len(q.Patterns) > 0 || len(q.Imports) > 0 || q.Meta != nil {
		return false
	}
	if q.Term != nil {
		return s.term(q.Term)
	}
	switch q.Op {
	case gojq.OpPipe: // the right side sees what the left one yields
		return s.reads(q.Left)
	case gojq.OpComma, gojq.OpAlt, gojq.OpAnd, gojq.OpOr, gojq.OpAdd, gojq.OpSub, gojq.OpMul, gojq.OpDiv, gojq.OpMod,
		gojq.OpEq, gojq.OpNe, gojq.OpGt, gojq.OpLt, gojq.OpGe, gojq.OpLe:
		return s.reads(q.Left) && s.reads(q.Right)
	}
	return false
}

func (s *shape) term(t *gojq.Term) bool {
	for _, x := range t.SuffixList {
		if !s.index(x.Index) {
			return false
		}
	}
	switch t.Type {
	case gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse, gojq.TermTypeNumber:
		return true
	case gojq.TermTypeString:
		return len(t.Str.Queries) == 0
	case gojq.TermTypeQuery:
		return s.reads(t.Query)
	case gojq.TermTypeArray:
		return s.reads(t.Array.Query)
	case gojq.TermTypeUnary:
		return s.term(t.Unary.Term)
	case gojq.TermTypeFunc:
		return s.function(t.Func)
	case gojq.TermTypeIdentity:
		s.path(nil, t.SuffixList)
		return true
	case gojq.TermTypeIndex:
		if !s.index(t.Index) {
			return false
		}
		s.path(t.Index, t.SuffixList)
		return true
	}
	return false
}

// function adds what the functions that take a path first read of it.
func (s *shape) function(f *gojq.Func) bool {
	switch {
	case (f.Name == "any" || f.Name == "all") && len(f.Args) == 2, f.Name == "first" && len(f.Args) == 1:
		return s.reads(f.Args[0])
	}
	return false
}

// index adds what the brackets of an index read: they see the input too.
func (s *shape) index(x *gojq.Index) bool {
	if x == nil {
		return true
	}
	if x.Str != nil && len(x.Str.Queries) > 0 {
		return false
	}
	return s.reads(x.Start) && s.reads(x.End)
}

// path adds the names that an expression goes down from its input.
func (s *shape) path(first *gojq.Index, rest []*gojq.Suffix) {
	at := s
	if first != nil {
		name, named := nameOf(first)
		if !named {
			s.whole = true
			return
		}
		at = at.field(name)
	}
	for _, x := range rest {
		if x.Optional {
			continue
		}
		name, named := nameOf(x.Index)
		if !named {
			break
		}
		at = at.field(name)
	}
	at.whole = true
}

func (s *shape) field(name string) *shape {
	if s.fields == nil {
		s.fields = map[string]*shape{}
	}
	if s.fields[name] == nil {
		s.fields[name] = &shape{}
	}
	return s.fields[name]
}

func nameOf(x *gojq.Index) (name string, named bool) {
	switch {
	case x == nil:
		return "", false
	case x.Str != nil:
		return x.Str.Str, true
	case x.Start != nil && x.End == nil && !x.IsSlice && isPlain(x.Start) && x.Start.Term != nil: // ["name"]
		return literalText(x.Start.Term)
	}
	return x.Name, x.Name != ""
}

func literalText(t *gojq.Term) (text string, ok bool) {
	v, ok := literal(t)
	if !ok {
		return "", false
	}
	text, ok = v.(string)
	return text, ok
}
