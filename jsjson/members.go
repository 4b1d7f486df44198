package jsjson

import (
	"bytes"
	"encoding/json"
	"iter"
)

// Members yields the keys and values of the object that a body is, in the
// order of the text, equal keys each time. Keys are decoded; values are as
// spelled, without white space around them. Both are parts of body unless a
// key has escapes.
//
// It is for a quick look at what comes from outside: values are passed over
// without a check of their grammar, and a body that is no object, or ceases to
// be one, yields what stands before that. A byte order mark is passed over.
func Members(body []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, value []byte) bool) {
		b := skipSpace(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")))
		if len(b) == 0 || b[0] != '{' {
			return
		}
		for {
			b = skipSpace(b[1:])
			n := stringSize(b)
			if n == 0 {
				return
			}
			k := b[:n]
			b = skipSpace(b[n:])
			if len(b) == 0 || b[0] != ':' {
				return
			}
			b = skipSpace(b[1:])
			if n = valueSize(b); n == 0 || !yield(decodeKey(k), b[:n:n]) {
				return
			}
			b = skipSpace(b[n:])
			if len(b) == 0 || b[0] != ',' {
				return
			}
		}
	}
}

func decodeKey(quoted []byte) []byte {
	inner := quoted[1 : len(quoted)-1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var s string
	if json.Unmarshal(quoted, &s) != nil {
		return inner
	}
	return []byte(s)
}

func skipSpace(b []byte) []byte {
	for i, c := range b {
		if c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return b[i:]
		}
	}
	return nil
}

// stringSize returns the length of the string at the front of b with its
// quotes, 0 if there is none or it has no end.
func stringSize(b []byte) int {
	if len(b) == 0 || b[0] != '"' {
		return 0
	}
	for i := 1; ; {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return 0
		}
		i += n
		backslashes := 0
		for b[i-1-backslashes] == '\\' {
			backslashes++
		}
		i++
		if backslashes%2 == 0 {
			return i
		}
	}
}

// valueSize returns the length of the value at the front of b, 0 if there is
// none or it has no end. Brackets are counted, not matched.
func valueSize(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch b[0] {
	case '"':
		return stringSize(b)
	case '{', '[':
		return nestedSize(b)
	}
	if i := bytes.IndexAny(b, ",}] \t\r\n"); i >= 0 {
		return i
	}
	return 0
}

func nestedSize(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			n := stringSize(b[i:])
			if n == 0 {
				return 0
			}
			i += n - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}
