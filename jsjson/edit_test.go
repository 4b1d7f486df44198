package jsjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFind(t *testing.T) {
	const body = ` { "type" : "A", "data": {"email":"a@example.com", "a.b": 1, "c\\d": 2, "0": [ {"x": null} , 7 ]}, "tags":[ "a", "b" ],
		"dup": 1, "dup": {"x": 1}, "dup": {"y": 2 } , "\u0065sc": true, "é": 3, "last" :[] } `
	tests := []struct{ path, want string }{
		{"type", `"A"`},
		{"data.email", `"a@example.com"`},
		{`data.a\.b`, "1"},
		{`data.c\\d`, "2"},
		{"data.0.0", `{"x": null}`},
		{"data.0.0.x", "null"},
		{"data.0.1", "7"},
		{"tags.0", `"a"`},
		{"tags.1", `"b"`},
		{"dup", `{"y": 2 }`},
		{"dup.y", "2"},
		{"esc", "true"},
		{"é", "3"},
		{"last", "[]"},
		{"dup.x", "none"}, {"tags.2", "none"}, {"tags.01", "none"}, {"tags.-1", "none"}, {"tags.x", "none"}, {"last.0", "none"},
		{"type.x", "none"}, {"data.a.b", "none"}, {"Type", "none"}, {"none", "none"}, {"", "none"}, {".", "none"}, {"data.", "none"}, {".type", "none"},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			raw, ok := Find([]byte(body), tt.path)
			if ok != (tt.want != "none") || ok && string(raw) != tt.want {
				t.Errorf("%q, %t, want %s", raw, ok, tt.want)
			}
		})
	}
	for _, body := range []string{"", "[]", "1", `{"a":1`, `{"a":1}x`, "\ufeff" + `{"a":1}`} {
		if raw, ok := Find([]byte(body), "a"); ok {
			t.Errorf("%q has %q", body, raw)
		}
	}
}

func TestSet(t *testing.T) {
	tests := []struct{ name, body, path, value, want string }{
		{"a number", ` { "a": 1 , "b":2}` + "\n", "a", "5", ` { "a": 5 , "b":2}` + "\n"},
		{"a plain string", `{"a":1}`, "a", "jo@example.com", `{"a":"jo@example.com"}`},
		{"a string with quotes and a newline", `{"a":1}`, "a", "say \"hi\"\n\u2028<b>\x01\xff", `{"a":"say \"hi\"\n` + "\u2028" + `<b>\u0001` + "\ufffd" + `"}`},
		{"a JSON string", `{"a":1}`, "a", `"5"`, `{"a":"5"}`},
		{"JSON in another spelling", `{"a":1}`, "a", " [1.0, {}] ", `{"a":[1.0, {}]}`},
		{"what is nearly JSON", `{"a":1}`, "a", "01", `{"a":"01"}`},
		{"nothing", `{"a":1}`, "a", "", `{"a":""}`},
		{"white space", `{"a":1}`, "a", " x ", `{"a":" x "}`},
		{"deeper", `{"a":{"b":[1, {"c": null}]}}`, "a.b.1.c", "true", `{"a":{"b":[1, {"c": true}]}}`},
		{"a key with a dot", `{"a.b":1,"a":{"b":2}}`, `a\.b`, "3", `{"a.b":3,"a":{"b":2}}`},
		{"the last of equal keys", `{"a":1,"\u0061":2}`, "a", "3", `{"a":1,"\u0061":3}`},
		{"bytes that are not UTF-8 stay", "{\"x\":\"\xff\",\"a\":1}", "a", "2", "{\"x\":\"\xff\",\"a\":2}"},
		{"a new key", `{"a":1}`, "b", "2", `{"a":1,"b":2}`},
		{"a new key in nothing", `{}`, "b", "2", `{"b":2}`},
		{"a new key in space", `[{ }]`, "0.b", "2", `[{"b":2 }]`},
		{"a new key, spaced", `{ "a": 1 }`, "b", "2", `{ "a": 1, "b": 2 }`},
		{"a new key, spaced as the last", `{"a":1, "b" : 2}`, "c", "3", `{"a":1, "b" : 2, "c" : 3}`},
		{"a new key, on a line", "{\n  \"a\": 1,\n  \"b\": 2\n}\n", "c", "3", "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}\n"},
		{"a new key, on its first line", "{\n\t\"a\": [1]\n}", "b", "3", "{\n\t\"a\": [1],\n\t\"b\": 3\n}"},
		{"a new key behind a comma that stands alone", "{\"a\":1\n , \"b\":2}", "c", "3", "{\"a\":1\n , \"b\":2, \"c\":3}"},
		{"a new key with quotes", `{}`, `say "hi"`, "1", `{"say \"hi\"":1}`},
		{"__proto__ is a key", `{"a":1}`, "__proto__", "1", `{"a":1,"__proto__":1}`},
		{"an index of an object is a key", `{"1":1}`, "0", "1", `{"1":1,"0":1}`},
		{"one more element", `{"a":[1, 2]}`, "a.2", "3", `{"a":[1, 2, 3]}`},
		{"one more element on a line", "[\n  1\n]", "1", "2", "[\n  1,\n  2\n]"},
		{"a first element", `{"a":[]}`, "a.0", "x", `{"a":["x"]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := []byte(tt.body)
			got, err := Set(body, tt.path, tt.value)
			if err != nil || string(got) != tt.want {
				t.Errorf("%s, %v, want %s", got, err, tt.want)
			}
			if string(body) != tt.body {
				t.Errorf("the body became %s", body)
			}
		})
	}
}

func TestAPathThatLeadsNowhere(t *testing.T) {
	const body = `{"type":"A","n":1,"ok":true,"none":null,"tags":["a"],"a":{}}`
	tests := []struct{ path, want string }{
		{"", "the path is empty"},
		{"a..b", "a..b has an empty key"},
		{"a.", "a. has an empty key"},
		{"x.y.z", "cannot set x.y.z: x does not exist"},
		{"a.x.y", "cannot set a.x.y: a.x does not exist"},
		{"type.a.b", "type is a string and holds no a"},
		{`n.a\.b`, `n is a number and holds no a\.b`},
		{"ok.a", "ok is true and holds no a"},
		{"none.a", "none is null and holds no a"},
		{"tags.x", "tags.x is no index of an array"},
		{"tags.01", "tags.01 is no index of an array"},
		{"tags.2", "tags.2 is beyond the end of an array of 1"},
		{"tags.0.x", "tags.0 is a string and holds no x"},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			got, err := Set([]byte(body), tt.path, "1")
			if !errors.Is(err, ErrPath) || !strings.Contains(err.Error(), tt.want) || got != nil {
				t.Errorf("%s, %v, want %s", got, err, tt.want)
			}
		})
	}
	if _, err := Set([]byte("7"), "a", "1"); !errors.Is(err, ErrPath) || !strings.Contains(err.Error(), "the body is a number") {
		t.Error(err)
	}
	var e *SyntaxError
	if _, err := Set([]byte(`{"a":1`), "a", "1"); !errors.As(err, &e) || errors.Is(err, ErrPath) {
		t.Errorf("of what is not JSON: %v", err)
	}
}

// TestWhatIsSetIsFound holds for any keys: what Set puts in, Find finds and
// the standard library reads; and setting the value that was there gives the
// same bytes again.
func TestWhatIsSetIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.OneOf(rapid.StringN(1, 6, -1), rapid.SampledFrom([]string{"a", "a.b", `\`, `"`, "0"})), 1, 4).Draw(t, "keys")
		body := []byte("1")
		for i := range keys {
			outer := map[string]json.RawMessage{"other": []byte(`[1,{"a":2}]`), keys[len(keys)-1-i]: body}
			body, _ = json.MarshalIndent(outer, "", rapid.SampledFrom([]string{"", "  "}).Draw(t, "indent"))
		}
		path, text := joinPath(keys), rapid.String().Draw(t, "value")
		want := string(Quote(text))
		changed, err := Set(body, path, want)
		if err != nil {
			t.Fatalf("Set(%s, %q): %v", body, path, err)
		}
		raw, ok := Find(changed, path)
		var read string
		if err := json.Unmarshal(raw, &read); !ok || err != nil || read != text {
			t.Fatalf("found %q in %s: %v", raw, changed, err)
		}
		if back, err := Set(changed, path, "1"); err != nil || !bytes.Equal(back, body) {
			t.Fatalf("%s is %s: %v", body, back, err)
		}
	})
}

// FuzzSet holds that an edit leaves JSON that is valid, that the value is found
// where it was put, and that all bytes around it are as they were.
func FuzzSet(f *testing.F) {
	for i, b := range vectorBodies() {
		f.Add(b, []string{"a", "a.b", "0", "x.1", "b.2.c", `\.`}[i%6], []string{"1", "text", `{"a":[]}`, ""}[i%4])
	}
	f.Fuzz(func(t *testing.T, body []byte, path, value string) {
		before := bytes.Clone(body)
		got, err := Set(body, path, value)
		if !bytes.Equal(body, before) {
			t.Fatal("the body was changed")
		}
		var e *SyntaxError
		if err != nil {
			if !errors.Is(err, ErrPath) && !errors.As(err, &e) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if err := Check(got); err != nil {
			t.Fatalf("%q is not JSON any more: %v", got, err)
		}
		raw, ok := Find(got, path)
		if want := strings.Trim(value, whiteSpace); !ok || string(raw) != want && string(raw) != string(Quote(value)) {
			t.Fatalf("found %q, %t in %q", raw, ok, got)
		}
		old, _ := Find(body, path)
		onlyAValueChanged(t, body, got, len(old))
	})
}

// onlyAValueChanged holds that all bytes are the same but those of one value,
// which had a size.
func onlyAValueChanged(t *testing.T, before, after []byte, size int) {
	t.Helper()
	same := len(before) - size
	head, tail := 0, 0
	for head < same && head < len(after) && after[head] == before[head] {
		head++
	}
	for tail < same-head && tail < len(after)-head && after[len(after)-1-tail] == before[len(before)-1-tail] {
		tail++
	}
	if head+tail < same {
		t.Fatalf("%q became %q: bytes outside the value have changed", before, after)
	}
}

func TestSetInALargeBody(t *testing.T) {
	body := []byte(`{"a":[` + strings.Repeat(`{"x":"y"},`, 500_000) + `{"x":"y"}],"b":1}`)
	got, err := Set(body, "a.500000.x", "z")
	if want := bytes.Replace(body, []byte(`"y"}],`), []byte(`"z"}],`), 1); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func BenchmarkSet(b *testing.B) {
	for b.Loop() {
		if _, err := Set(event, "webhookId", "x"); err != nil {
			b.Fatal(err)
		}
	}
}
