package jq

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/itchyny/gojq"
	"pgregory.net/rapid"
)

// standard decodes with encoding/json, numbers as this package has them.
func standard(body []byte) (any, bool) {
	if !json.Valid(body) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	return v, true
}

// digitsOf writes every number as its digits, so that an int equals a Number.
func digitsOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for k, e := range v {
			m[k] = digitsOf(e)
		}
		return m
	case []any:
		all := make([]any, len(v))
		for i, e := range v {
			all[i] = digitsOf(e)
		}
		return all
	case json.Number:
		if v == "-0" {
			return json.Number("0")
		}
		return v
	case int:
		b, _ := json.Marshal(v)
		return json.Number(b)
	}
	return v
}

func FuzzJSONIsReadAsTheStandardLibraryReadsIt(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,-0,1.5e3,true,false,null,"x"],"b":{"c":"é\u00e9\ud83d\ude00\n"},"a":2}`, `[]`, `{}`, ` 1 `, `01`, `-`, `1.`, `1e`, `"\x"`, `"\u12g4"`,
		`"` + "\xff" + `"`, `"\ud800"`, `[1,]`, `{"a"}`, `{"a":1,}`, `nul`, `123456789012345678901234567890`, "\"\x00\"", `{"\u0061":1}`, `1 2`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		want, valid := standard(body)
		got, ok := decode(body, everyPart)
		if ok != valid {
			t.Fatalf("%q: %v, want %v", body, ok, valid)
		}
		if ok && !cmp.Equal(digitsOf(got), digitsOf(want)) {
			t.Fatalf("%q: %v", body, cmp.Diff(digitsOf(want), digitsOf(got)))
		}
		if _, ok := decode(body, nil); ok != valid {
			t.Fatalf("%q, skipped: %v, want %v", body, ok, valid)
		}
	})
}

func TestDeepJSONIsRefusedAsByTheStandardLibrary(t *testing.T) {
	for n, want := range map[int]bool{maxNesting: true, maxNesting + 1: false} {
		body := []byte(strings.Repeat("[", n) + strings.Repeat("]", n))
		if _, ok := decode(body, everyPart); ok != want || json.Valid(body) != want {
			t.Errorf("%d deep: %v", n, ok)
		}
	}
}

// expressions that read parts of their input, and some that read all of it.
var expressions = []string{
	`.a == 1`, `.a.b`, `.a.b.c == "x"`, `.["a"].b`, `."a"`, `.a?.b`, `.a[0]`, `.a[].b`, `.a[.b]`, `.a[.b:]`, `.[0]`, `.[]`, `.`, `..`,
	`.a // .b`, `.a and .b or .c`, `.a | .b`, `(.a, .b) | .c`, `(.a | .b).c`, `.a + .b == 2`, `-.a < 0`, `.a | not`, `not`,
	`any(.a[]; .b == 1)`, `all(.a[]?; .b)`, `any(.a)`, `first(.a, .b)`, `select(.a == 1) | .b`, `.a as $x | .b == $x`, `.a |= 2 | .b`,
	`has("a")`, `length == 2`, `keys[0] == "b"`, `[.a, .b] | length == 2`, `{a} | .a`, `"\(.a)" == "1"`, `.["\("a")"]`, `if .a then .b else .c end`,
	`try .a.b catch .`, `reduce .a[]? as $x (0; . + 1) > 1`, `def f: .b; .a | f`, `.a.b? // .c`, `path(.a) == ["a"]`, `to_entries[0].key == "a"`,
	`true`, `null`, `1 | . == 1`, `"x"`, `.a."b"`, `.a == .b`, `[.. | numbers] | length > 1`, `getpath(["a","b"])`, `(.a)[.b]`, `1[.a]?`,
	`[.a[].b] == [1]`, `[.a, [.b]] == [1, [2]]`, `-(.a | .b) < 0`, `[] == .a`, `.a | getpath(["b"])`, `first`, `"a"[0:(.b|length)]`, `.a?[.b]?`,
}

// TestAShapeLeavesOutNothingThatAnExpressionReads runs expressions on the parts
// that they are said to read, and on everything.
func TestAShapeLeavesOutNothingThatAnExpressionReads(t *testing.T) {
	shapes := make([]shape, len(expressions))
	codes := make([]*gojq.Code, len(expressions))
	for i, text := range expressions {
		q, err := gojq.Parse(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if codes[i], err = gojq.Compile(q); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		shapes[i].add(q)
	}
	rapid.Check(t, func(t *rapid.T) {
		body, err := json.Marshal(drawJSON(t, 3))
		if err != nil {
			t.Fatal(err)
		}
		all, ok := decode(body, everyPart)
		if !ok {
			t.Fatalf("%s is taken for no JSON", body)
		}
		for i, code := range codes {
			part, ok := decode(body, &shapes[i])
			if a, b := results(code, part), results(code, all); !ok || !cmp.Equal(a, b) {
				t.Fatalf("%s on %s: %v, on what it reads %v", expressions[i], body, b, a)
			}
		}
	})
}

// results collects whether each result is true, up to an error.
func results(code *gojq.Code, v any) (all []bool) {
	for it := code.Run(v); ; {
		r, more := it.Next()
		if _, failed := r.(error); failed || !more {
			return append(all, failed)
		}
		all = append(all, r != nil && r != false)
	}
}

func drawJSON(t *rapid.T, depth int) any {
	kinds := []string{"number", "string", "null", "bool"}
	if depth > 0 {
		kinds = append(kinds, "object", "object", "object", "array")
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "number":
		return rapid.IntRange(0, 2).Draw(t, "number")
	case "string":
		return rapid.SampledFrom([]string{"", "x", "a", "b"}).Draw(t, "string")
	case "bool":
		return rapid.Bool().Draw(t, "bool")
	case "object":
		m := map[string]any{}
		for _, k := range []string{"a", "b", "c"} {
			if rapid.Bool().Draw(t, k) {
				m[k] = drawJSON(t, depth-1)
			}
		}
		return m
	case "array":
		all := make([]any, rapid.IntRange(0, 3).Draw(t, "length"))
		for i := range all {
			all[i] = drawJSON(t, depth-1)
		}
		return all
	}
	return nil
}

func TestOnlyWhatAPathLeadsToIsDecoded(t *testing.T) {
	tests := map[string]string{
		`.a.b == 1`:                        `{"a":{"b":1}}`,
		`.a`:                               `{"a":{"b":1,"c":2}}`,
		`.a.c > 1 and .d == 3`:             `{"a":{"c":2},"d":3}`,
		`any(.list[]; .x)`:                 `{"list":[{"x":1},{"x":2}]}`,
		`true`:                             `{}`,
		`.a.b.deeper`:                      `{"a":{"b":1}}`,
		`.list.x`:                          `{"list":[{"x":1},{"x":2}]}`,
		`keys`:                             `{"a":{"b":1,"c":2},"d":3,"list":[{"x":1},{"x":2}]}`,
		`.d == 3 and (.a | keys) == ["b"]`: `{"a":{"b":1,"c":2},"d":3}`,
	}
	for text, want := range tests {
		v, ok := decode([]byte(`{"a":{"b":1,"c":2},"d":3,"list":[{"x":1},{"x":2}]}`), shapeOf(t, text))
		got, err := json.Marshal(v)
		if !ok || err != nil || string(got) != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// BenchmarkDecode shows what it saves to decode only what an expression reads.
func BenchmarkDecode(b *testing.B) {
	body := []byte(`{"type":"ContactCreate","data":{"email":"x"` + strings.Repeat(`,"customField":{"label":"Second Address","value":1.5,"enabled":true}`, 28) + `}}`)
	for text, s := range map[string]*shape{
		"one path": shapeOf(b, `.data.email == "x"`),
		"whole":    everyPart,
	} {
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := decode(body, s); !ok {
					b.Fatal("not JSON")
				}
			}
		})
	}
}

func shapeOf(t testing.TB, text string) *shape {
	q, err := gojq.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var s shape
	s.add(q)
	return &s
}
