package filter

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/taskhook/taskhook/webhook"
)

// TestSyntaxErrorsPointAtThePlace: the part between the brackets is wrong.
func TestSyntaxErrorsPointAtThePlace(t *testing.T) {
	tests := []struct{ marked, want string }{
		{`⟦stauts⟧:500`, `unknown field "stauts": did you mean "status"?`},
		{`jane (⟦tyep⟧:x)`, `unknown field "tyep": did you mean "type"?`},
		{`⟦http⟧://x`, `unknown field "http": to look for the text itself, put it in quotes`},
		{`⟦status:⟧`, `"status:" needs a value after the colon: for example status:5xx|429`},
		{`⟦status:⟧ 500`, `"status:" needs a value after the colon: for example status:5xx|429`},
		{`status:429|⟦⟧`, `"|" needs a value on both sides: to look for a bar, put it in quotes`},
		{`status:⟦⟧|429`, `"|" needs a value on both sides: to look for a bar, put it in quotes`},
		{`status:429|⟦6000⟧`, `"6000" is not a value of "status:": for example status:5xx|429`},
		{`status:⟦599..500⟧`, `the range "599..500" is empty: write the smaller one first`},
		{`id:⟦x..3⟧`, `"x" is not a value of "id:": for example id:12..40`},
		{`id:⟦..⟧`, `".." is not a value of "id:": for example id:12..40`},
		{`dur:⟦500ms⟧`, `"dur:" takes a range: write dur:>500ms or dur:<500ms`},
		{`dur:⟦>500⟧`, `">500" is not a value of "dur:": for example dur:>500ms`},
		{`size:⟦>10x⟧`, `">10x" is not a value of "size:": for example size:>10k`},
		{`is:⟦dupilcate⟧`, `unknown property "dupilcate": did you mean "duplicate"?`},
		{`state:failed|⟦overdu⟧`, `unknown state "overdu": did you mean "overdue"?`},
		{`state:⟦"presumed lost"⟧|failed`, `state:presumed-lost is now state:overdue`},
		{`state:failed|⟦accepted⟧`, `state:accepted is now state:delivered`},
		{`is:⟦lost⟧`, `is:lost is now state:failed|overdue|interrupted`},
		{`is:⟦failed⟧`, `is:failed is now status:none|>=300`},
		{`verdict:⟦forged⟧`, `unknown verdict "forged": write valid, invalid, unsigned, unchecked or skipped`},
		{`since:⟦soon⟧`, `"soon" is not a time: write 10m, 2d, today, 14:05, 2026-11-25 or 2026-11-25T14:05`},
		{`since:⟦25:00⟧`, `"25:00" is not a time: write 10m, 2d, today, 14:05, 2026-11-25 or 2026-11-25T14:05`},
		{`header:⟦=x⟧`, `"header:name=value" needs a name and a value: for example header:content-type=json, or header:NAME for one that is present`},
		{`header:⟦x=⟧`, `"header:name=value" needs a name and a value: for example header:content-type=json, or header:NAME for one that is present`},
		{`body:⟦""⟧`, `an empty text matches everything: leave the term out`},
		{`⟦""⟧`, `an empty text matches everything: leave the term out`},
		{`jane ⟦"x⟧`, `this quote is not closed: add a " at its end`},
		{`⟦(⟧jane`, `this parenthesis is not closed: add a ")"`},
		{`⟦(⟧`, `this parenthesis is not closed: add a ")"`},
		{`jane⟦)⟧ x`, `this ")" has no counterpart: to look for a parenthesis, put it in quotes`},
		{`a ⟦( )⟧`, `these parentheses are empty: to look for parentheses, put them in quotes`},
		{`⟦or⟧ jane`, `"or" needs a term on both sides: to look for the word, put it in quotes`},
		{`jane ⟦or⟧`, `"or" needs a term on both sides: to look for the word, put it in quotes`},
		{`(jane ⟦and⟧) x`, `"and" needs a term on both sides: to look for the word, put it in quotes`},
		{`a or ⟦or⟧ b`, `"or" needs a term on both sides: to look for the word, put it in quotes`},
		{`a ⟦!⟧`, `nothing to negate: write a term after it`},
		{`(⟦not⟧) a`, `nothing to negate: write a term after it`},
		{`(.a) ⟦==⟧ 1`, `"==" is not a term: a whole jq expression goes in parentheses, a text in quotes`},
		{`jane ⟦dur>500ms⟧`, `"dur>500ms" is not a term: write dur:>500ms`},
		{`⟦Status>=500⟧`, `"Status>=500" is not a term: write status:>=500`},
		{strings.Repeat(`\ `, 2000) + "⟦⟧", `a filter is at most 4096 bytes long`},
		{`.a == 1 ⟦status⟧:500`, `jq: unexpected "status": a jq expression runs to the end of the text: put it in parentheses to go on after it`},
		{`.a or ⟦failed⟧`, `jq has no function "failed": a jq expression runs to the end of the text: put it in parentheses to go on after it`},
		{`.a ==⟦⟧`, `the jq expression is incomplete`},
		{`x (.a ==⟦⟧) y`, `the jq expression is incomplete`},
		{`.a == ⟦"x⟧`, `this string is not closed: add a " at its end`},
		{`jq:⟦(⟧.a`, `this parenthesis is not closed: add a ")"`},
		{`⟦jq:⟧`, `"jq:" needs an expression after the colon: for example jq:(.data.email == "x")`},
		{`jq:(⟦⟧)`, `the jq expression is empty: for example jq:(.data.email == "x")`},
		{`jq:".a == ⟦]⟧"`, `jq: unexpected "]"`},
		{`jq:⟦($x)⟧`, ``},
		{"a ⟦\xff⟧", `the text is not UTF-8`},
		{strings.Repeat("(", maxDepth) + "⟦(⟧a", `parentheses and negations are nested more than 64 deep`},
		{strings.Repeat("a", maxText) + "⟦b⟧", `a filter is at most 4096 bytes long`},
	}
	for _, tt := range tests {
		start := strings.Index(tt.marked, "⟦")
		text := strings.Replace(tt.marked, "⟦", "", 1)
		end := strings.Index(text, "⟧")
		text = strings.Replace(text, "⟧", "", 1)
		_, err := Parse(text)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%q is taken", text)
			continue
		}
		if tt.want == "" { // only that it is an error, within the text
			continue
		}
		if syntax.Offset != start || syntax.Length != end-start {
			t.Errorf("%q: error at %d, %d bytes; want %d, %d", text, syntax.Offset, syntax.Length, start, end-start)
		}
		if syntax.Error() != tt.want {
			t.Errorf("%q:\n got %s\nwant %s", text, syntax, tt.want)
		}
	}
}

func TestCanonicalText(t *testing.T) {
	tests := map[string]string{
		"":                            "",
		"  jane   DOE ":               "jane DOE",
		"a and b AND c":               "a b c",
		"a OR (b or c)":               "a or b or c",
		"((a b) c)":                   "a b c",
		"(a b) or c d":                "a b or c d",
		"(a or b) c":                  "(a or b) c",
		"not not a":                   "a",
		"! (a or b)":                  "!(a or b)",
		"TYPE:Contact*|\"x y\"*":      `type:Contact*|"x y"*`,
		"type:\"Contact*\"":           `type:"Contact*"`,
		"status:5XX|None":             "status:5xx|none",
		`state:"Overdue"|interrupted`: "state:overdue|interrupted",
		"#12":                         "id:12",
		"id:#12..40":                  "id:12..40",
		"size:>10K":                   "size:>10k",
		`since:"2026-11-25 10:00"`:    "since:2026-11-25T10:00",
		"since:2026-11-25t10:00z":     "since:2026-11-25T10:00Z",
		"since:TODAY":                 "since:today",
		`"or"`:                        `"or"`,
		`"status:5xx"`:                `"status:5xx"`,
		`".a"`:                        `".a"`,
		`"a"`:                         "a",
		`"#12"`:                       `"#12"`,
		`a\b`:                         `"a\\b"`,
		`header:X-A|b="c d"|e=f`:      `header:X-A|b="c d"|"e=f"`,
		`.data.email == "x"`:          `jq:(.data.email == "x")`,
		`(.a) b`:                      "jq:(.a) b",
		`!.a`:                         "!jq:(.a)",
		`jq:".a # )"`:                 `jq:".a # )"`,
	}
	for text, want := range tests {
		f := mustParse(t, text)
		if f.String() != want {
			t.Errorf("%q: %s, want %s", text, f, want)
		}
		if again := mustParse(t, f.String()); again.String() != want {
			t.Errorf("%q: read again it is %s", want, again)
		}
	}
}

// TestCanonicalTextSelectsTheSame compares filters with what their text is
// read as, on events that differ in everything.
func TestCanonicalTextSelectsTheSame(t *testing.T) {
	words := []string{
		"jane", "DOE", `"a b"`, `"or"`, `"#1"`, "x|y", "type:Contact*", "type:*e?t|x", "status:5xx|none", "status:>=400", "answer:429",
		"state:failed|retrying", "is:slow|marked", "verdict:valid", "id:3..9", "#4", "wh:a", `wh:""`, "header:x-a", "header:x-*=v?|w",
		"body:jane", "path:/in", "method:post", "source:local", "key:d*", "scheme:rsa", "attempts:>1", "since:5m", "before:11:58",
		"dur:>1s", "size:<1k", "jq:(.n > 2)", `jq:".n == 1"`, `(.s == "jane")`,
	}
	rapid.Check(t, func(t *rapid.T) {
		text := draw(t, words, 4)
		f, err := Parse(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		again, err := Parse(f.String())
		if err != nil {
			t.Fatalf("%q, read from %q: %v", f, text, err)
		}
		if again.String() != f.String() {
			t.Fatalf("%q becomes %q", f, again)
		}
		for range 10 {
			e := drawEvent(t)
			a, errA := matches(f, e)
			b, errB := matches(again, e)
			if a != b || errA != nil || errB != nil {
				t.Fatalf("%q: %v, %v; as %q: %v, %v", text, a, errA, f, b, errB)
			}
			if bounds := boundsOf(f); a && !bounds.has(int64(e.ID)) {
				t.Fatalf("%q selects an event outside %+v", text, bounds)
			}
			if row := RowOf(&e.Summary); f.At(noon, workers).Row(&row) == result(!a) {
				t.Fatalf("%q: the row alone says otherwise", text)
			}
		}
	})
}

// draw makes a filter's text of words.
func draw(t *rapid.T, words []string, depth int) string {
	kind := "word"
	if depth > 0 {
		kind = rapid.SampledFrom([]string{"word", "word", "and", "or", "not", "group"}).Draw(t, "kind")
	}
	switch kind {
	case "and":
		return draw(t, words, depth-1) + rapid.SampledFrom([]string{" ", " and ", "  AND "}).Draw(t, "and") + draw(t, words, depth-1)
	case "or":
		return draw(t, words, depth-1) + " or " + draw(t, words, depth-1)
	case "not":
		return rapid.SampledFrom([]string{"!", "not "}).Draw(t, "not") + draw(t, words, depth-1)
	case "group":
		return "(" + draw(t, words, depth-1) + ")"
	}
	return rapid.SampledFrom(words).Draw(t, "word")
}

func drawEvent(t *rapid.T) *stored {
	e := contact()
	e.ID = rapid.Custom(func(t *rapid.T) webhook.ID { return webhook.ID(rapid.IntRange(1, 12).Draw(t, "n")) }).Draw(t, "id")
	e.Type = rapid.SampledFrom([]string{"ContactCreate", "Jane", "x", ""}).Draw(t, "type")
	e.WebhookID = rapid.SampledFrom([]string{"abc", "", "jane"}).Draw(t, "webhookId")
	e.Path = rapid.SampledFrom([]string{"/in", "/a b", "/"}).Draw(t, "path")
	e.LastStatus = rapid.SampledFrom([]int{0, 200, 429, 503}).Draw(t, "status")
	e.Outcome.Answer.Status = rapid.SampledFrom([]int{0, 200, 429, 500}).Draw(t, "answer")
	e.Slow = rapid.Bool().Draw(t, "slow")
	e.Marked = rapid.Bool().Draw(t, "marked")
	e.Header["X-A"] = []string{rapid.SampledFrom([]string{"v1", "w", ""}).Draw(t, "header")}
	e.body = []byte(rapid.SampledFrom([]string{`{"n":1,"s":"jane"}`, `{"n":3}`, "jane or", "", "null"}).Draw(t, "body"))
	return e
}

func FuzzParse(f *testing.F) {
	for _, term := range Reference() {
		f.Add(term.Example)
	}
	for _, s := range []string{
		`a\"b`, `jq:".a # )"`, `(.a | "\(.b)") c`, `!!!(a`, `type:"`, `"or"|:x`, `..`, `. as [$x] | $x`, `id:>=#1`, "\u00a0a\u2003b",
		`header:"="="`, `#1|2`, `.a#\n)`, `since:1w2d3h`, `jq:(`, `"\\"`, `|`, `a:b:c`, `dur:1h..2h`, `"!"x`, `not(a)or(b)`,
	} {
		f.Add(s)
	}
	e := contact()
	f.Fuzz(func(t *testing.T, text string) {
		Complete(text, len(text)/2, []string{"A B"})
		flt, err := Parse(text)
		if err != nil {
			var s *SyntaxError
			if !errors.As(err, &s) || s.Offset < 0 || s.Length < 0 || s.Offset+s.Length > len(text) || s.Message == "" {
				t.Fatalf("%q: %#v", text, err)
			}
			if !utf8.ValidString(s.Error()) {
				t.Fatalf("%q: %q", text, s.Error())
			}
			return
		}
		again, err := Parse(flt.String())
		if err != nil {
			t.Fatalf("%q is written %q: %v", text, flt, err)
		}
		if again.String() != flt.String() {
			t.Fatalf("%q is written %q, and that %q", text, flt, again)
		}
		if strings.Contains(flt.String(), "jq:") {
			return // an expression may depend on the time, or take all of it
		}
		a, errA := matches(flt, e)
		b, errB := matches(again, e)
		if a != b || errA != nil || errB != nil {
			t.Fatalf("%q: %v, %v; as %q: %v, %v", text, a, errA, flt, b, errB)
		}
	})
}
