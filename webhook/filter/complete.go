package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Completion is one way to go on: the bytes of the text from Start to End are
// replaced by Text.
type Completion struct {
	Start, End int
	Text       string
	Meaning    string // of a field or a property; "" where Text says it all
}

// Complete returns what can stand at the cursor, a byte offset: the fields
// that begin like the word there, or after a colon or a bar that field's
// values. Types are the event types to offer for type:. There is nothing to
// offer within quotes, a bare text and jq, and the text may be one that does
// not parse.
func Complete(text string, cursor int, types []string) []Completion {
	cursor = min(max(cursor, 0), len(text))
	for cursor < len(text) && !utf8.RuneStart(text[cursor]) {
		cursor++
	}
	start, open := wordAt(text, cursor)
	if open {
		return nil
	}
	end := cursor
	for end < len(text) && !breaks(text[end:]) && text[end] != '|' && text[end] != '"' {
		end++
	}
	name, value, hasValue := strings.Cut(text[start:cursor], ":")
	if !hasValue {
		// A field is replaced with its colon, its value stays.
		if i := strings.IndexByte(text[cursor:end], ':'); i >= 0 {
			end = cursor + i + 1
		}
		return completeField(start, end, name)
	}
	f, known := lookup(strings.ToLower(name))
	if !known {
		return nil
	}
	last := value[strings.LastIndexByte(value, '|')+1:]
	return completeValue(f, cursor-len(last), end, last, types)
}

func completeField(start, end int, begun string) []Completion {
	var all []Completion
	for _, f := range fields {
		if hasFoldPrefix(f.name, begun) {
			all = append(all, Completion{start, end, f.name + ":", f.meaning})
		}
	}
	return all
}

func completeValue(f field, start, end int, begun string, types []string) []Completion {
	values := f.values
	if f.name == "type" {
		values = named(types...)
	}
	var all []Completion
	for _, v := range values {
		if !hasFoldPrefix(v.name, begun) {
			continue
		}
		c := Completion{Start: start, End: end, Text: v.name, Meaning: v.meaning}
		if f.name == "type" {
			c.Text = word{text: v.name}.plain(false)
		}
		all = append(all, c)
	}
	return all
}

// wordAt returns where the word that ends at the cursor starts, without its
// negation. open says that the cursor is within quotes or jq.
func wordAt(text string, cursor int) (start int, open bool) {
	for i := 0; i < cursor; {
		_, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case breaks(text[i:]) || text[i] == '!' && i == start:
			i += size
			start = i
		case i == start && (text[i] == '.' || hasFoldPrefix(text[i:], "jq:")):
			_, end, err := jqTerm(text, i)
			if err != nil || end >= cursor {
				return i, true
			}
			i, start = end, end
		case text[i] == '"':
			end := closing(text, i)
			if end < 0 || end >= cursor {
				return i, true
			}
			i = end + 1
		default:
			i += size
		}
	}
	return start, false
}

// breaks reports whether a text begins with what ends a word.
func breaks(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return r == '(' || r == ')' || unicode.IsSpace(r)
}
