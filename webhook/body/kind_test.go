package body

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/text/encoding/unicode/utf32"
)

func utf16Of(s string, order binary.AppendByteOrder) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

func TestKindSaysWhatABodyIs(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"JSON", text, ""},
		{"JSON with white space around it", "\n" + text + " \n", ""},
		{"a JSON string", `"hello"`, ""},
		{"nothing", "", "empty"},
		{"blanks", " \r\n", "white space alone"},
		{"a form", "type=ContactCreate&webhookId=w1&email=jane%40example.com&tags=", "a form (application/x-www-form-urlencoded), not JSON"},
		{"a form of one field with JSON in it", "payload=%7B%22type%22%3A1%7D", "a form (application/x-www-form-urlencoded), not JSON"},
		{"a long form", "a=" + strings.Repeat("x", 3000) + strings.Repeat("&b=%40", 3000), "a form (application/x-www-form-urlencoded), not JSON"},
		{"XML", "<?xml version=\"1.0\"?>\n<event/>", "XML"},
		{"XML without a declaration", "<event type='x'><id>1</id></event>", "XML"},
		{"HTML", "<!DOCTYPE html>\n<html>", "HTML"},
		{"multipart", "--x1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x1--\r\n", "multipart, as forms with files are sent"},
		{"UTF-16 with its mark", "\xff\xfe" + utf16Of(text, binary.LittleEndian), "in UTF-16 (little-endian), where JSON is UTF-8"},
		{"UTF-16 without", utf16Of(text, binary.BigEndian), "in UTF-16 (big-endian), where JSON is UTF-8"},
		{"UTF-32", func() string {
			b, _ := utf32.UTF32(utf32.LittleEndian, utf32.UseBOM).NewEncoder().String(text)
			return b
		}(), "in UTF-32, where JSON is UTF-8"},
		{"JSON in a JSON string", `"{\"type\":\"ContactCreate\"}"`, "JSON within a JSON string: it was serialised twice"},
		{"text", "hello, world", "text, not JSON"},
		{"an equation", "a = b", "text, not JSON"},
		{"an object of JavaScript", "[object Object]", "what JavaScript makes of an object without JSON.stringify: [object Object]"},
		{"an object of Python", "{'type': 'ContactCreate', 'ok': True}", "no JSON: it has single quotes, as Python and JavaScript print objects"},
		{"JSON that breaks off", text[:20], "the beginning of JSON: it ends after 20 B in the middle of a value and may have been cut short"},
		{"JSON lines", `{"a":1}` + "\n" + `{"a":2}`, "more than one JSON value"},
		{"a trailing comma", `{"a":1,}`, "not valid JSON (line 1, column 8: invalid character '}' after a comma)"},
		{"gzip", "\x1f\x8b\x08\x00", "compressed (gzip)"},
		{"zstd", "\x28\xb5\x2f\xfd\x00", "compressed (zstd)"},
		{"text in Latin-1", "hello caf\xe9", "text that is not UTF-8"},
		{"a picture", "\x89PNG\r\n\x1a\n\x00\x00", "not text"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Kind(nil, []byte(tt.body)); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestKindTakesFromHeadersWhatBytesDoNotTell(t *testing.T) {
	brotli := compress(t, []byte(text), "br")
	if got := Kind(encoding("br"), brotli); got != "compressed (br)" {
		t.Errorf("Brotli is %q", got)
	}
	h := http.Header{"Content-Type": {"image/png\x1b"}}
	if got := Kind(h, []byte("\x89PNG\r\n\x1a\n\x00\x00")); got != `not text (its Content-Type is "image/png\x1b")` {
		t.Errorf("a picture is %q", got)
	}
	h = http.Header{"Content-Type": {"application/json"}}
	if got := Kind(h, []byte("a=1&b=2")); got != "a form (application/x-www-form-urlencoded), not JSON" {
		t.Errorf("a form that says it is JSON is %q", got)
	}
}

// TestKindDecodesNothingThatShowsWhatItIs has what a stranger sends under a bad
// signature: 20 KB that become 2 MB.
func TestKindDecodesNothingThatShowsWhatItIs(t *testing.T) {
	const decoded = 2 << 20
	long := []byte(strings.Repeat("a", decoded))
	for name, codings := range map[string][]string{
		"compressed (gzip)": {"gzip"}, "compressed (zstd)": {"zstd"}, "compressed (br, gzip)": {"br", "gzip"},
	} {
		b := compress(t, long, codings...)
		b = append(b, make([]byte, decoded/maxRatio)...) // else it is beyond the ratio
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := Kind(encoding(codings...), b)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; got != name || n > decoded/4 {
			t.Errorf("%q, for which %d bytes were made", got, n)
		}
	}
}

func FuzzKind(f *testing.F) {
	f.Add([]byte(text))
	f.Add([]byte("a=1&b=%"))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		_ = Kind(nil, b)
		if !bytes.Equal(before, b) {
			t.Fatal("it changes the body")
		}
	})
}
