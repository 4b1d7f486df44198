package filter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/taskhook/taskhook/webhook/filter/jq"
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

// tooMuch is a JQ for which every body has one outcome.
type tooMuch jq.Outcome

func (o tooMuch) Run(_ context.Context, _ string, bodies [][]byte) ([]jq.Outcome, error) {
	return slices.Repeat([]jq.Outcome{jq.Outcome(o)}, len(bodies)), nil
}

func TestAnEventThatIsTooMuchForJQIsAnErrorOfItsOwn(t *testing.T) {
	for outcome, want := range map[jq.Outcome]error{jq.Slow: ErrSlow, jq.Big: ErrMemory} {
		for _, text := range []string{"jq:(length)", "!jq:(length)", "jq:(length) or !jq:(keys)", "(jq:(length) or .missing) verdict:valid"} {
			e := contact()
			r := RowOf(&e.Summary)
			if ok, err := mustParse(t, text).At(noon, tooMuch(outcome)).Match(&r, e); ok || !errors.Is(err, want) {
				t.Errorf("%s: selected %v, %v", text, ok, err)
			}
		}
	}
}

func TestWithoutJQWhatTakesNoneIsDecided(t *testing.T) {
	e := contact()
	r := RowOf(&e.Summary)
	for text, want := range map[string]error{
		`.data.email == "Jane@Example.com"`: nil, `(.data.name) !(.missing)`: nil, `.type == "ContactCreate" and .data.n > 1`: nil,
		`jq:(length)`: ErrNoJQ, `jq:(length) or (.data)`: nil, `.data.email.deeper`: ErrNoJQ,
	} {
		if ok, err := mustParse(t, text).At(noon, nil).Match(&r, e); ok != (want == nil) || !errors.Is(err, want) {
			t.Errorf("%s: selected %v, %v", text, ok, err)
		}
	}
}

// counting counts what is run.
type counting struct {
	JQ
	runs, bodies int
}

func (c *counting) Run(ctx context.Context, expression string, bodies [][]byte) ([]jq.Outcome, error) {
	c.runs++
	c.bodies += len(bodies)
	return c.JQ.Run(ctx, expression, bodies)
}

// TestEventsAreDecidedTogether holds what is decided in one go against Match, and
// that jq is not asked about what other terms decide, or about more than one
// expression of what one decides.
func TestEventsAreDecidedTogether(t *testing.T) {
	for text, most := range map[string]int{
		`jq:(.n % 2 == 0)`:                      10,
		`!jq:(.n % 2 == 0)`:                     10,
		`jq:(.n % 2 == 0) or jq:(.n % 3 == 0)`:  15,
		`jq:(.n % 2 == 0) !jq:(.n % 3 == 0)`:    15,
		`(.n > 4) jq:(.n % 2 == 0)`:             5,
		`(.n > 4) or jq:(.n % 2 == 0) is:slow`:  5,
		`body:9 jq:(.n | error)`:                1,
		`!(jq:(.n % 2 == 0) or jq:(.n | keys))`: 15,
	} {
		c := &counting{JQ: workers}
		s := mustParse(t, text).At(noon, c)
		var pending []*Pending
		got, want := map[int]bool{}, map[int]bool{}
		at := map[*Pending]int{}
		body := []byte(nil)
		for n := range 10 {
			e := contact()
			body = append(body[:0], fmt.Sprintf(`{"n":%d}`, n)...) // a loader's, which goes on
			e.body = body
			r := RowOf(&e.Summary)
			var err error
			if want[n], err = mustParse(t, text).At(noon, workers).Match(&r, e); err != nil {
				t.Fatal(err)
			}
			res, p, err := s.Begin(&r, e)
			if err != nil {
				t.Fatal(err)
			}
			if got[n] = res == Yes; res == Unknown {
				p.Keep()
				pending, at[p] = append(pending, p), n
			}
		}
		if err := s.Decide(t.Context(), pending); err != nil {
			t.Fatal(err)
		}
		for _, p := range pending {
			var err error
			if got[at[p]], err = p.Selected(); err != nil {
				t.Error(err)
			}
		}
		if !maps.Equal(got, want) || c.bodies > most || c.runs > 2 {
			t.Errorf("%s: %v, want %v; %d bodies in %d runs", text, got, want, c.bodies, c.runs)
		}
	}
}

func TestWhatAnExpressionFailsOnIsSelectedNeitherWay(t *testing.T) {
	e := contact()
	r := RowOf(&e.Summary)
	for _, text := range []string{`jq:(.type | error)`, `!jq:(.type | error)`, `!(.type | keys)`} {
		if ok, err := mustParse(t, text).At(noon, workers).Match(&r, e); ok || err != nil {
			t.Errorf("%s: selected %v, %v", text, ok, err)
		}
	}
}

func TestASlowBranchIsNotTakenWhereTextDecides(t *testing.T) {
	s := mustParse(t, "jq:(def f: f; f) body:nowhere").At(noon, workers)
	e := contact()
	r := RowOf(&e.Summary)
	if _, err := s.Match(&r, e); err != nil {
		t.Errorf("jq was run: %v", err)
	}
}

func TestTwoExpressionsSeeTheirOwnPartsOfOneBody(t *testing.T) {
	e := contact()
	for _, text := range []string{`(.data.email) (.type == "ContactCreate")`, `(.missing) or (.data.tags[0] == "vip")`, `(.data.email) jq:(length == 2)`} {
		if !match(t, text, e) {
			t.Errorf("%q does not select the event", text)
		}
	}
}
