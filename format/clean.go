package format

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Clean makes text from outside safe to print on one line of a terminal: no
// escape sequence, control character or bidirectional override is left, tabs
// and line ends are spaces, and what is not UTF-8 is U+FFFD. Text that is safe
// already is returned as it is, without a copy.
func Clean(s string) string {
	at := firstUnsafe(s)
	if at < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	b.WriteString(s[:at])
	for i := at; i < len(s); {
		if n := escapeLength(s[i:]); n > 0 {
			i += n
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case isSpacing(r):
			b.WriteByte(' ')
		case !Unsafe(r):
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

// CleanLines is [Clean] for text of several lines, which stay apart.
func CleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = Clean(line)
	}
	return strings.Join(lines, "\n")
}

// Printable reports whether text of several lines, with tabs, is safe to print
// as it is.
func Printable(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return r != '\n' && r != '\t' && Unsafe(r) }) < 0
}

// firstUnsafe returns the offset of the first byte that Clean changes, -1 if
// there is none.
func firstUnsafe(s string) int {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < ' ' || c == 0x7f {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || Unsafe(r) || isSpacing(r) {
			return i
		}
		i += size
	}
	return -1
}

// isSpacing reports whether a character stands between words on one line.
func isSpacing(r rune) bool {
	return r == '\t' || r == '\n' || r == '\v' || r == '\f' || r == '\r' ||
		r == 0x85 || r == 0x2028 || r == 0x2029
}

// Unsafe reports whether a character steers the terminal or reorders the
// text around it instead of being seen.
func Unsafe(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r < ' ' || r == 0x7f
	case r <= 0x9f: // C1
		return true
	case r == 0xfeff, r >= 0x206a && r <= 0x206f, r >= 0xfff9 && r <= 0xfffb:
		return true
	}
	return unicode.Is(unicode.Bidi_Control, r)
}

// escapeLength returns the length of the escape sequence that s begins with:
// 0 if it begins with none. A string sequence without an end counts as its
// introducer alone, so that the text after it stays visible.
func escapeLength(s string) int {
	intro, kind := introducer(s)
	switch kind {
	case '[':
		return intro + controlSequence(s[intro:])
	case ']', 'P', 'X', '^', '_':
		return intro + controlString(s[intro:])
	case 0:
		return intro
	}
	// ESC, intermediates, one final byte.
	i := intro - 1
	for i < len(s) && s[i] >= 0x20 && s[i] <= 0x2f {
		i++
	}
	if i < len(s) && s[i] >= 0x30 && s[i] <= 0x7e {
		i++
	}
	return i
}

// introducer recognises ESC and the 8-bit forms. It returns the introducer's
// length and the byte that ESC would be followed by, 0 for a lone ESC.
func introducer(s string) (length int, kind byte) {
	if s[0] == 0x1b {
		if len(s) == 1 || s[1] < 0x20 || s[1] > 0x7e {
			return 1, 0
		}
		return 2, s[1]
	}
	// U+0080 … U+009F are C2 80 … C2 9F in UTF-8.
	if len(s) < 2 || s[0] != 0xc2 {
		return 0, 0
	}
	switch s[1] {
	case 0x9b, 0x9d, 0x90, 0x98, 0x9e, 0x9f:
		return 2, s[1] - 0x40
	}
	return 0, 0
}

// controlSequence returns the length of the parameters, intermediates and
// final byte of a CSI sequence.
func controlSequence(s string) int {
	i := 0
	for i < len(s) && s[i] >= 0x20 && s[i] <= 0x3f {
		i++
	}
	if i < len(s) && s[i] >= 0x40 && s[i] <= 0x7e {
		i++
	}
	return i
}

// controlString returns the length of a string sequence up to its end, 0 when
// another control character comes before one. It never looks beyond that
// character: the scan of a whole text stays linear.
func controlString(s string) int {
	for i := range len(s) {
		switch c := s[i]; {
		case c == 0x07:
			return i + 1
		case c == 0x1b:
			if i+1 < len(s) && s[i+1] == '\\' {
				return i + 2
			}
			return 0
		case c < ' ':
			return 0
		case c == 0xc2 && i+1 < len(s) && s[i+1] == 0x9c:
			return i + 2
		case c == 0xc2 && i+1 < len(s) && s[i+1] < 0xa0:
			return 0
		}
	}
	return 0
}
