package jsjson

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func members(body string) string {
	var all []string
	for k, v := range Members([]byte(body)) {
		all = append(all, fmt.Sprintf("%s=%s", k, v))
	}
	return strings.Join(all, " ")
}

func TestMembers(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"flat", ` { "a" : 1 , "b":"x,}" ,"c":[1,{"d":2}], "d":{"a":"}"}, "e":true } `, `a=1 b="x,}" c=[1,{"d":2}] d={"a":"}"} e=true`},
		{"equal keys", `{"a":1,"a":2}`, "a=1 a=2"},
		{"escapes", `{"\u0061\"":"\\","b\\":"\"}"}`, `a"="\\" b\="\"}"`},
		{"a byte order mark", "\ufeff" + `{"a":1}`, "a=1"},
		{"cut off in a value", `{"a":1,"b":[1,2`, "a=1"},
		{"cut off in a string", `{"a":1,"b":"x\"`, "a=1"},
		{"cut off in a number", `{"a":1,"b":12`, "a=1"},
		{"cut off in a key", `{"a":1,"b`, "a=1"},
		{"no comma", `{"a":1 "b":2}`, "a=1"},
		{"no colon", `{"a":1,"b" 2}`, "a=1"},
		{"no value", `{"a":1,"b":,"c":3}`, "a=1"},
		{"an array", `[{"a":1}]`, ""},
		{"a string", `"{"`, ""},
		{"nothing", "", ""},
		{"an empty object", "{}", ""},
		{"not JSON", "hello", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := members(tt.body); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	if got := members(`{"a":` + deep + `,"b":1}`); got != "a="+deep+" b=1" {
		t.Errorf("%.20s…, %d bytes, of deep members", got, len(got))
	}
	for range Members([]byte(`{"a":1,"b":2}`)) {
		break // a caller may have seen enough
	}
}

// FuzzMembers holds that any bytes can be looked at, and that the members of a
// valid object are those that the standard library finds.
func FuzzMembers(f *testing.F) {
	for _, b := range vectorBodies() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		last := map[string]string{}
		for k, v := range Members(body) {
			last[string(k)] = string(v)
		}
		var want map[string]json.RawMessage
		if json.Unmarshal(body, &want) != nil || strings.ContainsRune(string(body), '\ufffd') {
			return
		}
		for k, v := range want {
			if got, ok := last[k]; strings.ToValidUTF8(k, "") == k && !strings.Contains(k, "\ufffd") && (!ok || got != string(v)) {
				t.Fatalf("%q is %q, want %q", k, got, v)
			}
		}
	})
}

func BenchmarkMembers(b *testing.B) {
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for range Members(event) {
			n++
		}
		if n != 9 {
			b.Fatalf("%d members", n)
		}
	}
}
