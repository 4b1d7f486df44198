package fault

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
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
		{`status:503 jq:(.a == 1) answer:none`, `answer 503 without calling your app, for jq:(.a == 1) answer:none`, "503 is final"},
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
	tests := []struct{ text, part, message string }{
		{"", "", "the rule does nothing"},
		{"type:ContactCreate", "", "the rule does nothing"},
		{"rate:30%", "", "the rule does nothing"},
		{".n == 3 status:429", ".n == 3 status:429", "the rule does nothing before its jq expression"},
		{"type:A status:429 status:500", "status:500", "status stands twice"},
		{"status:42", "status:42", `status: "42" is no status from 200 to 599`},
		{"status:429 rate:130%", "rate:130%", "no share above 0% and up to 100%"},
		{"status:429 rate:0", "rate:0", "no share above 0%"},
		{"status:429 rate:NaN", "rate:NaN", "no share above 0%"},
		{"status:429 times:-1", "times:-1", "no whole number from 1"},
		{"status:429 every:0", "every:0", "no whole number from 1"},
		{"status:429 rate:10% every:2", "every:2", "rate and every do not go together"},
		{"status:429 hang", "hang", "status and hang do not go together"},
		{"hang drop:before", "drop:before", "hang and drop do not go together"},
		{"hang with:x", "with:x", "with belongs to status"},
		{"delay:1s spacing:2s", "spacing:2s", "spacing belongs to duplicate"},
		{"delay:5s..1s", "delay:5s..1s", "5s is more than 1s"},
		{"delay:0s", "delay:0s", "0s must be more than zero"},
		{"delay:1h", "delay:1h", "1h is more than 10m0s"},
		{"delay:soon", "delay:soon", `"soon" is no duration`},
		{"duplicate:1", "duplicate:1", "no whole number from 2 to 100"},
		{"drop:after", "drop:after", "neither before nor middle"},
		{"signature:bad", "signature:bad", "neither strip nor corrupt"},
		{"status:429 seed:3", "seed:3", "seed has nothing to draw"},
		{"status:429 seed:x rate:3%", "seed:x", "no whole number above zero"},
		{"status:429 for:-1m", "for:-1m", "no duration above zero"},
		{"status:429 retry-after:" + strings.Repeat("1", 50), "retry-after:" + strings.Repeat("1", 50), "no value of a header"},
		{"status:429 stat:lost", "stat", "stat"},
		{"status:429 (type:A", "", ""},
		{strings.Repeat("x", maxText+1), "", "at most 64 KiB"},
	}
	for _, tt := range tests {
		_, err := Parse(tt.text)
		var bad *RuleError
		if !errors.As(err, &bad) {
			t.Errorf("%.40s: error %v", tt.text, err)
			continue
		}
		part := tt.text[bad.Offset : bad.Offset+bad.Length]
		if !strings.Contains(bad.Message, tt.message) || tt.part != "" && !strings.HasPrefix(part, tt.part) {
			t.Errorf("%.40s: %q at %q", tt.text, bad.Message, part)
		}
	}
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
	if _, err := ParseFile("# nothing\n"); err == nil {
		t.Error("a file without a rule was taken")
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
		case bad.Message == "" || !utf8.ValidString(bad.Message):
			t.Errorf("%q: message %q", text, bad.Message)
		}
	})
}
