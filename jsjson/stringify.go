package jsjson

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
)

// Stringify returns what JSON.stringify(JSON.parse(body)) returns in Node for
// the bytes of a request: compact; numbers as float64 in JavaScript's
// spelling; characters raw unless they must be escaped, halves of surrogate
// pairs as \udXXX; keys that are array indexes first, in ascending order; of
// equal keys the last value in the first one's place; U+FFFD for what is not
// UTF-8.
//
// The error is a [*SyntaxError] for a body that JSON.parse rejects, such as one
// with a byte order mark.
func Stringify(body []byte) ([]byte, error) {
	return writer{text: body}.write()
}

// StringifyExact is Stringify for a body that must not lose data: whole numbers
// that JavaScript would round, such as 9007199254740993, stay as they are. With
// one of them the text is not its own JSON.stringify, see [Rounds].
func StringifyExact(body []byte) ([]byte, error) {
	return writer{text: body, exact: true}.write()
}

// Rounds reports whether JavaScript would write a text of [StringifyExact]
// otherwise. [RoundsNote] says what follows.
func Rounds(text []byte) bool {
	again, err := Stringify(text)
	return err == nil && !bytes.Equal(again, text)
}

// RoundsNote is what a person should know of a text that JavaScript rounds.
const RoundsNote = "a number in the body is larger than JavaScript has exactly and stays as it is: an app that parses and serializes the body before it verifies will not find the signature valid"

func (w writer) write() ([]byte, error) {
	r := NewReader(w.text)
	w.out = make([]byte, 0, len(w.text))
	for {
		t, err := r.Next()
		if err != nil {
			return nil, err
		}
		if t.Kind == EndOfText {
			return w.ordered(), nil
		}
		w.token(t)
	}
}

// writer first writes each object in the order of the text. The objects that
// JavaScript orders differently are noted, and reordered at the end in one
// pass, so that no nesting of them takes more than linear time.
type writer struct {
	text      []byte
	out       []byte
	stack     []container
	members   []member // of all open objects, innermost last
	reordered []object // by their ends, until ordered sorts them
	exact     bool     // whole numbers that JavaScript rounds stay as they are
}

// container is an open object or array.
type container struct {
	object bool
	first  int // index of its first member
	start  int // of its opening bracket in out
	values int // how many there are so far, for commas
}

// member is one member of an object in out.
type member struct{ start, keyEnd, end int }

// object is an object in out whose members need another order.
type object struct {
	start, end int // of its brackets
	members    []member
}

func (w *writer) token(t Token) {
	raw := w.text[t.Start:t.End]
	switch t.Kind {
	case CloseObject, CloseArray:
		w.close(t.Kind == CloseObject)
		return
	case Key:
		w.key(raw)
		return
	}
	w.comma()
	switch t.Kind {
	case OpenObject, OpenArray:
		w.stack = append(w.stack, container{object: t.Kind == OpenObject, first: len(w.members), start: len(w.out)})
		w.out = append(w.out, raw...)
		return
	case String:
		w.out = appendQuoted(w.out, raw)
	case Number:
		w.number(raw)
	default:
		w.out = append(w.out, raw...)
	}
	w.valueEnds()
}

func (w *writer) number(raw []byte) {
	if w.exact && rounded(raw) {
		w.out = append(w.out, raw...)
		return
	}
	w.out = appendNumber(w.out, raw)
}

// comma separates an element of an array from the one before.
func (w *writer) comma() {
	if len(w.stack) == 0 || w.stack[len(w.stack)-1].object {
		return
	}
	c := &w.stack[len(w.stack)-1]
	if c.values > 0 {
		w.out = append(w.out, ',')
	}
	c.values++
}

// valueEnds notes the end of a member.
func (w *writer) valueEnds() {
	if n := len(w.stack); n > 0 && w.stack[n-1].object {
		w.members[len(w.members)-1].end = len(w.out)
	}
}

func (w *writer) key(raw []byte) {
	c := &w.stack[len(w.stack)-1]
	if c.values > 0 {
		w.out = append(w.out, ',')
	}
	start := len(w.out)
	w.out = appendQuoted(w.out, raw)
	c.values++
	w.members = append(w.members, member{start: start, keyEnd: len(w.out)})
	w.out = append(w.out, ':')
}

func (w *writer) close(isObject bool) {
	c := w.stack[len(w.stack)-1]
	w.stack = w.stack[:len(w.stack)-1]
	if members := w.members[c.first:]; !w.inOrder(members) {
		w.reordered = append(w.reordered, object{c.start, len(w.out), w.javaScriptOrder(members)})
	}
	w.members = w.members[:c.first]
	if isObject {
		w.out = append(w.out, '}')
	} else {
		w.out = append(w.out, ']')
	}
	w.valueEnds()
}

// fewKeys is how many keys are compared one by one.
const fewKeys = 16

// inOrder reports whether a small object certainly needs no reordering: its
// keys are all different, and none is an array index.
func (w *writer) inOrder(members []member) bool {
	if len(members) > fewKeys {
		return false
	}
	for i, m := range members {
		k := w.spelled(m)
		if _, isIndex := arrayIndex(k); isIndex {
			return false
		}
		if slices.ContainsFunc(members[:i], func(before member) bool { return bytes.Equal(w.spelled(before), k) }) {
			return false
		}
	}
	return true
}

// javaScriptOrder returns the members of an object as JavaScript enumerates
// them.
func (w *writer) javaScriptOrder(members []member) []member {
	place := make(map[string]int, len(members))
	unique := make([]member, 0, len(members))
	for _, m := range members {
		k := w.spelled(m)
		if i, ok := place[string(k)]; ok {
			unique[i] = m
			continue
		}
		place[string(k)] = len(unique)
		unique = append(unique, m)
	}
	isIndex := func(m member) bool {
		_, ok := arrayIndex(w.spelled(m))
		return ok
	}
	indexes := slices.DeleteFunc(slices.Clone(unique), func(m member) bool { return !isIndex(m) })
	others := slices.DeleteFunc(unique, isIndex)
	slices.SortFunc(indexes, func(a, b member) int {
		i, _ := arrayIndex(w.spelled(a))
		j, _ := arrayIndex(w.spelled(b))
		return cmp.Compare(i, j)
	})
	return append(indexes, others...)
}

// spelled is the quoted key of a member.
func (w *writer) spelled(m member) []byte { return w.out[m.start:m.keyEnd] }

// arrayIndex reads a quoted key as an array index: a whole number without
// leading zeros below 2³²−1.
func arrayIndex(k []byte) (uint32, bool) {
	digits := k[1 : len(k)-1]
	if len(digits) == 0 || len(digits) > 10 || digits[0] == '0' && len(digits) > 1 || digits[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(digits), 10, 32)
	return uint32(n), err == nil && n < 1<<32-1
}

// ordered returns what was written with all objects in JavaScript's order.
func (w *writer) ordered() []byte {
	if len(w.reordered) == 0 {
		return w.out
	}
	slices.SortFunc(w.reordered, func(a, b object) int { return cmp.Compare(a.start, b.start) })
	dst := make([]byte, 0, len(w.out))
	// Spans of out that are still to be copied, the next one last. A reordered
	// object within one splits it.
	comma := span{-1, -1}
	todo := []span{{0, len(w.out)}}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if s == comma {
			dst = append(dst, ',')
			continue
		}
		i, _ := slices.BinarySearchFunc(w.reordered, s.start, func(o object, start int) int { return cmp.Compare(o.start, start) })
		if i == len(w.reordered) || w.reordered[i].start >= s.end {
			dst = append(dst, w.out[s.start:s.end]...)
			continue
		}
		o := w.reordered[i]
		dst = append(dst, w.out[s.start:o.start+1]...)
		todo = append(todo, span{o.end, s.end})
		for j, m := range slices.Backward(o.members) {
			todo = append(todo, span{m.start, m.end})
			if j > 0 {
				todo = append(todo, comma)
			}
		}
	}
	return dst
}
