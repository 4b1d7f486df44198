package fault

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/taskhook/taskhook/webhook/filter"
)

func TestRulesSayWhatTheyDo(t *testing.T) {
	tests := []struct{ text, effect, warning string }{
		{"type:ContactCreate rate:30% status:429", "answer 429 without calling your app, for 30 % of type:ContactCreate", "spends real retries"},
		{"status:429", "answer 429 without calling your app, for every event", "spends real retries"},
		{"status:500 type:Contact* every:3", "answer 500 without calling your app, for 1 of 3 of type:Contact*", "500 is final"},
		{`status:200 with:"it's \"fine\"" `, "answer 200 without calling your app, for every event", "your app never sees it"},
		{"delay:2s", "wait 2s before your app is called, for every event", ""},
		{"delay:1s..90s seed:4", "wait 1s to 1m30s before your app is called, for every event", "may come after the platform has hung up"},
		{"delay-after:20ms is:duplicate", "hold your app's answer back for 20ms, for is:duplicate", ""},
		{"hang times:1", "let it hang until the time limit without calling your app, for every event", "a time-out is final"},
		{"drop:before", "drop the connection before your app's answer, for every event", "breaks is final"},
		{"drop:middle delay:1s", "wait 1s before your app is called, drop the connection in the middle of your app's answer, for every event", "breaks is final"},
		{"duplicate:3 spacing:5s", "deliver it 3 times, 5s apart, for every event", ""},
		{"duplicate:2 rate:0.5", "deliver it 2 times at once, for 50 % of the events", ""},
		{"signature:strip", "remove the signature, for every event", "an app that verifies refuses"},
		{"SIGNATURE:corrupt for:10m", "make the signature wrong, for every event", "an app that verifies refuses"},
		{`status:503 (type:A or "hang") .data.status == "x"`, `answer 503 without calling your app, for (type:A or hang) jq:(.data.status == "x")`, "503 is final"},
		{`status:503 jq:(.a == 1) verdict:valid`, `answer 503 without calling your app, for jq:(.a == 1) verdict:valid`, "503 is final"},
		{"status:429 delay:1m", "wait 1m0s before your app is called, answer 429 without calling your app, for every event", "six times at most; an answer that takes this long"},
		{"delay-after:5s delay:6s", "wait 6s before your app is called, hold your app's answer back for 5s, for every event", "hung up"},
		{"duplicate:2 delay:10s", "wait 10s before your app is called, deliver it 2 times at once, for every event", ""},
		{"rate:7% delay:1s", "wait 1s before your app is called, for 7 % of the events", ""},
		{"rate:100% delay:1s", "wait 1s before your app is called, for every event", ""},
		{"delay:1s body:\"two  spaces\nand lines\"", "wait 1s before your app is called, for body:\"two  spaces and lines\"", ""},
		{"Hang TYPE:A", "let it hang until the time limit without calling your app, for type:A", "a time-out is final"},
	}
	for _, tt := range tests {
		r, err := Parse(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if r.Text() != strings.TrimSpace(tt.text) || r.Effect() != tt.effect {
			t.Errorf("%s: %q", tt.text, r.Effect())
		}
		if got := r.Warning(); (got == "") != (tt.warning == "") || !strings.Contains(got, tt.warning) {
			t.Errorf("%s: warning %q", tt.text, got)
		}
	}
}

func TestAMistakeIsShownWhereItStands(t *testing.T) {
	long := "retry-after:" + strings.Repeat("1", 50)
	tests := []struct{ text, part, message, hint string }{
		{"", "", "the rule does nothing", "say what is done"},
		{"type:ContactCreate", "", "the rule does nothing", "say what is done"},
		{"rate:30%", "", "the rule does nothing", "say what is done"},
		{"hnag type:A", "hnag", "the rule does nothing", `did you mean "hang"?`},
		{".n == 3 status:429", ".n == 3 status:429", "the rule does nothing before its jq expression", "jq:(…)"},
		{"!JQ:.n == 3 status:429", "JQ:.n == 3 status:429", "the rule does nothing before its jq expression", "jq:(…)"},

		// A value that cannot be.
		{"status:42", "status:42", `status: "42" is no status from 200 to 599`, "what is answered"},
		{"type:A status:5xx|429", "status:5xx|429", `is no status`, "what is answered, and selects nothing"},
		{"status:429 rate:130%", "rate:130%", "no share above 0% and up to 100%", "write it like rate:30%"},
		{"status:429 rate:0", "rate:0", "no share above 0%", ""},
		{"status:429 rate:NaN", "rate:NaN", "no share above 0%", ""},
		{"status:429 rate:-1%", "rate:-1%", "no share above 0%", ""},
		{"status:429 rate:1", "rate:1", "as 1% and as 100%", ""},
		{"status:429 times:-1", "times:-1", "no whole number from 1", "write it like times:5"},
		{"status:429 every:0", "every:0", "no whole number from 1", ""},
		{"delay:5s..1s", "delay:5s..1s", "5s is more than 1s", ""},
		{"delay:0s", "delay:0s", "0s must be more than zero", ""},
		{"delay:1s..-2s", "delay:1s..-2s", "-2s must be more than zero", ""},
		{"delay:1h", "delay:1h", "1h is more than 10m0s", ""},
		{"delay:soon", "delay:soon", `"soon" is no duration`, "write it like delay:1s..5s"},
		{"duplicate:1", "duplicate:1", "no whole number from 2 to 100", ""},
		{"drop:after", "drop:after", "neither before nor middle", ""},
		{"signature:bad", "signature:bad", "neither strip nor corrupt", ""},
		{"status:429 seed:x rate:3%", "seed:x", "no whole number above zero", ""},
		{"status:429 for:-1m", "for:-1m", "no duration above zero", ""},
		{"status:429 " + long, long, "no value of a header", ""},
		{"status:429 with:''", "with:''", "there is no text", "leave with: out"},
		{"status:429 with:", "with:", "needs a value after the colon", ""},
		{"hang:5s", "hang:5s", "hang takes no value", "delay:5s"},
		{"status:429 drop", "drop", "drop needs a value", `to look for the text, write "drop"`},

		// Words that do not go together.
		{"type:A status:429 status:500", "status:500", "status stands twice", "it is status:429 already"},
		{"status:429 rate:10% every:2", "every:2", "rate and every do not go together", ""},
		{"every:2 status:429 rate:10%", "rate:10%", "rate and every do not go together", ""},
		{"status:429 hang", "hang", "status and hang do not go together", "make two rules of it"},
		{"status:429 duplicate:2", "duplicate:2", "status and duplicate do not go together", ""},
		{"duplicate:2 hang", "hang", "hang and duplicate do not go together", ""},
		{"hang drop:before", "drop:before", "hang and drop do not go together", ""},
		{"hang with:x", "with:x", "with belongs to status", "add status:…"},
		{"delay:1s spacing:2s", "spacing:2s", "spacing belongs to duplicate", ""},
		{"status:204 with:x", "with:x", "an answer 204 has no body", ""},
		{"status:429 seed:3", "seed:3", "seed has nothing to draw", "add rate:30%"},

		// Words that were meant to be others.
		{"dealy:2s", "dealy", `unknown word "dealy"`, `did you mean "delay"?`},
		{"type:A sttaus:429", "sttaus", `unknown word "sttaus"`, `did you mean "status"?`},
		{"status:429 retry_after:3", "retry_after", "unknown word", `did you mean "retry-after"?`},
		{"status:429 (type:A or dupe:3)", "dupe", `unknown word "dupe"`, `did you mean "type"?`},
		{"status:429 Tpye:A", "Tpye", `unknown word "tpye"`, `did you mean "type"?`},
		{"sig:strip", "sig", "unknown word", `did you mean "signature"?`},
		{"status:429 xyzzy:1", "xyzzy", `unknown field "xyzzy"`, ""},

		// The rule's own words among those of its filter.
		{"status:429 (rate:3% or type:A)", "rate:3%", "rate is what the rule does and no term of its filter", "take it out of the parentheses"},
		{"hang (type:A status:500)", "status:500", "status is what the rule does", "what your app answers is not known before"},
		{"not status:429 type:A", "status:429", "status is what the rule does", `it cannot stand after "not"`},
		{"!delay:2s type:A", "delay:2s", "delay is what the rule does", `it cannot stand after "!"`},
		{"type:A or status:429 type:B", "status:429", "status is what the rule does", `it cannot stand after "or"`},
		{"type:A hang OR type:B", "hang", "hang is what the rule does", `it cannot stand before "OR"`},
		{"status:429(type:A)", "status:429(", "a parenthesis stands right after status", "put a space before it"},
		{"status:200 with:ok(1)", "with:ok(", "a parenthesis stands right after with", "in quotes"},

		// What is never known when a rule is asked.
		{"hang state:failed", "state", "state is not known when a rule is asked", "select by what has come in"},
		{"hang !(type:A or dur:>1s)", "dur", "dur is not known", ""},
		{"hang is:duplicate|Slow", "is:duplicate|Slow", "is:slow is not known", ""},

		// Quotations.
		{`status:500 with:"abc`, `"abc`, "this quotation has no end", `add a " at its end`},
		{`status:500 with:'abc\'`, `'abc\'`, "this quotation has no end", "add a ' at its end"},
		{`status:500 with:'a'b type:A`, `'a'b`, "something stands right after this value", "all of it in quotes"},
		{`status:500 with:{"a":1}b`, `{"a":1}b`, "something stands right after this value", ""},
		{`status:500 with:["a", 'x']`, `["a",`, "this begins like JSON and is none", ""},
		{`status:500 with:[busy] type:A`, `[busy]`, "this begins like JSON and is none", "with:'[busy] come again'"},

		// The filter's own errors, with their places in the rule.
		{"status:429 (type:A", "(", "this parenthesis is not closed", `add a ")"`},
		{"status:429 verdict:vlid times:2", "vlid", `unknown verdict "vlid"`, `did you mean "valid"?`},
		{`with:"a b" type: status:429`, "type:", `"type:" needs a value`, ""},
		{"delay:1s .a == | times:2", "", "jq", ""},
		{"type:A or", "", "the rule does nothing", ""},
		{"status:429 type:A or", "or", `"or" needs a term on both sides`, ""},
		{"\u00a0é status:429 type:A)", ")", "closes nothing", ""},

		{"type:\xff status:429", "\xff", "the text is not UTF-8", ""},
		{"hang " + strings.Repeat("x", maxText), "xxxxx", "at most 64 KiB", ""},
		{"hang " + strings.Repeat("x", 5000), "", "a filter is at most 4096 bytes long", ""},
	}
	for _, tt := range tests {
		_, err := Parse(tt.text)
		var bad *RuleError
		if !errors.As(err, &bad) {
			t.Errorf("%.60q: error %v", tt.text, err)
			continue
		}
		part := tt.text[bad.Offset : bad.Offset+bad.Length]
		if !strings.Contains(bad.Message, tt.message) || !strings.Contains(bad.Hint, tt.hint) || tt.part != "" && part != tt.part {
			t.Errorf("%.60q: %q at %.40q, hint %q", tt.text, bad.Message, part, bad.Hint)
		}
	}
}

func TestAnAnswerSaysWhatWasWritten(t *testing.T) {
	long := strings.Repeat("long ", 4000)
	tests := []struct{ text, body, contentType, selects string }{
		{"status:429", "", "", ""},
		{"status:429 with:busy", "busy", "text/plain; charset=utf-8", ""},
		{"status:429 with:it's", "it's", "text/plain; charset=utf-8", ""},
		{`with:"say \"no\" (now)" status:429`, `say "no" (now)`, "text/plain; charset=utf-8", ""},
		{`WITH:'it\'s C:\\new' status:429 type:A`, `it's C:\new`, "text/plain; charset=utf-8", "type:A"},
		{`status:429 with:'{"a": "b\nc"}' é`, `{"a": "b\nc"}`, "application/json", "é"},
		{`status:429 with:{"a": {"b c": "(\""}} (type:A or type:B)`, `{"a": {"b c": "(\""}}`, "application/json", "type:A or type:B"},
		{"status:429 with:'" + long + "' type:A", long, "text/plain; charset=utf-8", "type:A"},
		{"type:A\u00a0status:429\twith:x\u3000type:B", "x", "text/plain; charset=utf-8", "type:A type:B"},
		{`status:429 body:'don with:a`, "a", "text/plain; charset=utf-8", "body:'don"},
		{`status:429 "hang" "with:x"`, "", "", `hang "with:x"`},
		{`status:429 with:x jq:(.a | test("status:500 (")) type:A`, "x", "text/plain; charset=utf-8", `jq:(.a | test("status:500 (")) type:A`},
		{`status:429 jq:".a == \"b c\"" with:x`, "x", "text/plain; charset=utf-8", `jq:(.a == "b c")`},
		{`status:429 (.hang == "\(1 + (2)) hang") with:x`, "x", "text/plain; charset=utf-8", `jq:(.hang == "\(1 + (2)) hang")`},
		{`status:429 with:x !.a == "hang" and .times`, "x", "text/plain; charset=utf-8", `!jq:(.a == "hang" and .times)`},
		{"(type:A)with:x status:429", "x", "text/plain; charset=utf-8", "type:A"},
	}
	for _, tt := range tests {
		r, err := Parse(tt.text)
		if err != nil {
			t.Errorf("%.60s: %v", tt.text, err)
			continue
		}
		e, _ := newEntry(1, r).fire(time.Now())
		if e.Body != tt.body || e.ContentType() != tt.contentType || r.filter.String() != tt.selects {
			t.Errorf("%.60s: body %.60q, type %q, for %q", tt.text, e.Body, e.ContentType(), r.filter)
		}
	}
}

// Wherever the rule's words stand among those of its filter, they say the same
// and leave the same filter.
func TestWordsMayStandAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := rapid.SliceOfN(rapid.SampledFrom([]string{
			"type:Contact*", "(type:A or is:duplicate)", `"hang (status:500"`, `!body:"a b"`, "not verdict:valid", `jq:(.a == ")")`, "text", "(.b | not)", `header:x="y z"`,
		}), 0, 4).Draw(t, "terms")
		own := rapid.SampledFrom([][]string{
			{"status:429", `with:'it\'s (busy)'`, "rate:30%", "seed:3"},
			{"status:500", `with:{"a b": ")"}`, "times:2"},
			{"delay:1s..2s", "drop:before", "every:2"},
			{"hang", "for:1m"},
		}).Draw(t, "own")
		plain := strings.Join(terms, " ")
		want, err := Parse(strings.Join(own, " ") + " " + plain)
		if err != nil {
			t.Fatal(err)
		}
		if f, err := filter.Parse(plain); err != nil || f.String() != want.filter.String() {
			t.Fatalf("the filter of %s is %q, %v", want.Text(), want.filter, err)
		}
		mixed := slices.Clone(terms)
		for _, w := range own {
			mixed = slices.Insert(mixed, rapid.IntRange(0, len(mixed)).Draw(t, "at"), w)
		}
		got, err := Parse(strings.Join(mixed, rapid.SampledFrom([]string{" ", "  ", "\t", "\u2003"}).Draw(t, "space")))
		if err != nil {
			t.Fatalf("%q: %v", mixed, err)
		}
		if got.Effect() != want.Effect() || got.with != want.with || got.filter.String() != want.filter.String() {
			t.Fatalf("%q: %s, want %s", mixed, got.Effect(), want.Effect())
		}
	})
}

func TestAFileHasOneRuleALine(t *testing.T) {
	rules, err := ParseFile("\ufeff# two of them\n\nstatus:429 times:2\r\n  delay:1s type:A  \n")
	if err != nil || len(rules) != 2 || rules[1].Text() != "delay:1s type:A" {
		t.Errorf("%v, %v", rules, err)
	}
	_, err = ParseFile("status:429\n# fine so far\nstatus:x\n")
	var bad *RuleError
	if !errors.As(err, &bad) || bad.Line != 3 || !strings.HasPrefix(err.Error(), `line 3: status: "x"`) {
		t.Errorf("%v", err)
	}
	line := "\t status:429 rate:200% \r"
	_, err = ParseFile("hang\r\n" + line + "\n")
	if !errors.As(err, &bad) || bad.Line != 2 || line[bad.Offset:bad.Offset+bad.Length] != "rate:200%" {
		t.Errorf("%+v", bad)
	}
	for _, text := range []string{"", "# nothing\n"} {
		if _, err := ParseFile(text); !errors.As(err, &bad) || bad.Message != "there is no rule" {
			t.Errorf("a file without a rule: %v", err)
		}
	}
}

func TestEveryWordHasAnExampleThatWorks(t *testing.T) {
	for i, term := range Reference() {
		text := term.Example
		switch words[i].name {
		case "with", "retry-after", "rate", "every", "times", "for":
			text += " status:429"
		case "seed":
			text += " status:429 rate:10%"
		}
		if _, err := Parse(text); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if _, err := Parse(strings.Replace(text, term.Example, "", 1)); words[i].acts && err == nil {
			t.Errorf("%s does nothing, and was taken", term.Syntax)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`status:429 rate:30% type:A`, `with:'a \' b' status:200`, `delay:1s..2s (a or b) .x`, `jq:"a" hang`, `status:"429`, `drop:before ) (`, "\xff:\xff",
		`status:200 with:{"a": [1, "b c"]} type:A`, `hang !jq:(.a | "\(1)")`, `not status:429 (hang or !.x)`, "delay:1s\u00a0is:altered|slow", `spacing:1s duplicate:2 retry-after:'1`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		var bad *RuleError
		switch {
		case err == nil:
			if r.Effect() == "" || !strings.Contains(text, r.Text()) {
				t.Errorf("%q: effect %q, text %q", text, r.Effect(), r.Text())
			}
			if again, err := Parse(r.Text()); err != nil || again.Effect() != r.Effect() {
				t.Errorf("%q read again: %v", r.Text(), err)
			}
		case !errors.As(err, &bad):
			t.Errorf("%q: %v is no RuleError", text, err)
		case bad.Offset < 0 || bad.Length < 0 || bad.Offset+bad.Length > len(text):
			t.Errorf("%q: wrong from %d, %d bytes", text, bad.Offset, bad.Length)
		case err.Error() == "" || bad.Message == "" || !utf8.ValidString(bad.Message):
			t.Errorf("%q: message %q", text, bad.Message)
		}
	})
}
