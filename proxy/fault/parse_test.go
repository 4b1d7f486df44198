package fault

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/taskhook/taskhook/webhook/filter"
)

func TestARuleSaysWhatItDoes(t *testing.T) {
	tests := []struct{ text, description, warning string }{
		{"status:429 rate:30% for type:ContactCreate", "answer 429 without calling your app, for 30% of type:ContactCreate", "spends real retries"},
		{"rate:30%   status:429\tfor\u00a0type:ContactCreate", "answer 429 without calling your app, for 30% of type:ContactCreate", "spends real retries"},
		{"status:429", "answer 429 without calling your app, for every event", "spends real retries"},
		{"status:500 every:3 for type:Contact*", "answer 500 without calling your app, for 1 of 3 of type:Contact*", "500 is final"},
		{"status:200", "answer 200 without calling your app, for every event", "your app never gets it"},
		{"delay:2s", "wait 2s before your app is called, for every event", ""},
		{"delay:1s..90s seed:4", "wait 1s to 1m 30s before your app is called, for every event", "may hang up before such a late answer"},
		{"delay-after:20ms for is:duplicate", "delay your app's answer by 20ms, for is:duplicate", ""},
		{"hang times:1", "do not answer before the time limit, without calling your app, for every event", "a timeout is final"},
		{"drop:before", "drop the connection before your app's answer, for every event", "a broken connection is final"},
		{"drop:middle delay:1s", "wait 1s before your app is called, drop the connection in the middle of your app's answer, for every event", "a broken connection is final"},
		{"duplicate:3 spacing:5s", "deliver it 3 times, 5s apart, for every event", ""},
		{"duplicate:2 rate:50%", "deliver it 2 times at once, for 50% of the events", ""},
		{"signature:strip", "remove the signature, for every event", "an app that verifies signatures refuses"},
		{"SIGNATURE:Corrupt Expires:10m FOR type:A", "corrupt the signature, for type:A", "an app that verifies signatures refuses"},
		{`status:503 for (type:A or "hang") .data.status == "x for y"`, `answer 503 without calling your app, for (type:A or hang) jq:(.data.status == "x for y")`, "503 is final"},
		{`status:503 for "10m" 0`, "answer 503 without calling your app, for 10m 0", "503 is final"},
		{"status:503 for for", "answer 503 without calling your app, for for", "503 is final"},
		{"status:503 for rate:30% status", "", ""},
		{"status:429 delay:1m", "wait 1m before your app is called, answer 429 without calling your app, for every event", "six times at most; the platform may hang up"},
		{"delay-after:5s delay:6s", "wait 6s before your app is called, delay your app's answer by 5s, for every event", "hang up"},
		{"duplicate:2 delay:10s", "wait 10s before your app is called, deliver it 2 times at once, for every event", ""},
		{"rate:7% delay:1s", "wait 1s before your app is called, for 7% of the events", ""},
		{"rate:100% delay:1s", "wait 1s before your app is called, for every event", ""},
		{"delay:1s for body:\"two  spaces\nand lines\"", "wait 1s before your app is called, for body:\"two  spaces and lines\"", ""},
	}
	for _, tt := range tests {
		r, err := Parse(tt.text)
		if tt.description == "" {
			if err == nil {
				t.Errorf("%s was read: %s", tt.text, r.Description())
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if r.text != strings.TrimSpace(tt.text) || r.Description() != tt.description {
			t.Errorf("%s: %q", tt.text, r.Description())
		}
		if got := r.Warning(); (got == "") != (tt.warning == "") || !strings.Contains(got, tt.warning) {
			t.Errorf("%s: warning %q", tt.text, got)
		}
	}
}

func TestAnErrorPointsAtTheWrongWord(t *testing.T) {
	tests := []struct{ text, part, message, hint string }{
		{"", "", "the rule does nothing", "begin with status:429"},
		{"rate:30%", "", "the rule does nothing", "begin with status:429"},
		{"for type:A", "for", "the rule does nothing", "begin with status:429"},
		{"rate:30% for type:A", "for", "the rule does nothing", "begin with status:429"},

		// Values.
		{"status:42", "status:42", `status: "42" is not a status from 200 to 599`, "for example: status:429"},
		{"status:5xx|429 for type:A", "status:5xx|429", "is not a status", ""},
		{"status:429 rate:130%", "rate:130%", "is not a percentage above 0% and up to 100%", "for example: status:429 rate:30%"},
		{"status:429 rate:0%", "rate:0%", "is not a percentage above 0%", ""},
		{"status:429 rate:0.5", "rate:0.5", "is not a percentage above 0%", ""},
		{"status:429 rate:NaN%", "rate:NaN%", "is not a percentage above 0%", ""},
		{"status:429 rate:-1%", "rate:-1%", "is not a percentage above 0%", ""},
		{"status:429 times:-1", "times:-1", "is not a whole number from 1", "for example: status:503 times:5"},
		{"status:429 every:0", "every:0", "is not a whole number from 1", ""},
		{"delay:5s..1s", "delay:5s..1s", "5s is longer than 1s", ""},
		{"delay:0s", "delay:0s", "0s is not above zero", ""},
		{"delay:1s..-2s", "delay:1s..-2s", `"-2s" is not a duration`, ""},
		{"delay:1h", "delay:1h", "1h is longer than 10m", ""},
		{"delay:soon", "delay:soon", `"soon" is not a duration`, "for example: delay:1s..5s"},
		{"duplicate:1", "duplicate:1", "is not a whole number from 2 to 100", ""},
		{"drop:after", "drop:after", "is neither before nor middle", ""},
		{"signature:bad", "signature:bad", "is neither strip nor corrupt", ""},
		{"status:429 seed:x rate:3%", "seed:x", "is not a whole number above zero", ""},
		{"status:429 expires:-1m", "expires:-1m", `"-1m" is not a duration`, ""},
		{"status:429 expires:721h", "expires:721h", "721h is longer than 30d", ""},
		{"status:429 rate:", "rate:", "rate needs a value after a colon", "for example: status:429 rate:30%"},
		{"status:429 drop", "drop", "drop needs a value after a colon", "for example: drop:middle"},
		{"hang:5s", "hang:5s", "hang takes no value", "delay:5s"},

		// Effects that do not go together.
		{"status:429 status:500", "status:500", "status is there twice", "it is status:429 already"},
		{"status:429 rate:10% every:2", "every:2", "rate and every exclude each other", ""},
		{"every:2 status:429 rate:10%", "rate:10%", "rate and every exclude each other", ""},
		{"status:429 hang", "hang", "status and hang exclude each other", "make two rules"},
		{"status:429 duplicate:2", "duplicate:2", "status and duplicate exclude each other", ""},
		{"duplicate:2 hang", "hang", "hang and duplicate exclude each other", ""},
		{"hang drop:before", "drop:before", "hang and drop exclude each other", ""},
		{"delay:1s spacing:2s", "spacing:2s", "spacing belongs to duplicate", "add duplicate:2"},
		{"status:429 seed:3", "seed:3", "there is nothing random to seed", "add rate:30%"},

		// Misspelled effects.
		{"hnag for type:A", "hnag", `unknown effect "hnag"`, `did you mean "hang"?`},
		{"status:429 hnag", "hnag", `unknown effect "hnag"`, `did you mean "hang"?`},
		{"dealy:2s", "dealy", `unknown effect "dealy"`, `did you mean "delay"?`},
		{"sttaus:429 for type:A", "sttaus", `unknown effect "sttaus"`, `did you mean "status"?`},
		{"status:429 delayafter:3s", "delayafter", "unknown effect", `did you mean "delay-after"?`},
		{"sig:strip", "sig", "unknown effect", `did you mean "signature"?`},
		{"status:429 xyzzy:1", "xyzzy", `unknown effect "xyzzy"`, "the effects are status, delay, "},
		{"status:429 for:type:A for", "for:type:A", `"for:" is now "expires:"`, ""},

		// The filter's own errors, with their places in the rule.
		{"status:429 for", "for", `there is no filter after "for"`, "such as type:ContactCreate"},
		{"delay:2s for  10m ", "10m", "10m is a duration and not a filter", `write expires:10m to end the rule, or "10m" in quotes`},
		{"status:429 for (type:A", "(", "this parenthesis is not closed", `add a ")"`},
		{"status:429 for verdict:vlid", "vlid", `unknown verdict "vlid"`, `did you mean "valid"?`},
		{"status:429 for type:", "type:", `"type:" needs a value`, ""},
		{"delay:1s for .a == |", "", "jq", ""},
		{"status:429 for type:A or", "or", `"or" needs a term on both sides`, ""},
		{"status:429 for é type:A)", ")", "has no counterpart", ""},
		{"hang for " + strings.Repeat("x", 5000), "", "a filter is at most 4096 bytes long", ""},

		// What is not known before the app is called.
		{"hang for state:failed", "state", `"state:" is not known when an event is received`, "select by type"},
		{"hang for status:500", "status", `"status:" is not known`, ""},
		{"hang for !(type:A or dur:>1s)", "dur", `"dur:" is not known`, ""},
		{"hang for is:duplicate|Slow", "Slow", `"is:slow" is not known`, ""},

		{"type:\xff status:429", "\xff", "the text is not UTF-8", ""},
		{"hang " + strings.Repeat("x", maxText), "xxxxx", "at most 8 KiB", ""},
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

func TestARuleOfAnEarlierVersionIsShownAsItIsWrittenNow(t *testing.T) {
	tests := []struct{ text, part, message, hint string }{
		{"type:ContactCreate rate:30% status:429", "type:ContactCreate", `"type:ContactCreate" is not an effect; a filter comes after "for"`,
			"write it as: rate:30% status:429 for type:ContactCreate"},
		{"delay:2s..5s for:10m", "for:10m", `"for:" is now "expires:"`, "write it as: delay:2s..5s expires:10m"},
		{"type:A delay:2s FOR:10m  is:duplicate", "type:A", "", "write it as: delay:2s expires:10m for type:A  is:duplicate"},
		{"status:503 .data.score > 3", ".data.score", "", "write it as: status:503 for .data.score > 3"},
		{`(type:A or type:B) status:503 body:"please  hang on"`, "(type:A", "", `write it as: status:503 for (type:A or type:B) body:"please  hang on"`},
		{"status:429 jane@example.com", "jane@example.com", "", "write it as: status:429 for jane@example.com"},
		{"type:ContactCreate", "type:ContactCreate", `a filter comes after "for"`, "for example: status:429 for type:ContactCreate"},
		{"type:A hang drop:before", "type:A", `a filter comes after "for"`, "for example: status:429 for type:ContactCreate"},
		{"type:A status:429 for type:B", "type:A", `a filter comes after "for"`, "for example: status:429 for type:ContactCreate"},
		{`status:503 with:'{"error":"down"}'`, `with:'{"error":"down"}'`, `"with:" is no longer an effect`, "the platform does not read"},
		{"status:429 retry-after:7 for type:A", "retry-after:7", `"retry-after:" is no longer an effect`, "the platform ignores"},
	}
	for _, tt := range tests {
		_, err := Parse(tt.text)
		var bad *RuleError
		if !errors.As(err, &bad) {
			t.Errorf("%s: error %v", tt.text, err)
			continue
		}
		part := tt.text[bad.Offset : bad.Offset+bad.Length]
		if part != tt.part || !strings.Contains(bad.Message, tt.message) || !strings.Contains(bad.Hint, tt.hint) {
			t.Errorf("%s: %q at %q, hint %q", tt.text, bad.Message, part, bad.Hint)
		}
		if rule, ok := strings.CutPrefix(bad.Hint, "write it as: "); ok {
			if _, err := Parse(rule); err != nil {
				t.Errorf("the hint of %s is no rule: %v", tt.text, err)
			}
		}
	}
}

// In whatever order the effects stand, they say the same, and the filter is
// what package filter makes of the text after "for".
func TestEffectsMayStandInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		own := rapid.SampledFrom([][]string{
			{"status:429", "rate:30%", "seed:3"},
			{"status:500", "times:2"},
			{"delay:1s..2s", "drop:before", "every:2"},
			{"hang", "expires:1m"},
		}).Draw(t, "effects")
		selection := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{
			"type:Contact*", "(type:A or is:duplicate)", `"hang (status:500"`, `!body:"a b"`, "not verdict:valid", `jq:(.a == ")")`, "text", "for", "(.b | not)", `header:x="y z"`,
		}), 1, 4).Draw(t, "terms"), " ")
		want, err := Parse(strings.Join(own, " ") + " for " + selection)
		if err != nil {
			t.Fatal(err)
		}
		if f, err := filter.Parse(selection); err != nil || f.String() != want.filter.String() {
			t.Fatalf("the filter of %s is %q, %v", want.text, want.filter, err)
		}
		space := rapid.SampledFrom([]string{" ", "  ", "\t", "\u2003"}).Draw(t, "space")
		got, err := Parse(strings.Join(append(rapid.Permutation(own).Draw(t, "order"), "for", selection), space))
		if err != nil {
			t.Fatal(err)
		}
		if got.Description() != want.Description() || got.filter.String() != want.filter.String() {
			t.Fatalf("%s: %s, want %s", got.text, got.Description(), want.Description())
		}
	})
}

func TestAFileHasOneRuleALine(t *testing.T) {
	rules, err := ParseFile("\ufeff# two of them\n\nstatus:429 times:2\r\n  delay:1s for type:A  \n")
	if err != nil || len(rules) != 2 || rules[1].text != "delay:1s for type:A" {
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
		if _, err := ParseFile(text); !errors.As(err, &bad) || bad.Message != "the file has no rule" {
			t.Errorf("a file without a rule: %v", err)
		}
	}
}

func TestEveryEffectHasAnExampleThatWorks(t *testing.T) {
	for i, e := range Effects() {
		r, err := Parse(e.Example)
		if err != nil || !strings.Contains(e.Example, effects[i].name) {
			t.Errorf("%s: %v", e.Example, err)
		}
		if again, err := Parse(r.text + " for type:A"); err != nil || !strings.HasSuffix(again.Description(), "type:A") {
			t.Errorf("%s with a filter: %v", e.Example, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`status:429 rate:30% for type:A`, `status:200 with:'a' type:B`, `delay:1s..2s for (a or b) .x`, `hang jq:"a"`, `drop:before for ) (`, "\xff:\xff",
		`type:A status:200 body:"hang on" for:5m`, "delay:1s for\u00a0is:altered|slow", `for for for`, `spacing:1s duplicate:2 retry-after:'1`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		var bad *RuleError
		switch {
		case err == nil:
			if r.Description() == "" || !strings.Contains(text, r.text) {
				t.Errorf("%q: %q, text %q", text, r.Description(), r.text)
			}
			if again, err := Parse(r.text); err != nil || again.Description() != r.Description() {
				t.Errorf("%q read again: %v", r.text, err)
			}
		case !errors.As(err, &bad):
			t.Errorf("%q: %v is not a RuleError", text, err)
		case bad.Offset < 0 || bad.Length < 0 || bad.Offset+bad.Length > len(text):
			t.Errorf("%q: wrong from %d, %d bytes", text, bad.Offset, bad.Length)
		case err.Error() == "" || bad.Message == "" || !utf8.ValidString(bad.Message):
			t.Errorf("%q: message %q", text, bad.Message)
		}
	})
}
