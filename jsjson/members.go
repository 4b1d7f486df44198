package jsjson

import (
	"bytes"
	"iter"
	"strings"
)

// Members yields the keys and values of the object that a body is, in the
// order of the text, equal keys each time. Keys are decoded; values are as
// written, without white space around them. Both are parts of body unless a key
// has escapes.
//
// It is for a quick look at what comes from outside: a body that is no object
// yields nothing, one that breaks off or is not JSON from some place on yields
// what is complete before that. A byte order mark is skipped.
func Members(body []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, value []byte) bool) {
		body = bytes.TrimPrefix(body, []byte("\ufeff"))
		r := NewReader(body)
		if t, err := r.Next(); err != nil || t.Kind != OpenObject {
			return
		}
		for {
			k, err := r.Next()
			if err != nil || k.Kind != Key {
				return
			}
			v, err := r.Value()
			if err != nil || v.Kind == Number && !endsAt(body, v.End) || !yield(Unquote(body[k.Start:k.End]), body[v.Start:v.End:v.End]) {
				return
			}
		}
	}
}

// endsAt reports whether a number ends at a place of a text, and is not cut
// off there or followed by what belongs to no number.
func endsAt(text []byte, at int) bool {
	return at < len(text) && strings.IndexByte(whiteSpace+",}", text[at]) >= 0
}
