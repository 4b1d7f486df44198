package jsjson

import "unicode/utf8"

// excerptBytes is about how long an excerpt of a [Difference] is.
const excerptBytes = 24

// Difference is the place where two texts first differ.
type Difference struct {
	Offset int // in bytes, from 0: of the first byte that differs
	// A and B are short excerpts of both texts that begin with the character at
	// Offset; empty where a text ends.
	A, B string
}

// FirstDifference returns where two texts first differ, false if they are equal.
// They need not be JSON.
func FirstDifference(a, b []byte) (Difference, bool) {
	n := min(len(a), len(b))
	i := 0
	for i < n && a[i] == b[i] {
		i++
	}
	if i == len(a) && i == len(b) {
		return Difference{}, false
	}
	// A character whose first bytes are the same is shown whole.
	from := i
	for back := 1; back < utf8.UTFMax && back <= i; back++ {
		if c := a[i-back]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && (splits(a, i, i-back) || splits(b, i, i-back)) {
				from = i - back
			}
			break
		}
	}
	return Difference{i, excerpt(a[from:]), excerpt(b[from:])}, true
}

// splits reports whether a place in a text is within the character that
// begins at start.
func splits(text []byte, at, start int) bool {
	_, size := utf8.DecodeRune(text[start:])
	return start+size > at
}

func excerpt(b []byte) string {
	if len(b) <= excerptBytes {
		return string(b)
	}
	end := excerptBytes
	for back := 1; back < utf8.UTFMax; back++ {
		if start := end - back; utf8.RuneStart(b[start]) {
			if splits(b, end, start) {
				end = start
			}
			break
		}
	}
	return string(b[:end])
}
