package filter

import "unicode/utf8"

// The wildcards of a pattern, where no rune can be.
const (
	anyRunes rune = -1 // *
	anyRune  rune = -2 // ?
)

// pattern is a value with wildcards, in any case.
type pattern struct {
	runes []rune // folded
	wild  bool   // it has wildcards
	text  string // canonical
}

func newPattern(w word) pattern {
	p := pattern{text: w.plain(true)}
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

// prefix returns the pattern of everything that begins like p.
func (p pattern) prefix() pattern {
	p.runes = append(p.runes[:len(p.runes):len(p.runes)], anyRunes)
	return p
}

// match reports whether all of s fits. After a star it goes back to that star
// alone, so that its time is at most len(s) times the pattern's length.
func (p pattern) match(s string) bool {
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

// matcher is a value that is looked for within a text, or, with wildcards,
// compared with all of it.
type matcher struct {
	pattern
	needle *needle
}

func newMatcher(w word) matcher {
	m := matcher{pattern: newPattern(w)}
	if !m.wild {
		m.needle = newNeedle(w.text)
	}
	return m
}

func (m matcher) match(s string) bool {
	if m.wild {
		return m.pattern.match(s)
	}
	return m.needle.inString(s)
}
