package filter

import "unicode/utf8"

// The wildcards of a pattern, where no rune can be.
const (
	anyRunes rune = -1 // *
	anyRune  rune = -2 // ?
)

// pattern is a value with wildcards, in any case.
type pattern struct {
	runes  []rune  // folded
	wild   bool    // it has wildcards
	needle *needle // nil: all of a text must fit, else a part of it
}

func newPattern(w word) pattern {
	var p pattern
	for i, r := range w.text {
		switch {
		case r == '*' && !w.quoted[i]:
			r, p.wild = anyRunes, true
		case r == '?' && !w.quoted[i]:
			r, p.wild = anyRune, true
		default:
			r = fold(r)
		}
		p.runes = append(p.runes, r)
	}
	return p
}

// match reports whether s fits. After a star it goes back to that star
// alone, so that its time is at most len(s) times the pattern's length.
func (p pattern) match(s string) bool {
	if p.needle != nil {
		return p.needle.match([]byte(s))
	}
	i, at := 0, 0         // in the pattern, in s
	star, resume := -1, 0 // the last star, and where in s to go on after it
	for at < len(s) || i < len(p.runes) {
		if i < len(p.runes) {
			if p.runes[i] == anyRunes {
				star, resume = i, at
				i++
				continue
			}
			if at < len(s) {
				r, size := utf8.DecodeRuneInString(s[at:])
				if p.runes[i] == anyRune || p.runes[i] == fold(r) {
					i, at = i+1, at+size
					continue
				}
			}
		}
		if star < 0 || resume >= len(s) {
			return false
		}
		_, size := utf8.DecodeRuneInString(s[resume:])
		resume += size
		i, at = star+1, resume
	}
	return true
}

// readName reads a name, which is compared whole.
func readName(_ field, w word) (pattern, string, *SyntaxError) {
	return newPattern(w), w.plain(true), nil
}

// readBeginning reads the beginning of a name; "" is the empty name alone.
func readBeginning(_ field, w word) (pattern, string, *SyntaxError) {
	p := newPattern(w)
	if !p.wild && len(p.runes) > 0 {
		p.runes = append(p.runes, anyRunes)
	}
	return p, w.plain(true), nil
}

// readPart reads what is looked for within a text, or, with wildcards, compared
// with all of it.
func readPart(f field, w word) (pattern, string, *SyntaxError) {
	needle, text, err := readNeedle(f, w)
	p := newPattern(w)
	if !p.wild {
		p.needle = needle
	}
	return p, text, err
}

// readNeedle reads what is looked for within bytes.
func readNeedle(_ field, w word) (*needle, string, *SyntaxError) {
	if w.text == "" {
		return nil, "", w.wrong("leave the term out", "an empty text matches everything")
	}
	return newNeedle(w.text), w.plain(true), nil
}

// bodyPart is what is looked for within a body.
type bodyPart struct{ *needle }

func (p bodyPart) match(b *bodyText) bool { return b.holds(p.needle) }

func readBodyPart(f field, w word) (bodyPart, string, *SyntaxError) {
	n, text, err := readNeedle(f, w)
	return bodyPart{n}, text, err
}
