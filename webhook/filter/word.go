package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a run of the text up to white space or a parenthesis. Quotes may
// stand anywhere in it and make what they hold literal.
type word struct {
	text       string // without quotes and escapes
	quoted     []bool // of each byte of text
	at         []int  // where in the source each byte of text stands
	start, end int    // in the source
}

// readWord reads the word at src[pos:]. It is empty where there is none.
func readWord(src string, pos int) (word, *SyntaxError) {
	w := word{start: pos}
	var b strings.Builder
	put := func(s string, at int, quoted bool) {
		for i := range len(s) {
			b.WriteByte(s[i])
			w.at = append(w.at, at+i)
			w.quoted = append(w.quoted, quoted)
		}
	}
	for pos < len(src) {
		if src[pos] == '"' {
			end := closing(src, pos)
			if end < 0 {
				return w, wrong(pos, len(src), `add a " at its end`, "this quote is not closed")
			}
			for i := pos + 1; i < end; i++ {
				if src[i] == '\\' && (src[i+1] == '"' || src[i+1] == '\\') {
					i++
				}
				put(src[i:i+1], i, true)
			}
			pos = end + 1
			continue
		}
		if breaks(src[pos:]) {
			break
		}
		_, size := utf8.DecodeRuneInString(src[pos:])
		put(src[pos:pos+size], pos, false)
		pos += size
	}
	w.text, w.end = b.String(), pos
	return w, nil
}

// closing returns where the quotation that opens at src[pos] ends, or -1.
func closing(src string, pos int) int {
	for i := pos + 1; i < len(src); i++ {
		switch {
		case src[i] == '"':
			return i
		case src[i] == '\\' && i+1 < len(src) && (src[i+1] == '"' || src[i+1] == '\\'):
			i++
		}
	}
	return -1
}

// index returns where an unquoted byte first stands in the text, or -1.
func (w word) index(c byte) int {
	for i := range len(w.text) {
		if w.text[i] == c && !w.quoted[i] {
			return i
		}
	}
	return -1
}

// cut splits at an unquoted byte.
func (w word) cut(c byte) (before, after word, found bool) {
	i := w.index(c)
	if i < 0 {
		return w, word{start: w.end, end: w.end}, false
	}
	before = word{text: w.text[:i], quoted: w.quoted[:i], at: w.at[:i], start: w.start, end: w.at[i]}
	after = word{text: w.text[i+1:], quoted: w.quoted[i+1:], at: w.at[i+1:], start: w.at[i] + 1, end: w.end}
	return before, after, true
}

// missing reports whether nothing at all was written, not even quotes.
func (w word) missing() bool { return w.start == w.end }

// hasQuotes reports whether the word was written with quotes.
func (w word) hasQuotes() bool { return w.end-w.start != len(w.text) }

// alternatives splits at unquoted bars. None is missing.
func (w word) alternatives() ([]word, *SyntaxError) {
	var all []word
	for rest, more := w, true; more; {
		var one word
		one, rest, more = rest.cut('|')
		if one.missing() {
			return nil, wrong(one.start, one.end, `to look for a bar, put it in quotes`, `"|" needs a value on both sides`)
		}
		all = append(all, one)
	}
	return all, nil
}

// wrong makes an error for the whole word.
func (w word) wrong(hint, format string, args ...any) *SyntaxError {
	return wrong(w.start, w.end, hint, format, args...)
}

// plain writes the word so that it is read again as it is, with wildcards
// (where they are some) as they are. It is what follows a colon or a bar.
func (w word) plain(wildcards bool) string {
	if w.text == "" {
		return `""`
	}
	var b strings.Builder
	from := 0
	flush := func(to int) {
		if part := w.text[from:to]; strings.ContainsFunc(part, needsQuotes) {
			b.WriteString(Quote(part))
		} else {
			b.WriteString(part)
		}
	}
	for i := range len(w.text) {
		if c := w.text[i]; wildcards && !w.quoted[i] && (c == '*' || c == '?') {
			flush(i)
			b.WriteByte(c)
			from = i + 1
		}
	}
	flush(len(w.text))
	return b.String()
}

// needsQuotes reports whether a rune needs quotes inside a value.
func needsQuotes(r rune) bool {
	if r < utf8.RuneSelf {
		plain := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' ||
			strings.ContainsRune("_-./:@+,;%&$#~'", r)
		return !plain
	}
	return !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// Quote writes a text as a literal word of the filter language.
func Quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
