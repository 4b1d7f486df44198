package jq

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/itchyny/gojq"
	"pgregory.net/rapid"
)

func mustParse(t testing.TB, text string) *Expression {
	t.Helper()
	x, err := Parse(text)
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return x
}

// simple are expressions that take no jq, apart from bodies that they fail on.
var simple = []string{
	`.a`, `.a.b`, `.a.b.c`, `.`, `."a"`, `.["a"]`, `.["a"].b`, `.a?.b?`, `(.a)`, `(.a.b)`,
	`.a == 1`, `.a.b == "x"`, `"x" == .a`, `.a != null`, `.a < 2`, `.a <= "a"`, `.a > true`, `.a >= 1.5`, `.a == .b`, `.a.b < .a.c`, `1 == 1`,
	`.a == 1 and .b == "x"`, `.a or .b`, `.a == 1 or .b == 2 and .c`, `.a | not`, `(.a == 1 and .b) | not`, `true`, `null`,
	`.a == 1e400`, `.a == 9007199254740993`, `.a == 9007199254740993.0`, `.a == 9.007199254740993e15`, `.a < 1e20`, `.a == .5`, `.a == 010`, `.a < 12345678901234567890`, `.b == "é"`,
}

func TestWhatTakesNoJQ(t *testing.T) {
	for _, text := range simple {
		if mustParse(t, text).Try([]byte(`{"a":{"b":{"c":"x"}},"b":2}`)) == Unknown {
			t.Errorf("%s takes jq", text)
		}
	}
	for _, text := range []string{
		`.a[0]`, `.a[]`, `.a, .b`, `.a + 1 == 2`, `.a // .b`, `not`, `any(.a[]; . == 1)`, `.a as $x | $x`, `def f: .a; f`, `"\(.a)" == "1"`,
		`.a == [1]`, `-.a < 0`, `.a | test("x")`, `.["\("a")"]`, `.a |= 1`, `.a | .b`, `(.a).b`, `env.X`, `try .a`, `reduce .a as $x (0; 1)`,
		`.a == ` + strings.Repeat("1", maxDigits+1),
	} {
		if mustParse(t, text).Simple() {
			t.Errorf("%s takes no jq", text)
		}
	}
}

// TestWhatIsDecidedWithoutJQIsWhatJQSays holds the short way against jq. What it
// leaves open is what jq fails on, or compares as a whole.
func TestWhatIsDecidedWithoutJQIsWhatJQSays(t *testing.T) {
	var all []*Expression
	for _, text := range simple {
		all = append(all, mustParse(t, text))
	}
	rapid.Check(t, func(t *rapid.T) {
		body, err := json.Marshal(drawJSON(t, 3))
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range all {
			compareWithJQ(t, x, body)
		}
	})
}

func compareWithJQ(t interface{ Fatalf(string, ...any) }, x *Expression, body []byte) {
	var w worker
	w.compile(x.String())
	want := w.run(body)
	if got := x.Try(body); got != want && got != Unknown {
		t.Fatalf("%s on %s: %d, jq says %d", x, body, got, want)
	}
}

func TestOddBodiesAreDecidedAsJQDecidesThem(t *testing.T) {
	for _, body := range []string{
		``, `{`, `{"a":1} x`, `[1,2]`, `1`, `"a"`, `null`, `{"a":1,"a":2}`, `{"a":{"b":1},"a":2}`, `{"a":2,"a":{"b":1}}`, `{"a":{"b":"x"},"a":{}}`,
		`{"a":01}`, `{"a":-0}`, `{"a":1.0}`, `{"a":1e0}`, `{"a":1e400}`, `{"a":-1e400}`, `{"a":12345678901234567890}`, `{"a":9007199254740993}`, `{"a":9007199254740992}`, `{"a":9007199254740993.0}`, `{"a":1e20}`, `{"a":10}`, `{"a":"\u0061"}`, `{"\u0061":1}`,
		`{"b":"\u00e9"}`, `{"a":"\ud800"}`, "{\"a\":\"\xff\"}", `{"a":[[[[1]]]],"b":{"c":{"d":[]}}}`, `{"a":[1,}`, `{"a":{"b":[}}`,
		`{"a":` + strings.Repeat("9", maxDigits+1) + `}`,
	} {
		for _, text := range simple {
			x := mustParse(t, text)
			var w worker
			w.compile(text)
			if got, want := x.Try([]byte(body)), w.run([]byte(body)); got != want && got != Unknown {
				t.Errorf("%s on %s: %d, jq says %d", text, body, got, want)
			}
		}
	}
}

// TestAComparisonTakesNoMemoryForWhatItDoesNotCompare is what keeps a stranger's
// body harmless where no other process looks at it.
func TestAComparisonTakesNoMemoryForWhatItDoesNotCompare(t *testing.T) {
	body := []byte(`{"tags":[` + strings.Repeat(`{"a":[]},`, 100_000) + `1],"n":1}`)
	for _, text := range []string{`.n == 1`, `.tags != "x"`, `.`, `.tags`} {
		x := mustParse(t, text)
		if n := testing.AllocsPerRun(1, func() {
			if x.Try(body) != Yes {
				t.Errorf("%s is not decided", text)
			}
		}); n > 100 {
			t.Errorf("%s makes %.0f values", text, n)
		}
	}
}

func TestErrorsOfAnExpressionNameTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		`.a ==`:               `5:5 the jq expression is incomplete`,
		`.a == ]`:             `6:7 jq: unexpected "]"`,
		`.a | lengths`:        `5:12 jq has no function "lengths"`,
		`$x`:                  `0:2 jq: variable not defined: $x`,
		`import "x" as x; .a`: `0:19 jq: cannot load module: "x"`,
	} {
		_, err := Parse(text)
		bad, ok := err.(*SyntaxError) //nolint:errorlint // always one
		if !ok {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := fmt.Sprintf("%d:%d %s", bad.Start, bad.End, bad); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestALongExpressionIsParsedInProportion gives what might be compiled many
// times over as often as a filter has room for it.
func TestALongExpressionIsParsedInProportion(t *testing.T) {
	const room = 4000
	for _, part := range [][2]string{
		{". as [$a] ?// $a | (", ")"}, {"def f: (", "); f"}, {"(", ")"}, {"[", "]"}, {"if . then (", ") else . end"}, {"try (", ") catch ."},
		{"reduce (", ") as $x (0; .)"}, {".a |= (", ")"}, {".a += (", ")"}, {`"\(`, `)"`}, {"limit(1;", ")"}, {"gsub(", `;"")`}, {"-", ""}, {"label $x | ", ""},
	} {
		n := room / (len(part[0]) + len(part[1]))
		text := strings.Repeat(part[0], n) + ".a" + strings.Repeat(part[1], n)
		q, err := gojq.Parse(text)
		if err != nil {
			continue
		}
		if _, err := gojq.Compile(q); err == nil {
			_ = mustParse(t, text)
		}
	}
}
