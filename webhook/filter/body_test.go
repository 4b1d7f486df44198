package filter

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/taskhook/taskhook/jsjson"
)

// compressed is an event whose body came as gzip; "": that of contact.
func compressed(t *testing.T, body string) *stored {
	t.Helper()
	e := contact()
	if body != "" {
		e.body = []byte(body)
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(e.body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	e.body = b.Bytes()
	e.Header["Content-Encoding"] = []string{"gzip"}
	return e
}

func TestACompressedBodyIsSearchedAsItReads(t *testing.T) {
	for _, text := range []string{"body:jane", "jane@example", `.data.email == "Jane@Example.com"`, "body:zoË .data.tags[0]==\"vip\""} {
		e := compressed(t, "")
		if !match(t, text, e) {
			t.Errorf("%s does not find it", text)
		}
		if e.events > 1 || e.bodies != 1 {
			t.Errorf("%s reads the event %d times and the body %d times", text, e.events, e.bodies)
		}
	}
	if match(t, "body:johann", compressed(t, "")) {
		t.Error("it finds what is not there")
	}
}

func TestAPlainBodyIsSearchedWithoutItsHeaders(t *testing.T) {
	e := contact()
	if !match(t, "body:jane", e) || e.events != 0 {
		t.Errorf("the event was read %d times", e.events)
	}
}

func TestABodyIsFoundHoweverItIsSpelled(t *testing.T) {
	tests := []struct {
		text, body string
		want       bool
	}{
		{"body:Zoë", `{"name":"Zo\u00eb"}`, true},
		{"body:ZOË", `{"name":"Zo\u00EB"}`, true},
		{"Zoë", `{"name":"Zo\u00eb"}`, true},
		{"body:nobody|Zoë", `{"name":"Zo\u00eb"}`, true},
		{"body:Zoe", `{"name":"Zo\u00eb"}`, false},
		{`body:"Zo\u00eb"`, `{"name":"Zo\u00eb"}`, true}, // as it is spelled
		{`body:"\u00eb"`, `{"name":"Zoë"}`, false},
		{"body:😀", `{"name":"\ud83d\ude00"}`, true},
		{"body:連絡", `{"type":"\u9023\u7d61\u5148"}`, true},
		{"body:https://example.com/a", `{"url":"https:\/\/example.com\/a"}`, true},
		{`body:"say \"hi\""`, `{"text":"say \"hi\""}`, true},
		{`body:"C:\\new"`, `{"path":"C:\\new"}`, true},
		{`body:"\\u00eb"`, `{"name":"Zo\\u00eb"}`, true}, // a backslash of its own
		{"body:<b>", `{"html":"\u003cb\u003e"}`, true},
		{"body:ab", `{"a":"a\nb"}`, false},
		{"body:é", `not JSON, \u00e`, false},
		{`body:end`, `not JSON, the end\`, true},
		{"body:x", `\ud83dx`, true},
	}
	for _, tt := range tests {
		e := contact()
		e.body = []byte(tt.body)
		if got := match(t, tt.text, e); got != tt.want {
			t.Errorf("%s in %s: %v", tt.text, tt.body, got)
		}
	}
}

// FuzzUnescape holds that what is unescaped of JSON is what JSON means.
func FuzzUnescape(f *testing.F) {
	f.Add(`a\u00eb\/\\u`)
	f.Fuzz(func(t *testing.T, s string) {
		quoted := jsjson.Quote(s)
		if got := appendUnescaped(nil, quoted); string(got) != `"`+strings.ToValidUTF8(s, "\ufffd")+`"` && utf8.ValidString(s) {
			t.Errorf("%s is %q", quoted, got)
		}
		appendUnescaped(nil, []byte(s))
	})
}

func TestAPathIsFoundWithItsEncodingUndone(t *testing.T) {
	e := contact()
	e.Path, e.RawQuery = "/caf%C3%A9/a%2fb%", "name=Zo%C3%AB%zz"
	for text, want := range map[string]bool{
		"path:café": true, "path:a/b": true, "path:caf%C3%A9": true, "path:zoë": true, "path:/caf?/*": true, "ZOË": true, "path:cafe": false,
	} {
		if got := match(t, text, e); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestNumbersStayExact(t *testing.T) {
	e := contact()
	e.body = []byte(`{"a":9007199254740993,"b":12345678901234567891,"c":123456789012345678901234567890,"d":-9007199254740993,"e":9007199254740993.0,"f":1.2345678901234567891e19}`)
	for _, text := range []string{
		".a == 9007199254740993", ".a != 9007199254740992", ".a > 9007199254740992", ".a + 1 == 9007199254740994",
		".b == 12345678901234567891", ".b != 12345678901234567890", ".b - 1 == 12345678901234567890",
		".c == 123456789012345678901234567890", ".c < 123456789012345678901234567891",
		".d == -9007199254740993", ".d != -9007199254740992",
		".e == 9007199254740993", ".e != 9007199254740992", ".f == 12345678901234567891", ".f != .b + 1",
		`(.a | tostring) == "9007199254740993"`, `(.b | tojson) == "12345678901234567891"`,
	} {
		if !match(t, "jq:("+text+")", e) {
			t.Errorf("%s does not hold", text)
		}
	}
}

func TestNumbersAreReadWithoutHarm(t *testing.T) {
	for _, text := range []string{"1e400", "-1e400", "1e999999999", "1e-999999999", "0.1", "1.5e3", "-0", "0e5", "1e20"} {
		e := contact()
		e.body = []byte("[" + text + "]")
		if !match(t, `.[0] | type == "number"`, e) {
			t.Errorf("%s is no number", text)
		}
	}
}
