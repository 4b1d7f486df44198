package filter

import (
	"errors"
	"testing"
	"time"
)

func TestJQRunsToTheEndOfItsGroup(t *testing.T) {
	tests := map[string]string{
		`.a == 1 or .b`:                  `jq:(.a == 1 or .b)`,
		`x .a | .b`:                      `x jq:(.a | .b)`,
		`(.a or .b) or c`:                `jq:(.a or .b) or c`,
		`(x .a) c`:                       `x jq:(.a) c`,
		`(.a == ")") c`:                  `jq:(.a == ")") c`,
		`(.a == "\(.b + (")"))") c`:      `jq:(.a == "\(.b + (")"))") c`,
		`(.a | map(.b)) c`:               `jq:(.a | map(.b)) c`,
		`(.a["x)"] | [.]) c`:             `jq:(.a["x)"] | [.]) c`,
		`(.a == "\\") c`:                 `jq:(.a == "\\") c`,
		`jq:(length) c`:                  `jq:(length) c`,
		`jq:"length" c`:                  `jq:(length) c`,
		`jq:length > 3`:                  `jq:(length > 3)`,
		`JQ:(length)`:                    `jq:(length)`,
		`jq:(.a | {b: ")"} | .b) jq:.c`:  `jq:(.a | {b: ")"} | .b) jq:(.c)`,
		`((.a) or (.b)) and !(.c or .d)`: `(jq:(.a) or jq:(.b)) !jq:(.c or .d)`,
	}
	for text, want := range tests {
		if got := mustParse(t, text).String(); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestABodyThatIsNoJSONIsNotSelectedByJQ(t *testing.T) {
	for _, body := range []string{"", " ", "a=1&b=2", `{"a":1`, `{"a":1} x`, `{"a":1}{"a":1}`, "\xff", "[1,]"} {
		e := contact()
		e.body = []byte(body)
		if match(t, "jq:(true)", e) {
			t.Errorf("%q is taken for JSON", body)
		}
	}
	for _, body := range []string{"1", " null\n", `"x"`, `[]`, "{}"} {
		e := contact()
		e.body = []byte(body)
		if !match(t, "jq:(true)", e) {
			t.Errorf("%q is not taken for JSON", body)
		}
	}
}

func TestJQSeesNothingOfTheMachine(t *testing.T) {
	t.Setenv("TASKHOOK_SECRET", "x")
	for _, text := range []string{"jq:(env.TASKHOOK_SECRET)", "jq:($ENV.TASKHOOK_SECRET)", "jq:(input)", "jq:(inputs)"} {
		f, err := Parse(text)
		if err != nil {
			continue // refused, which is as good
		}
		e := contact()
		if ok, _ := matches(f, e); ok {
			t.Errorf("%s reaches out", text)
		}
	}
	for _, text := range []string{`jq:(import "x" as x; .)`, `jq:(include "x"; .)`} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func TestAJQExpressionWithoutEndIsStopped(t *testing.T) {
	s := mustParse(t, "jq:(def f: f; f)").At(noon)
	s.c.timeout = time.Millisecond
	e := contact()
	r := RowOf(&e.Summary)
	if ok, err := s.Match(&r, e); ok || !errors.Is(err, ErrSlow) {
		t.Errorf("selected %v, %v", ok, err)
	}
}

func TestWhatAnExpressionFailsOnIsSelectedNeitherWay(t *testing.T) {
	e := contact()
	r := RowOf(&e.Summary)
	for _, text := range []string{`jq:(.type | error)`, `!jq:(.type | error)`, `!(.type | keys)`} {
		if ok, err := mustParse(t, text).At(noon).Match(&r, e); ok || err != nil {
			t.Errorf("%s: selected %v, %v", text, ok, err)
		}
	}
}

func TestASlowBranchIsNotTakenWhereTextDecides(t *testing.T) {
	s := mustParse(t, "jq:(def f: f; f) body:nowhere").At(noon)
	e := contact()
	r := RowOf(&e.Summary)
	if _, err := s.Match(&r, e); err != nil {
		t.Errorf("jq was run: %v", err)
	}
}
