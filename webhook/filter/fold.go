package filter

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// fold returns the rune that stands for all its cases, as strings.EqualFold
// takes them to be equal.
func fold(r rune) rune {
	if 'a' <= r && r <= 'z' {
		return r - ('a' - 'A')
	}
	least := r
	if r >= utf8.RuneSelf {
		for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
			least = min(least, o)
		}
	}
	return least
}

// needle is a text to be found in any case. It is safe for concurrent use.
type needle struct {
	runes []rune // folded
	// ascii holds the needle in lower case where it is ASCII alone; rare is
	// the index of its byte that is least likely in JSON.
	ascii []byte
	rare  int
	// kin says that non-ASCII runes fold to a letter of ascii.
	kin bool
	// first holds the bytes that a match of runes can begin with.
	first [256]bool
	// escapable says that JSON has an escape other than \u for one of its runes.
	escapable bool
}

// kelvin and longS are the runes outside ASCII that fold into it.
const (
	kelvin = "\u212A" // k
	longS  = "\u017F" // s
)

func newNeedle(s string) *needle {
	n := &needle{escapable: strings.ContainsAny(s, "\"\\/\b\f\n\r\t")}
	ascii := true
	for _, r := range s {
		n.runes = append(n.runes, fold(r))
		ascii = ascii && r < utf8.RuneSelf
	}
	r := n.runes[0]
	for o := unicode.SimpleFold(r); ; o = unicode.SimpleFold(o) {
		n.first[string(o)[0]] = true
		if o == r {
			break
		}
	}
	if ascii {
		n.ascii = []byte(strings.ToLower(s))
		n.kin = bytes.ContainsAny(n.ascii, "ks")
		for i, c := range n.ascii {
			if commonness(c) < commonness(n.ascii[n.rare]) {
				n.rare = i
			}
		}
	}
	return n
}

// commonness ranks a byte by how often it stands in webhooks' JSON.
func commonness(c byte) int {
	return 1 + strings.IndexByte("~^|`<>$%;!?*()&#'=+@\\zqjxkwvyf/bg_phmudclZ9876543-. sr}{][t12oin0a,:e\"", c)
}

// match reports whether the needle occurs. It does not allocate.
func (n *needle) match(hay []byte) bool {
	if n.ascii == nil {
		return n.runesIn(hay)
	}
	if n.asciiIn(hay) {
		return true
	}
	return n.kin && (bytes.Contains(hay, []byte(kelvin)) || bytes.Contains(hay, []byte(longS))) && n.runesIn(hay)
}

// asciiIn leaps from one occurrence of the rare byte to the next.
func (n *needle) asciiIn(hay []byte) bool {
	lower := n.ascii[n.rare]
	upper := lower
	if 'a' <= lower && lower <= 'z' {
		upper -= 'a' - 'A'
	}
	// The rare byte has to stand between the two ends of its own needle.
	from, to := n.rare, len(hay)-(len(n.ascii)-n.rare)+1
	if to <= from {
		return false
	}
	l, u := next(hay[:to], from, lower), to
	if upper != lower {
		u = next(hay[:to], from, upper)
	}
	for {
		at := min(l, u)
		if at == to {
			return false
		}
		if bytes.EqualFold(hay[at-n.rare:][:len(n.ascii)], n.ascii) {
			return true
		}
		if at == l {
			l = next(hay, at+1, lower)
		} else {
			u = next(hay, at+1, upper)
		}
		l, u = min(l, to), min(u, to)
	}
}

// next returns where c next stands from an index on, or len(b).
func next(b []byte, from int, c byte) int {
	if i := bytes.IndexByte(b[from:], c); i >= 0 {
		return from + i
	}
	return len(b)
}

func (n *needle) runesIn(hay []byte) bool {
	for i, c := range hay {
		if n.first[c] && n.runesAt(hay[i:]) {
			return true
		}
	}
	return false
}

func (n *needle) runesAt(hay []byte) bool {
	for _, want := range n.runes {
		r, size := utf8.DecodeRune(hay)
		if size == 0 || r == utf8.RuneError && size == 1 || fold(r) != want {
			return false
		}
		hay = hay[size:]
	}
	return true
}
