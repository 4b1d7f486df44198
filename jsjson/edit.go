package jsjson

import (
	"bytes"
	"slices"
)

// Find returns the value at a path of a JSON body, as it is spelled there,
// without white space around it; false if there is none or the body is not
// JSON. raw is a part of body.
//
// A path is made of keys and array indexes with dots between: "data.email",
// "tags.0". A dot within a key is written \. and a backslash \\; keys are not
// empty. Of equal keys the last one counts, as in JavaScript.
func Find(body []byte, path string) (raw []byte, ok bool) {
	keys, err := splitPath(path)
	if err != nil || check(body) != nil {
		return nil, false
	}
	at := span{0, len(body)}
	for i := range keys {
		p, err := locate(body, at, keys[:i+1])
		if err != nil || !p.found {
			return nil, false
		}
		at = p.value
	}
	return body[at.start:at.end:at.end], true
}

// Set returns a copy of a JSON body in which the value at a path is another
// and all other bytes are the same. Paths are those of [Find]. The value is
// JSON, or else taken as a plain string.
//
// A new key is added as the last of an existing object, and an array may be
// extended by the index that is its length; both are spaced as what stands
// before them. The error wraps [ErrPath] for a path that leads nowhere, and is
// a [*SyntaxError] for a body that is not JSON.
func Set(body []byte, path, value string) ([]byte, error) {
	keys, err := splitPath(path)
	if err != nil {
		return nil, err
	}
	if err := check(body); err != nil {
		return nil, err
	}
	written := bytes.Trim([]byte(value), whiteSpace)
	if check(written) != nil {
		written = Quote(value)
	}
	at := span{0, len(body)}
	var p place
	for i := range keys {
		if p, err = locate(body, at, keys[:i+1]); err != nil {
			return nil, err
		}
		if !p.found && i < len(keys)-1 {
			return nil, pathError("there is no %s to hold %s", joinPath(keys[:i+1]), joinPath(keys[i+1:]))
		}
		at = p.value
	}
	if !p.found {
		written = p.added(body, keys[len(keys)-1], written)
	}
	return slices.Concat(body[:at.start], written, body[at.end:]), nil
}

// whiteSpace is what JSON allows between tokens.
const whiteSpace = " \t\r\n"

// span is a part of a text.
type span struct{ start, end int }

// place is where a key leads within an object or array.
type place struct {
	found bool
	value span // of the value; empty, and where to add it, if not found

	object   bool
	keyed    span // of the last key, which is how a new one is spaced
	element  span // of the last member or element
	previous int  // where the space in front of that begins
	empty    bool
}

// locate looks for the last of some keys within the value at a span of a
// valid text. The keys before it led there.
func locate(body []byte, at span, keys []string) (place, error) {
	s := scanner{text: body[:at.end], at: at.start}
	k := keys[len(keys)-1]
	t, _ := s.next()
	switch t.kind {
	case openObject:
		return findMember(&s, Quote(k)), nil
	case openArray:
		return findElement(&s, keys)
	}
	holder := "the body"
	if len(keys) > 1 {
		holder = joinPath(keys[:len(keys)-1])
	}
	return place{}, pathError("%s is %s and holds no %s", holder, described(body[t.start:t.end], t.kind), joinPath([]string{k}))
}

func described(raw []byte, k kind) string {
	if k == text {
		return "a string"
	}
	if k == number {
		return "a number"
	}
	return string(raw)
}

// findMember looks for the last member with a key, given as appendQuoted
// spells it, in the object that has just been opened.
func findMember(s *scanner, quoted []byte) place {
	p := place{object: true, empty: true, previous: s.at}
	var spelled []byte
	for {
		previous := s.at
		t, err := s.next()
		if err != nil || t.kind != key {
			break
		}
		spelled = appendQuoted(spelled[:0], s.text[t.start:t.end])
		v := s.whole()
		p.keyed, p.element, p.empty = span{t.start, t.end}, v, false
		p.previous = previous
		if bytes.Equal(spelled, quoted) {
			p.found, p.value = true, v
		}
	}
	if !p.found {
		p.value = p.end()
	}
	return p
}

// findElement looks for an element of the array that has just been opened.
func findElement(s *scanner, keys []string) (place, error) {
	k := keys[len(keys)-1]
	index, ok := arrayIndex([]byte(`"` + k + `"`))
	if !ok {
		return place{}, pathError("%s is no index of an array", joinPath(keys))
	}
	p := place{empty: true, previous: s.at}
	count := uint32(0)
	for ; ; count++ {
		previous := s.at
		v := s.whole()
		if v.end == v.start {
			break
		}
		p.element, p.empty, p.previous = v, false, previous
		if count == index {
			p.found, p.value = true, v
			return p, nil
		}
	}
	if index > count {
		return place{}, pathError("%s is beyond the end of an array of %d", joinPath(keys), count)
	}
	p.value = p.end()
	return p, nil
}

// end is where something may be added to what the place is in.
func (p place) end() span {
	if p.empty {
		return span{p.previous, p.previous}
	}
	return span{p.element.end, p.element.end}
}

// whole reads one value with all that it holds. It is empty where there is
// none, at the end of an array.
func (s *scanner) whole() span {
	depth := len(s.open)
	t, err := s.next()
	if err != nil || t.kind == closeArray && len(s.open) < depth {
		return span{}
	}
	v := span{t.start, t.end}
	for len(s.open) > depth {
		if t, err = s.next(); err != nil {
			return span{}
		}
		v.end = t.end
	}
	return v
}

// added is the text that adds a member or an element at the end of what the
// place is in, spaced as the last one is.
func (p place) added(body []byte, k string, value []byte) []byte {
	var b []byte
	colon := []byte(":")
	if !p.empty {
		begin := p.element.start
		if p.object {
			begin, colon = p.keyed.start, body[p.keyed.end:p.element.start]
		}
		lead := body[p.previous:begin]
		b = append(b, ',')
		b = append(b, lead[bytes.IndexByte(lead, ',')+1:]...)
	}
	if p.object {
		b = append(b, Quote(k)...)
		b = append(b, colon...)
	}
	return append(b, value...)
}
