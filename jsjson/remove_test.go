package jsjson

import (
	"errors"
	"testing"
)

func TestRemove(t *testing.T) {
	tests := []struct{ name, body, path, want string }{
		{"the only member", `{ "a" : 1 }`, "a", `{  }`},
		{"the first", `{"a": 1, "b": 2}`, "a", `{"b": 2}`},
		{"one between", `{"a": 1, "b": 2, "c": 3}`, "b", `{"a": 1, "c": 3}`},
		{"the last", "{\n  \"a\": 1,\n  \"b\": 2\n}", "b", "{\n  \"a\": 1\n}"},
		{"within an object", `{"data":{"email":"x","n":1.0},"type":"T"}`, "data.email", `{"data":{"n":1.0},"type":"T"}`},
		{"an element", `{"tags":["a","b","c"]}`, "tags.1", `{"tags":["a","c"]}`},
		{"the first element", `{"tags":["a", "b"]}`, "tags.0", `{"tags":["b"]}`},
		{"all of equal keys", `{"a":1,"b":2,"a":3}`, "a", `{"b":2}`},
		{"equal keys side by side in front", `{"a":1,"a":2,"b":3,"a":4}`, "a", `{"b":3}`},
		{"nothing but equal keys", `{"a":1,"a":2}`, "a", `{}`},
		{"a key with escapes", `{"\u0061":1,"b":2}`, "a", `{"b":2}`},
		{"a key with a dot", `{"a.b":1,"c":2}`, `a\.b`, `{"c":2}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Remove([]byte(tt.body), tt.path)
			if err != nil || string(got) != tt.want {
				t.Errorf("%s, %v; want %s", got, err, tt.want)
			}
		})
	}
	for _, path := range []string{"b", "a.b", "c.0", "data.email"} {
		if _, err := Remove([]byte(`{"a":{},"data":7}`), path); !errors.Is(err, ErrPath) {
			t.Errorf("%s: %v", path, err)
		}
	}
	var e *SyntaxError
	if _, err := Remove([]byte(`{"a":1`), "a"); !errors.As(err, &e) {
		t.Errorf("broken JSON: %v", err)
	}
}

// FuzzRemove holds that what is left is JSON without the key, and that nothing
// panics.
func FuzzRemove(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":[1,2],"a":{"c":null}}`), "a")
	f.Add([]byte(`[1, 2,3]`), "1")
	f.Fuzz(func(t *testing.T, body []byte, path string) {
		got, err := Remove(body, path)
		if err != nil {
			return
		}
		if err := Check(got); err != nil {
			t.Errorf("%q without %q is %q: %v", body, path, got, err)
		}
		if len(got) >= len(body) {
			t.Errorf("nothing was removed: %q", got)
		}
	})
}
