package control

import (
	"maps"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/taskhook/taskhook/webhook"
)

// exactly is a value on the socket. JSON strings are UTF-8; request lines and
// headers need not be. Where one is not, all of them travel as bytes too.
type exactly[T any] struct {
	Value T      `json:"value"`
	Exact *exact `json:"exact,omitempty"`
}

// exact has the texts of a value as bytes, in the order that its kind of value
// lists them.
type exact struct {
	Strings [][]byte  `json:"strings,omitempty"`
	Headers [][]field `json:"headers,omitempty"`
}

// field is a header with all its values.
type field struct {
	Name   []byte   `json:"name"`
	Values [][]byte `json:"values"`
}

// texts are the places of a value's texts that need not be UTF-8.
type texts struct {
	strings []*string
	headers []*http.Header
}

func resendTexts(r *webhook.Resend) texts {
	var t texts
	t.request(r.Edited)
	return t
}

func resentTexts(r *webhook.Resent) texts {
	var t texts
	t.attempt(&r.Attempt)
	return t
}

func (t *texts) attempt(a *webhook.Attempt) {
	t.strings = append(t.strings, &a.Target, &a.Error, &a.Hint)
	t.headers = append(t.headers, &a.Header)
	t.request(a.Sent)
}

func (t *texts) request(r *webhook.Request) {
	if r != nil {
		t.strings = append(t.strings, &r.Method, &r.Path, &r.RawQuery)
		t.headers = append(t.headers, &r.Header)
	}
}

// plain reports whether JSON can carry the texts.
func (t texts) plain() bool {
	for _, s := range t.strings {
		if !utf8.ValidString(*s) {
			return false
		}
	}
	for _, h := range t.headers {
		for name, values := range *h {
			if !utf8.ValidString(name) || slices.ContainsFunc(values, func(v string) bool { return !utf8.ValidString(v) }) {
				return false
			}
		}
	}
	return true
}

// newExactly makes ready for the socket a value whose texts are listed by of.
func newExactly[T any](v T, of func(*T) texts) exactly[T] {
	w := exactly[T]{Value: v}
	if t := of(&v); !t.plain() {
		w.Exact = t.exact()
	}
	return w
}

func (t texts) exact() *exact {
	x := &exact{}
	for _, s := range t.strings {
		x.Strings = append(x.Strings, []byte(*s))
	}
	for _, h := range t.headers {
		fields := []field{}
		for _, name := range slices.Sorted(maps.Keys(*h)) {
			f := field{Name: []byte(name)}
			for _, v := range (*h)[name] {
				f.Values = append(f.Values, []byte(v))
			}
			fields = append(fields, f)
		}
		x.Headers = append(x.Headers, fields)
	}
	return x
}

// value is what was sent, with its texts as they were.
func (w exactly[T]) value(of func(*T) texts) T {
	if w.Exact != nil {
		of(&w.Value).restore(w.Exact)
	}
	return w.Value
}

// restore puts the bytes in their places. What is missing stays as JSON had it.
func (t texts) restore(x *exact) {
	for i := range min(len(t.strings), len(x.Strings)) {
		*t.strings[i] = string(x.Strings[i])
	}
	for i := range min(len(t.headers), len(x.Headers)) {
		h := make(http.Header, len(x.Headers[i]))
		for _, f := range x.Headers[i] {
			values := make([]string, len(f.Values))
			for j, v := range f.Values {
				values[j] = string(v)
			}
			h[string(f.Name)] = values
		}
		if len(h) > 0 {
			*t.headers[i] = h
		}
	}
}
