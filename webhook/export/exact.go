package export

import (
	"maps"
	"net/http"
	"slices"
	"unicode/utf8"
)

// exact has, in base64, what of a request is not UTF-8, for HTTP does not ask
// for it and JSON cannot hold it: the fields of the same names then show it as
// Latin-1. All are absent from nearly every line.
type exact struct {
	Path     []byte              `json:"pathBase64,omitempty"`
	RawQuery []byte              `json:"rawQueryBase64,omitempty"`
	Host     []byte              `json:"hostBase64,omitempty"`
	Header   map[string][][]byte `json:"headerBase64,omitempty"` // every value of a header with such a one
	Trailer  map[string][][]byte `json:"trailerBase64,omitempty"`
	Head     []byte              `json:"headBase64,omitempty"`
}

// exactly returns the bytes of a text that is not UTF-8, nil for others.
func exactly(s string) []byte {
	if utf8.ValidString(s) {
		return nil
	}
	return []byte(s)
}

// foreign reports whether a value is not UTF-8.
func foreign(s string) bool { return !utf8.ValidString(s) }

func exactHeader(h http.Header) map[string][][]byte {
	var all map[string][][]byte
	for name, values := range h {
		if !slices.ContainsFunc(values, foreign) {
			continue
		}
		if all == nil {
			all = map[string][][]byte{}
		}
		for _, v := range values {
			all[text(name)] = append(all[text(name)], []byte(v))
		}
	}
	return all
}

// text takes bytes that are not UTF-8 as Latin-1, which is what HTTP takes
// them for: in JSON they would be lost.
func text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}

// readable is a header as JSON can hold it; never nil.
func readable(h http.Header) map[string][]string {
	if h == nil {
		return map[string][]string{}
	}
	copied := false
	for name, values := range h {
		if !foreign(name) && !slices.ContainsFunc(values, foreign) {
			continue
		}
		if !copied {
			h, copied = maps.Clone(h), true
		}
		delete(h, name)
		shown := make([]string, len(values))
		for i, v := range values {
			shown[i] = text(v)
		}
		h[text(name)] = shown
	}
	return h
}
