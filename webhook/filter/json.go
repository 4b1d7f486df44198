package filter

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// maxNesting is how deep JSON may be nested, as in encoding/json.
const maxNesting = 10000

// jsonReader decodes JSON into what gojq works on. It checks all of the text
// and makes values of a shape alone: in a scan, encoding/json would spend most
// of the time on what no expression looks at.
type jsonReader struct {
	b     []byte
	i     int
	depth int
}

// decode reads one JSON value, as far as the shape wants it.
func decode(body []byte, s *shape) (v any, ok bool) {
	r := jsonReader{b: body}
	v, ok = r.value(s)
	r.space()
	return v, ok && r.i == len(body)
}

func (r *jsonReader) space() {
	for r.i < len(r.b) {
		switch r.b[r.i] {
		case ' ', '\t', '\n', '\r':
			r.i++
		default:
			return
		}
	}
}

// take steps over a byte where it stands next.
func (r *jsonReader) take(c byte) bool {
	if r.i < len(r.b) && r.b[r.i] == c {
		r.i++
		return true
	}
	return false
}

func (r *jsonReader) value(s *shape) (any, bool) {
	r.space()
	if r.i == len(r.b) {
		return nil, false
	}
	switch c := r.b[r.i]; c {
	case '{', '[':
		if r.depth++; r.depth > maxNesting {
			return nil, false
		}
		r.i++
		r.space()
		var v any
		var ok bool
		if c == '{' {
			v, ok = r.object(s)
		} else {
			v, ok = r.array(s)
		}
		r.depth--
		return v, ok
	case '"':
		text, plain, ok := r.text()
		if !ok || s == nil {
			return nil, ok
		}
		return unquote(text, plain), true
	case 't':
		return true, r.literal("true")
	case 'f':
		return false, r.literal("false")
	case 'n':
		return nil, r.literal("null")
	}
	return r.number(s)
}

func (r *jsonReader) literal(s string) bool {
	if len(r.b)-r.i < len(s) || string(r.b[r.i:r.i+len(s)]) != s {
		return false
	}
	r.i += len(s)
	return true
}

func (r *jsonReader) object(s *shape) (any, bool) {
	var m map[string]any
	if s != nil {
		m = map[string]any{}
	}
	if r.take('}') {
		return m, true
	}
	for {
		r.space()
		key, plain, ok := r.text()
		if !ok {
			return nil, false
		}
		if r.space(); !r.take(':') {
			return nil, false
		}
		field := s
		if s != nil && !s.whole {
			if plain {
				field = s.fields[string(key[1:len(key)-1])]
			} else {
				field = s.fields[unquote(key, plain)]
			}
		}
		v, ok := r.value(field)
		if !ok {
			return nil, false
		}
		if field != nil {
			m[unquote(key, plain)] = v
		}
		if r.space(); r.take('}') {
			return m, true
		}
		if !r.take(',') {
			return nil, false
		}
	}
}

// everyPart is the shape of all that lies within a value that is taken whole.
var everyPart = &shape{whole: true}

func (r *jsonReader) array(s *shape) (any, bool) {
	all := []any{}
	if s != nil {
		s = everyPart
	}
	if r.take(']') {
		return all, true
	}
	for {
		v, ok := r.value(s)
		if !ok {
			return nil, false
		}
		if s != nil {
			all = append(all, v)
		}
		if r.space(); r.take(']') {
			return all, true
		}
		if !r.take(',') {
			return nil, false
		}
	}
}

// text steps over a string and returns it with its quotes. It is plain where
// the bytes between them are the text.
func (r *jsonReader) text() (text []byte, plain, ok bool) {
	start := r.i
	if !r.take('"') {
		return nil, false, false
	}
	plain = true
	for r.i < len(r.b) {
		c := r.b[r.i]
		r.i++
		switch {
		case c == '"':
			return r.b[start:r.i], plain, true
		case c < ' ':
			return nil, false, false
		case c >= utf8.RuneSelf:
			plain = false
		case c == '\\':
			plain = false
			if !r.escape() {
				return nil, false, false
			}
		}
	}
	return nil, false, false
}

// escape steps over what follows a backslash.
func (r *jsonReader) escape() bool {
	if r.i == len(r.b) {
		return false
	}
	c := r.b[r.i]
	r.i++
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			if r.i == len(r.b) || !isHex(r.b[r.i]) {
				return false
			}
			r.i++
		}
		return true
	}
	return false
}

func isHex(c byte) bool {
	lower := c | 0x20
	return '0' <= c && c <= '9' || 'a' <= lower && lower <= 'f'
}

// unquote returns what a string with its quotes stands for.
func unquote(text []byte, plain bool) string {
	if inner := text[1 : len(text)-1]; plain || utf8.Valid(inner) && bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var s string
	if json.Unmarshal(text, &s) != nil { // text has been checked
		return ""
	}
	return s
}

// number reads a number: an int where it fits, else with all its digits, for
// gojq to read when an expression gets there.
func (r *jsonReader) number(s *shape) (any, bool) {
	start := r.i
	r.take('-')
	whole := r.i
	if !r.take('0') && !r.digits() {
		return nil, false
	}
	integer := r.i-whole <= 18
	if r.take('.') {
		if integer = false; !r.digits() {
			return nil, false
		}
	}
	if r.take('e') || r.take('E') {
		integer = false
		if !r.take('-') {
			r.take('+')
		}
		if !r.digits() {
			return nil, false
		}
	}
	if s == nil {
		return nil, true
	}
	text := string(r.b[start:r.i])
	if n, err := strconv.Atoi(text); integer && err == nil {
		return n, true
	}
	return json.Number(text), true
}

func (r *jsonReader) digits() bool {
	start := r.i
	for r.i < len(r.b) && '0' <= r.b[r.i] && r.b[r.i] <= '9' {
		r.i++
	}
	return r.i > start
}
