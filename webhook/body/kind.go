package body

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/jsjson"
)

// Kind says what the bytes of a body are where an event's plain JSON is
// expected, as the end of the sentence "what arrived is …"; "" for JSON. It
// looks at the bytes, and at a header only for what bytes do not tell: headers
// are often wrong about what a program in between made of a body.
func Kind(h http.Header, b []byte) string {
	if len(bytes.TrimSpace(b)) == 0 {
		if len(b) == 0 {
			return "empty"
		}
		return "white space alone"
	}
	if coding := compressedAs(h, b); coding != "" {
		return "compressed (" + coding + ")"
	}
	if name := wide(b); name != "" {
		return "in " + name + ", where JSON is UTF-8"
	}
	err := jsjson.Check(b)
	if err == nil {
		if inner, ok := Quoted(b); ok && jsjson.Check(inner) == nil {
			return "JSON within a JSON string: it was serialised twice"
		}
		return ""
	}
	if name := looksLike(h, b); name != "" {
		return name
	}
	var syntax *jsjson.SyntaxError
	if !errors.As(err, &syntax) || !BeginsAsJSON(b) {
		return "text, not JSON"
	}
	return brokenJSON(b, syntax)
}

// BeginsAsJSON reports whether a body begins as an object, an array or a string
// of JSON: where it is none, the place of the mistake tells more than its kind.
func BeginsAsJSON(b []byte) bool {
	b = bytes.TrimSpace(b)
	return len(b) > 0 && (b[0] == '{' || b[0] == '[' || b[0] == '"')
}

// brokenJSON says what is wrong with a body that begins as JSON.
func brokenJSON(b []byte, e *jsjson.SyntaxError) string {
	switch {
	case e.Offset >= len(bytes.TrimRight(b, " \t\r\n")):
		return fmt.Sprintf("the beginning of JSON: it ends after %s in the middle of a value and may have been cut short", format.Bytes(int64(len(b))))
	case e.Offset < len(b) && b[e.Offset] == '\'':
		return "no JSON: it has single quotes, as Python and JavaScript print objects"
	case jsjson.Check(bytes.TrimSpace(b[:e.Offset])) == nil:
		return "more than one JSON value"
	}
	return fmt.Sprintf("not valid JSON (line %s, column %s: %s)", format.Count(e.Line), format.Count(e.Column), e.Reason)
}

// magics are the first bytes of what may arrive in place of text.
var magics = [...]struct{ first, coding string }{
	{"\x1f\x8b", "gzip"},
	{"\x28\xb5\x2f\xfd", "zstd"},
	{"\x78\x01", "deflate"}, {"\x78\x5e", "deflate"}, {"\x78\x9c", "deflate"}, {"\x78\xda", "deflate"},
}

// compressedAs names the coding of bytes that are compressed, as their header
// does or by their beginning; "" for others. It decodes only what has no
// beginning of its own: a stranger's few bytes may become many.
func compressedAs(h http.Header, b []byte) string {
	codings := Codings(h)
	for _, m := range magics {
		if !bytes.HasPrefix(b, []byte(m.first)) {
			continue
		}
		if n := len(codings); n > 0 && strings.TrimPrefix(codings[n-1], "x-") == m.coding {
			return strings.Join(codings, ", ")
		}
		return m.coding
	}
	if t := Read(h, b, false); t.Decoded() {
		return t.Coding
	}
	return ""
}

// wide names an encoding of text that has two or four bytes for each letter, ""
// for none.
func wide(b []byte) string {
	marks := [...]struct{ first, name string }{
		{"\xff\xfe\x00\x00", "UTF-32"}, {"\x00\x00\xfe\xff", "UTF-32"},
		{"\xff\xfe", "UTF-16 (little-endian)"}, {"\xfe\xff", "UTF-16 (big-endian)"},
	}
	for _, m := range marks {
		if bytes.HasPrefix(b, []byte(m.first)) {
			return m.name
		}
	}
	if len(b) < 4 || len(b)%2 != 0 {
		return ""
	}
	zeros := 0 // a bit for each of the first four bytes
	for i, c := range b[:4] {
		if c == 0 {
			zeros |= 8 >> i
		}
	}
	return map[int]string{
		0b0101: "UTF-16 (little-endian)", 0b1010: "UTF-16 (big-endian)",
		0b0111: "UTF-32", 0b1110: "UTF-32",
	}[zeros]
}

// Quoted returns the text that a body is the JSON string of.
func Quoted(b []byte) (text []byte, ok bool) {
	b = bytes.TrimSpace(b)
	if len(b) < 2 || b[0] != '"' || jsjson.Check(b) != nil {
		return nil, false
	}
	return jsjson.Unquote(b), true
}

// recognisable is how much of a body is looked at to recognise it, in bytes.
const recognisable = 4 << 10

var (
	multipart = regexp.MustCompile(`(?i)^--[^\r\n]{1,80}\r?\ncontent-`)
	markup    = regexp.MustCompile(`(?i)^<(\?xml|!doctype|!--|[a-z][a-z0-9:._-]*[\s/>])`)
	html      = regexp.MustCompile(`(?i)^(<!--.*?-->\s*)?<(!doctype\s+)?html`)
	form      = regexp.MustCompile(`^[^=&\s<>{}"']+=[^=&\s<>{}"']*(&[^=&\s<>{}"']+(=[^=&\s<>{}"']*)?)*$`)
)

// looksLike names a kind of body that is not JSON and not meant to be, "" for
// what it does not recognise.
func looksLike(h http.Header, b []byte) string {
	text := bytes.TrimSpace(b[:min(len(b), recognisable)])
	switch {
	case multipart.Match(text):
		return "multipart, as forms with files are sent"
	case html.Match(text):
		return "HTML"
	case markup.Match(text):
		return "XML"
	case bytes.HasPrefix(text, []byte("[object ")):
		return `what JavaScript makes of an object without JSON.stringify: ` + format.Clean(string(text[:min(len(text), 40)]))
	case form.Match(text):
		return "a form (application/x-www-form-urlencoded), not JSON"
	case utf8.Valid(b):
		return ""
	case bytes.ContainsAny(text, "\x00\x01\x02\x03\x04\x05\x06\a\b\x7f"):
		return "not text" + said(h)
	case !BeginsAsJSON(text):
		return "text that is not UTF-8"
	}
	return ""
}

// said is what a header calls a body, as an addition.
func said(h http.Header) string {
	if t := h.Get("Content-Type"); t != "" {
		return fmt.Sprintf(" (its Content-Type is %.60q)", t)
	}
	return ""
}
