package jsjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestASyntaxErrorNamesItsPlace(t *testing.T) {
	tests := []struct {
		name, body           string
		offset, line, column int
		reason               string
	}{
		{"nothing", "", 0, 1, 1, "the text ends too early"},
		{"cut off", `{"a":[1`, 7, 1, 8, "the text ends too early"},
		{"an open string", "{\n\"a\": \"x", 9, 2, 8, "the text ends too early"},
		{"on a later line, after wide characters", "[\n1,\n\"é😀\" x]", 14, 3, 6, "invalid character 'x' after array element (expecting ',' or ']')"},
		{"no key", `{"a":1,}`, 7, 1, 8, "invalid character '}' after a comma"},
		{"no element", "[1, 2,\n]", 7, 2, 1, "invalid character ']' after a comma"},
		{"a comma and no element", "[1,,2]", 3, 1, 4, "invalid character ',' at start of value"},
		{"a bare key", `{a:1}`, 1, 1, 2, "invalid character 'a' at start of value"},
		{"no colon", `{"a" 1}`, 5, 1, 6, "invalid character '1' after object name (expecting ':')"},
		{"no digit", "-x", 1, 1, 2, "invalid character 'x' in number (expecting digit)"},
		{"a leading zero", "[01]", 2, 1, 3, "invalid character '1' after array element (expecting ',' or ']')"},
		{"a control character", "\"a\tb\"", 2, 1, 3, `invalid character '\t' in string (expecting non-control character)`},
		{"an unknown escape", `"\x"`, 1, 1, 2, "invalid escape sequence `\\x` in string"},
		{"a short escape", `"\u12"`, 1, 1, 2, "invalid escape sequence `\\u12\"` in string"},
		{"two values", "1 2", 2, 1, 3, "invalid character '2' after the value"},
		{"not UTF-8", "\xff", 0, 1, 1, `invalid character '\xff' at start of value`},
		{"a byte order mark", "\ufeff{}", 0, 1, 1, "the text begins with a byte order mark, which JSON.parse rejects"},
		{"too deep", strings.Repeat("[", MaxDepth+1), MaxDepth, 1, MaxDepth + 1, "nested deeper than 200000 levels"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Stringify([]byte(tt.body))
			var e *SyntaxError
			if !errors.As(err, &e) {
				t.Fatalf("error %v", err)
			}
			if want := (SyntaxError{tt.offset, tt.line, tt.column, tt.reason}); *e != want {
				t.Errorf("%+v, want %+v", *e, want)
			}
			if text := fmt.Sprintf("byte %d (line %d, column %d)", tt.offset, tt.line, tt.column); !strings.Contains(err.Error(), text) {
				t.Errorf("%q does not name the place", err)
			}
		})
	}
}

// TestDeepNesting holds that neither the stack nor the time grows with what
// stands within what, where objects must be put in order too.
func TestDeepNesting(t *testing.T) {
	const depth = 100_000
	tests := []struct{ name, open, inner, end, wantOpen, wantEnd string }{
		{"arrays", "[ ", "", "] ", "[", "]"},
		{"objects", `{"a": `, "1", "}", `{"a":`, "}"},
		{"objects in another order", `{"b":`, "1", `,"0":2}`, `{"0":2,"b":`, "}"},
		{"objects with equal keys", `{"b":1,"b":`, "1", `}`, `{"b":`, "}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := strings.Repeat(tt.open, depth) + tt.inner + strings.Repeat(tt.end, depth)
			want := strings.Repeat(tt.wantOpen, depth) + tt.inner + strings.Repeat(tt.wantEnd, depth)
			got, err := Stringify([]byte(body))
			if err != nil || string(got) != want {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}

func TestStringifyLeavesTheBodyAlone(t *testing.T) {
	body := []byte(` {"b": 1.0, "0": "\u00e9"} `)
	before := bytes.Clone(body)
	got, err := Stringify(body)
	if err != nil || string(got) != `{"0":"é","b":1}` || !bytes.Equal(body, before) {
		t.Errorf("%s, %v; the body is %s", got, err, body)
	}
}

// aValue draws what encoding/json can write.
func aValue() *rapid.Generator[any] {
	return rapid.Deferred(func() *rapid.Generator[any] {
		return rapid.OneOf(
			rapid.Just[any](nil),
			rapid.Bool().AsAny(),
			rapid.Int32().AsAny(),
			rapid.Float64().AsAny(),
			rapid.String().AsAny(),
			rapid.SliceOfN(rapid.Deferred(aValue), 0, 4).AsAny(),
			rapid.MapOfN(rapid.OneOf(rapid.String(), rapid.StringMatching("[0-9]{1,2}")), rapid.Deferred(aValue), 0, 20).AsAny(),
		)
	})
}

// TestTheValueStaysTheSame holds that what is written means what was read, by
// the standard library's reading, whatever the white space around it.
func TestTheValueStaysTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := aValue().Draw(t, "value")
		body, err := json.MarshalIndent(v, "", rapid.SampledFrom([]string{"", " ", "\t"}).Draw(t, "indent"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Stringify(body)
		if err != nil {
			t.Fatal(err)
		}
		var want, again any
		if err := errors.Join(json.Unmarshal(body, &want), json.Unmarshal(got, &again)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(want, again) {
			t.Fatalf("%s became %s", body, got)
		}
	})
}

// FuzzStringify holds that no body makes it panic, that it takes no body which
// the standard library refuses, and that its text is JavaScript's own: written
// again, it stays as it is.
func FuzzStringify(f *testing.F) {
	for _, b := range vectorBodies() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		once, err := Stringify(body)
		var e *SyntaxError
		if err != nil {
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(body) || e.Line < 1 || e.Column < 1 {
				t.Fatalf("%v of %d bytes", err, len(body))
			}
			if json.Valid(body) {
				t.Fatalf("refused what is valid: %v", err)
			}
			return
		}
		if !json.Valid(body) && bytes.Count(body, []byte("["))+bytes.Count(body, []byte("{")) < 10_000 {
			t.Fatalf("took %q", body)
		}
		twice, err := Stringify(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%q, written again %q: %v", once, twice, err)
		}
	})
}

// event is a body of about 2 KiB.
var event = []byte(`{"type":"ContactCreate","locationId":"ve9EPM428h8vShlRW1KT","id":"nmFmQEsNgz6AVpgLVUJ0","tags":["a","b"],"score":12.5,"note":"` +
	strings.Repeat("some words, ", 140) + `","customFields":[{"id":"x","value":"Gold"},{"id":"y","value":"\u00e9"}],"timestamp":"2026-01-28T14:35:00.000Z","webhookId":"11111111-1111-4111-8111-111111111111"}`)

func BenchmarkStringify(b *testing.B) {
	items := bytes.Repeat([]byte(`{"id":"x1","n":12345,"price":17.5,"name":"Classic tee","tags":["a","b"]},`), 5<<20/74)
	keys := bytes.NewBufferString("{")
	for i := range 400_000 {
		fmt.Fprintf(keys, `"k%d":1,`, i*7919%400_000)
	}
	for name, body := range map[string][]byte{
		"2KiB":              event,
		"5MB of items":      []byte("[" + string(items[:len(items)-1]) + "]"),
		"5MB of keys":       append(bytes.TrimSuffix(keys.Bytes(), []byte(",")), '}'),
		"5MB of digits":     bytes.Repeat([]byte("7"), 5<<20),
		"1MB, out of order": []byte(strings.Repeat(`{"b":`, 80_000) + "1" + strings.Repeat(`,"0":2}`, 80_000)),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Stringify(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestStringifyExactKeepsWholeNumbers(t *testing.T) {
	tests := []struct {
		name, body, want string
		rounds           bool
	}{
		{"a number that JavaScript has", `[ 9007199254740992, 1.0, 1e3, 0, -0, 123456789012345 ]`, `[9007199254740992,1,1000,0,0,123456789012345]`, false},
		{"one beyond", `{"id": 9007199254740993}`, `{"id":9007199254740993}`, true},
		{"negative", `-9007199254740993`, `-9007199254740993`, true},
		{"many digits", `12345678901234567890`, `12345678901234567890`, true},
		{"one that JavaScript spells shorter", `12345678901234567168`, `12345678901234567168`, true},
		{"round", `[12345678901234567000,1000000000000000000000,150000000000000000000000]`, `[12345678901234567000,1e+21,1.5e+23]`, false},
		{"beyond every float64", "1" + strings.Repeat("0", 400), "1" + strings.Repeat("0", 400), true},
		{"a fraction", `0.12345678901234567890`, `0.12345678901234568`, false},
		{"keys are put in order", `{"b":9007199254740993,"0":1}`, `{"0":1,"b":9007199254740993}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := StringifyExact([]byte(tt.body))
			if err != nil || string(got) != tt.want || Rounds(got) != tt.rounds {
				t.Errorf("%s, rounds %v, %v; want %s, %v", got, Rounds(got), err, tt.want, tt.rounds)
			}
		})
	}
}
