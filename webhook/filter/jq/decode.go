package jq

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/taskhook/taskhook/jsjson"
)

// maxNesting is how deep JSON may be nested, as in encoding/json.
const maxNesting = 10_000

// decoder makes of JSON what gojq works on. It checks all of the text and
// makes values of a shape alone: in a scan, encoding/json would spend most of
// the time on what no expression looks at.
type decoder struct {
	body []byte
	r    *jsjson.Reader
	// plain: of what is taken whole, arrays and objects are stepped over. They are
	// empty then.
	plain bool
}

// decode reads one JSON value, as far as the shape wants it.
func decode(body []byte, s *shape) (v any, ok bool) {
	return decoder{body: body, r: jsjson.NewReader(body)}.all(s)
}

// decodePlain is decode for who compares texts and numbers alone. It takes no
// more memory than these do.
func decodePlain(body []byte, s *shape) (v any, ok bool) {
	return decoder{body: body, r: jsjson.NewReader(body), plain: true}.all(s)
}

func (d decoder) all(s *shape) (v any, ok bool) {
	if v, ok = d.value(s); !ok {
		return nil, false
	}
	_, err := d.r.Next()
	return v, err == nil
}

// value reads the next value, or only steps over it if nothing wants it.
func (d decoder) value(s *shape) (any, bool) {
	if s == nil {
		_, err := d.r.Value()
		return nil, err == nil
	}
	t, err := d.r.Next()
	if err != nil {
		return nil, false
	}
	return d.from(t, s)
}

// from reads the value that begins with a token.
func (d decoder) from(t jsjson.Token, s *shape) (any, bool) {
	raw := d.body[t.Start:t.End]
	switch t.Kind {
	case jsjson.OpenObject:
		return d.object(s)
	case jsjson.OpenArray:
		return d.array()
	case jsjson.String:
		return string(jsjson.Unquote(raw)), true
	case jsjson.Number:
		return number(string(raw)), true
	case jsjson.Null:
		return nil, true
	}
	return t.Kind == jsjson.True, true
}

// number is an int where it fits, else all the digits, for gojq to read when
// an expression gets there.
func number(text string) any {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return json.Number(wholeDigits(text))
}

// The numbers of digits between which a whole number may be beyond what a
// float64 has exactly, and is one.
const (
	exactDigits = 15
	floatDigits = 308
)

// wholeDigits writes a large whole number that is spelled with a point or an
// exponent in digits alone, which gojq reads exactly; others stay as they are.
func wholeDigits(text string) string {
	at := strings.IndexAny(text, "eE")
	exponent := 0
	mantissa := text
	if at >= 0 {
		var err error
		if exponent, err = strconv.Atoi(text[at+1:]); err != nil {
			return text
		}
		mantissa = text[:at]
	}
	sign := text[:len(text)-len(strings.TrimPrefix(text, "-"))]
	whole, fraction, pointed := strings.Cut(mantissa[len(sign):], ".")
	if at < 0 && !pointed || exponent > floatDigits || exponent < -len(whole) {
		return text
	}
	digits, n := whole+fraction, len(whole)+exponent
	switch {
	case n <= exactDigits || n > floatDigits:
		return text
	case n >= len(digits):
		digits += strings.Repeat("0", n-len(digits))
	case strings.Trim(digits[n:], "0") != "":
		return text
	}
	return sign + digits[:n]
}

// object reads the members that are wanted of the object that has been opened.
func (d decoder) object(s *shape) (any, bool) {
	if d.r.Depth() > maxNesting {
		return nil, false
	}
	m := map[string]any{}
	for {
		t, err := d.r.Next()
		if err != nil || t.Kind == jsjson.CloseObject {
			return m, err == nil
		}
		key, field := jsjson.Unquote(d.body[t.Start:t.End]), s
		if d.plain || !s.whole {
			field = s.fields[string(key)]
		}
		v, ok := d.value(field)
		if !ok {
			return nil, false
		}
		if field != nil {
			m[string(key)] = v
		}
	}
}

// everyPart is the shape of all that lies within a value that is taken whole.
var everyPart = &shape{whole: true}

// array reads the elements of the array that has been opened.
func (d decoder) array() (any, bool) {
	if d.r.Depth() > maxNesting {
		return nil, false
	}
	all := []any{}
	for d.plain {
		t, err := d.r.Value()
		if err != nil || t.Kind == jsjson.CloseArray {
			return all, err == nil
		}
	}
	for {
		t, err := d.r.Next()
		if err != nil || t.Kind == jsjson.CloseArray {
			return all, err == nil
		}
		v, ok := d.from(t, everyPart)
		if !ok {
			return nil, false
		}
		all = append(all, v)
	}
}
