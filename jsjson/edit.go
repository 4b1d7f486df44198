package jsjson

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
)

// Find returns the value at a path of a JSON body, as it is written there,
// without white space around it; false if there is none or the body is not
// JSON. raw is a part of body.
//
// A path is keys and array indexes joined by dots: "data.email", "tags.0". A dot
// in a key is written \. and a backslash \\; keys are not empty. Of equal keys
// the last one counts, as in JavaScript.
func Find(body []byte, path string) (raw []byte, ok bool) {
	keys, err := splitPath(path)
	if err != nil {
		return nil, false
	}
	for i := range keys {
		p, err := locate(body, keys[:i+1])
		if err != nil || !p.found {
			return nil, false
		}
		body = body[p.value.start:p.value.end:p.value.end]
	}
	return body, true
}

// Set returns a copy of a JSON body with another value at a path and all other
// bytes the same. Paths are those of [Find]. A value that is not JSON is taken
// as a plain string.
//
// A new key is added as the last of an existing object, and an array may be
// extended by the index that is its length; both are spaced like what precedes
// them. The error wraps [ErrPath] for a path that does not exist, and is a
// [*SyntaxError] for a body that is not JSON.
func Set(body []byte, path, value string) ([]byte, error) {
	keys, err := splitPath(path)
	if err != nil {
		return nil, err
	}
	written := bytes.Trim([]byte(value), whiteSpace)
	if Check(written) != nil {
		written = Quote(value)
	}
	_, offset, p, err := descend(body, keys, "set")
	if err != nil {
		return nil, err
	}
	if !p.found {
		written = append(p.before, written...)
	}
	return slices.Concat(body[:offset+p.value.start], written, body[offset+p.value.end:]), nil
}

// descend returns the object or array that holds the last of some keys, where in
// the body it begins, and the place of that key in it. What is to be done there
// is a verb. All of the body is read: a [*SyntaxError] comes before any other.
func descend(body []byte, keys []string, what string) (holder []byte, offset int, p place, err error) {
	holder = body
	for i := range keys {
		if p, err = locate(holder, keys[:i+1]); err != nil || i == len(keys)-1 {
			return holder, offset, p, err
		}
		if !p.found {
			return nil, 0, p, pathError("cannot %s %s: %s does not exist", what, joinPath(keys), joinPath(keys[:i+1]))
		}
		holder, offset = holder[p.value.start:p.value.end], offset+p.value.start
	}
	return holder, offset, p, nil
}

// whiteSpace is what JSON allows between tokens.
const whiteSpace = " \t\r\n"

// span is a part of a text.
type span struct{ start, end int }

// place is where a key leads in an object or array.
type place struct {
	found  bool
	value  span   // of the value; empty, and where to add it, if not found
	before []byte // what to write in front of a value that is added
}

// locate looks for the last of some keys in a text, to which the keys before it
// led. It reads all of the text: a [*SyntaxError] comes before any other.
func locate(text []byte, keys []string) (place, error) {
	r := NewReader(text)
	t, err := r.Next()
	if err != nil {
		return place{}, err
	}
	var p place
	k := keys[len(keys)-1]
	switch t.Kind {
	case OpenObject:
		p, err = findMember(r, k)
	case OpenArray:
		p, err = findElement(r, keys)
	default:
		holder := "the body"
		if len(keys) > 1 {
			holder = joinPath(keys[:len(keys)-1])
		}
		err = pathError("%s is %s and holds no %s", holder, described(text[t.Start:t.End], t.Kind), joinPath([]string{k}))
	}
	if err == nil || errors.Is(err, ErrPath) {
		err = cmp.Or(r.rest(), err)
	}
	return p, err
}

// rest reads to the end of the text.
func (r *Reader) rest() error {
	for {
		if t, err := r.Value(); err != nil || t.Kind == EndOfText {
			return err
		}
	}
}

func described(raw []byte, k Kind) string {
	switch k {
	case String:
		return "a string"
	case Number:
		return "a number"
	}
	return string(raw)
}

// findMember looks for the last member with a key in the object that has just
// been opened.
func findMember(r *Reader, key string) (place, error) {
	var p place
	var lead, spelled []byte
	quoted, colon, end := Quote(key), []byte(":"), r.at
	for {
		previous := r.at
		k, err := r.Next()
		if err != nil {
			return p, err
		}
		if k.Kind != Key {
			break
		}
		v, err := r.Value()
		if err != nil {
			return p, err
		}
		lead, colon, end = r.text[previous:k.Start], r.text[k.End:v.Start], v.End
		spelled = appendQuoted(spelled[:0], r.text[k.Start:k.End])
		if bytes.Equal(spelled, quoted) {
			p.found, p.value = true, span{v.Start, v.End}
		}
	}
	if !p.found {
		p.value, p.before = span{end, end}, slices.Concat(separator(lead), quoted, colon)
	}
	return p, nil
}

// findElement looks for an element of the array that has just been opened.
func findElement(r *Reader, keys []string) (place, error) {
	k := keys[len(keys)-1]
	index, ok := arrayIndex([]byte(`"` + k + `"`))
	if !ok {
		return place{}, pathError("%s is no index of an array", joinPath(keys))
	}
	var lead []byte
	end := r.at
	count := uint32(0)
	for ; ; count++ {
		previous := r.at
		v, err := r.Value()
		if err != nil {
			return place{}, err
		}
		if v.Kind == CloseArray {
			break
		}
		if count == index {
			return place{found: true, value: span{v.Start, v.End}}, nil
		}
		lead, end = r.text[previous:v.Start], v.End
	}
	if index > count {
		return place{}, pathError("%s is beyond the end of an array of %d", joinPath(keys), count)
	}
	return place{value: span{end, end}, before: separator(lead)}, nil
}

// separator is what follows the last member or element when another one is
// added, spaced as the text in front of that one is; nil if there is none.
func separator(lead []byte) []byte {
	if lead == nil {
		return nil
	}
	return append([]byte{','}, lead[bytes.IndexByte(lead, ',')+1:]...)
}
