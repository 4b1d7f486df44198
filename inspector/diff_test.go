package inspector

import (
	"strings"
	"testing"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// compared is the Diff tab for two bodies.
func compared(t testing.TB, one, two string, other bool, width int) string {
	t.Helper()
	b := &pageBuilder{ctx: t.Context(), page: &page{spec: pageSpec{tab: tabDiff, width: width, other: other}}}
	b.compare(side{body: []byte(one)}, side{body: []byte(two)})
	return b.page.text()
}

func TestDiffByPath(t *testing.T) {
	tests := []struct{ name, one, two, want string }{
		{"equal", `{"a":1}`, `{"a":1}`, "✓ no difference: all 7 B are the same\n"},
		{"changed", `{"a":{"b":[1,2]}}`, `{"a":{"b":[1,3]}}`, "~ a.b[1]: 2 → 3\n"},
		{"spelled otherwise", `{"a":1.0}`, `{"a":1}`, "~ a: 1.0 → 1\n"},
		{"added and removed", `{"a":1,"b":2}`, `{"a":1,"c":[{}]}`, "+ c[0]: {}\n- b: 2\n"},
		{"other type", `{"a":[1]}`, `{"a":{"b":1}}`, "+ a.b: 1\n- a[0]: 1\n"},
		{"emptied", `{"a":[1]}`, `{"a":[]}`, "+ a: []\n- a[0]: 1\n"},
		{"odd keys", `{"x y":1,"x.y":1}`, `{"x y":2,"x.y":2}`, "~ [\"x y\"]: 1 → 2\n~ [\"x.y\"]: 1 → 2\n"},
		{"equal keys", `{"a":1,"a":2}`, `{"a":3}`, "~ a: 2 → 3\n"},
		{"scalars", `1`, `2`, "~ (root): 1 → 2\n"},
		{"only white space", `{"a": 1}`, `{"a":1}`, "Only the spelling differs, from byte 5 on:\nbefore\n 1}\n^\nafter\n1}\n\n"},
		{"order of keys", `{"a":1,"b":2}`, `{"b":2,"a":1}`, "Only the spelling differs, from byte 2 on:\nbefore\na\":1,\"b\":2}\n^    ^^^^^^^^^\nafter\nb\":2,\"a\":1}\n"},
		{
			"long values show what differs", `{"a":"` + strings.Repeat("x", 5000) + `1"}`, `{"a":"` + strings.Repeat("x", 5000) + `2"}`,
			"~ a\n- …" + strings.Repeat("x", 40) + "1\"\n+ …" + strings.Repeat("x", 40) + "2\"\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := compared(t, tt.one, tt.two, false, 60)
			if tt.name == "order of keys" { // the signs are a matter of taste
				got, tt.want = got[:60], tt.want[:60]
			}
			if got != tt.want {
				t.Errorf("got\n%q\nwant\n%q", got, tt.want)
			}
		})
	}
}

func TestDiffUnified(t *testing.T) {
	tests := []struct{ name, one, two, want string }{
		{"json", `{"a":1,"b":2,"c":3}`, `{"a":1,"b":5,"c":3}`, "@@ -1,5 +1,5 @@\n  {\n    \"a\": 1,\n-   \"b\": 2,\n+   \"b\": 5,\n    \"c\": 3\n  }\n"},
		{"text", "a\nb\n", "a\nc\n", "@@ -1,2 +1,2 @@\n  a\n- b\n+ c\n"},
		{"from nothing", "", "x", "@@ -0,0 +1,1 @@\n+ x\n"},
		{
			"long lines show what differs", strings.Repeat("y", 9000) + "1", strings.Repeat("y", 9000) + "2",
			"@@ -1,1 +1,1 @@\n- …" + strings.Repeat("y", 40) + "1\n+ …" + strings.Repeat("y", 40) + "2\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := compared(t, tt.one, tt.two, true, 60); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestWhatIsNotJSONIsComparedLineByLine(t *testing.T) {
	if got := compared(t, `{"a":1}`, "oops", false, 60); !strings.Contains(got, "@@") || !strings.Contains(got, "+ oops") {
		t.Errorf("got\n%s", got)
	}
}

func TestDiffsOfHostileBodiesAreBounded(t *testing.T) {
	keys := string(manyKeys(100_000))
	bodies := map[string][2]string{
		"nothing in common": {keys, strings.ReplaceAll(keys, "key", "other")},
		"all changed":       {keys, strings.ReplaceAll(keys, ":", ":1")},
		"deep":              {strings.Repeat("[", 9000) + "1" + strings.Repeat("]", 9000), strings.Repeat("[", 9000) + "2" + strings.Repeat("]", 9000)},
		"deep objects":      {strings.Repeat(`{"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":`, 9000) + "1" + strings.Repeat("}", 9000), "1"},
		"one line":          {strings.Repeat("x", 5<<20), strings.Repeat("x", 5<<20) + "y"},
		"other lines":       {strings.Repeat("x", 5<<20), strings.Repeat("y", 5<<20)},
	}
	for name, pair := range bodies {
		for _, other := range []bool{false, true} {
			got := compared(t, pair[0], pair[1], other, 60)
			if len(got) > 16<<20 || got == "" {
				t.Errorf("%s: %d bytes", name, len(got))
			}
		}
	}
}

func TestTheComparisonsOfAnEvent(t *testing.T) {
	d := drive(t, story(), 120, 40, Options{})
	d.press("enter", "6")
	d.sees("1/4 previous OpportunityStatusUpdate, #3 → #11")
	d.press("]")
	d.sees("2/4 previous send, #3 → #11")
	d.press("]")
	d.sees("3/4 #11 → what resend 1 sent")
	d.sees("+ contact.phone: \"+1\"")
	d.sees("+ X-Wh-Signature: ZGV2")
	d.press("v")
	d.sees(`-     "email": "jane@example.com"`)
	d.press("v", "]")
	d.sees("4/4 answers: received")
	d.sees("~ retryAfter: 30 → null")
	d.press("]")
	d.sees("1/4")
	d.press("[")
	d.sees("4/4")
	d.press("esc", "down", "enter")
	d.sees("1/1 previous NoteCreate")
	d.sees("Nothing to compare.")
}

func TestAnEventWithoutATypeHasNothingToCompare(t *testing.T) {
	f := some()
	f.events[9].Type = ""
	d := drive(t, f, 80, 24, Options{})
	d.press("enter", "6")
	d.sees("nothing to compare")
}

// A page of the store may be empty before its search is over.
func TestTheEventBeforeIsLookedForThroughPartialPages(t *testing.T) {
	f := many(100)
	f.patience = 7
	for i := 1; i < 99; i++ {
		f.events[i].Type = "Other"
	}
	r := &reading{spec: pageSpec{id: 100, tab: tabDiff, width: 60}, summary: f.events[99], feed: f, now: noon, loc: time.UTC}
	p := r.page(t.Context())
	if p.err != nil || !strings.Contains(p.text(), "#1 → #100") {
		t.Errorf("%v\n%s", p.err, p.text())
	}
}

func TestTheSignatureTabSaysWhatChangedSince(t *testing.T) {
	f := story()
	f.diagnosis.Verdict = webhook.Verdict{Status: webhook.Invalid, Reason: "the key is no longer trusted"}
	d := drive(t, f, 120, 40, Options{})
	d.press("enter", "4")
	d.sees("✗ invalid")
	d.sees("When it came it was valid")
}

func TestRestringifyInWords(t *testing.T) {
	body := []byte(`{"a":1.50,"b":"x"}`)
	tests := []struct {
		name   string
		r      webhook.Restringify
		status webhook.VerdictStatus
		want   []string
	}{
		{"same and valid", webhook.Restringify{Same: true}, webhook.Valid, []string{"✓ the same text: the signature fits it, too"}},
		{"same and unsigned", webhook.Restringify{Same: true}, webhook.Unsigned, []string{"makes no difference"}},
		{"throws", webhook.Restringify{Error: "line 1, column 2: no"}, webhook.Valid, []string{"✗ JSON.parse would throw: line 1, column 2: no"}},
		{"a number", webhook.Restringify{Offset: 8, Was: `0,"b":"x"}`, Becomes: `,"b":"x"}`}, webhook.Valid, []string{
			"at byte 8:", "{\"a\":1.50,\"b\":\"x\"}\n        ^\n", "{\"a\":1.5,\"b\":\"x\"}\n",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := &pageBuilder{ctx: t.Context(), page: &page{spec: pageSpec{width: 40}}}
			b.restringify(tt.r, tt.status, body)
			for _, w := range tt.want {
				if !strings.Contains(b.page.text(), w) {
					t.Errorf("got\n%s\nwant %q", b.page.text(), w)
				}
			}
		})
	}
}

func TestTwoTextsStandSideBySideWhereThereIsRoom(t *testing.T) {
	b := &pageBuilder{ctx: t.Context(), page: &page{spec: pageSpec{width: 83}}}
	b.opposite([2]string{"as received", "abc日x"}, [2]string{"after", "abc本x"})
	want := "as received                              │ after\n" +
		"abc日x                                   │ abc本x\n" +
		"   ^^                                    │    ^^\n"
	if got := b.page.text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
