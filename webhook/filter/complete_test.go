package filter

import (
	"slices"
	"strings"
	"testing"
)

// complete returns the texts that the completions at "‸" make of a text.
func complete(text string) []string {
	cursor := strings.Index(text, "‸")
	text = strings.Replace(text, "‸", "", 1)
	var all []string
	for _, c := range Complete(text, cursor, []string{"ContactCreate", "ContactDelete", "Odd Type"}) {
		all = append(all, text[:c.Start]+c.Text+text[c.End:])
	}
	return all
}

func TestCompletion(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"sta‸", []string{"status:", "state:"}},
		{"jane !(STAT‸", []string{"jane !(status:", "jane !(state:"}},
		{"sta‸tus:5xx", []string{"status:5xx", "state:5xx"}},
		{"m‸ethod", []string{"method:"}},
		{"status:‸", []string{"status:2xx", "status:3xx", "status:4xx", "status:5xx", "status:429", "status:none"}},
		{"status:5xx|4‸", []string{"status:5xx|4xx", "status:5xx|429"}},
		{"status:4‸|5xx", []string{"status:4xx|5xx", "status:429|5xx"}},
		{"state:f‸ x", []string{"state:forwarding x", "state:failed x"}},
		{"!is:du‸", []string{"!is:duplicate"}},
		{"type:contactc‸", []string{"type:ContactCreate"}},
		{"type:o‸", []string{`type:"Odd Type"`}},
		{"verdict:un‸", []string{"verdict:unsigned", "verdict:unchecked"}},
		{`"a b" is:m‸`, []string{`"a b" is:marked`}},
		{"(.a == 1) is:m‸", []string{"(.a == 1) is:marked"}},
		{"jq:(.a) is:m‸", []string{"jq:(.a) is:marked"}},
		{`jq:".a" is:m‸`, []string{`jq:".a" is:marked`}},
		{"nowhere:‸", nil},
		{"state:pa‸", []string{"state:passed"}},
		{"source:i‸", nil},
		{"janet‸", nil},
		{`"sta‸`, nil},
		{`"sta‸"`, nil},
		{".sta‸", nil},
		{".a | sta‸", nil},
		{"(.a | sta‸)", nil},
		{"jq:(sta‸)", nil},
		{`jq:"sta‸"`, nil},
	}
	for _, tt := range tests {
		if got := complete(tt.text); !slices.Equal(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestAnEmptyPlaceOffersEveryField(t *testing.T) {
	for _, text := range []string{"‸", "jane ‸", "(‸", "!‸", "é ‸"} {
		if got := complete(text); len(got) != len(fields) {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestACursorOutsideTheTextOrWithinALetterIsTaken(t *testing.T) {
	for _, cursor := range []int{-1, 1, 2, 3, 99} {
		for _, c := range Complete("é", cursor, nil) {
			if c.Start < 0 || c.End < c.Start || c.End > len("é") {
				t.Errorf("cursor %d: %+v", cursor, c)
			}
		}
	}
}

func TestACompletedValueParses(t *testing.T) {
	for _, f := range fields {
		for _, c := range Complete(f.name+":", len(f.name)+1, []string{"A|B", `q"`, "*"}) {
			if _, err := Parse(f.name + ":" + c.Text); err != nil {
				t.Errorf("%s:%s: %v", f.name, c.Text, err)
			}
		}
	}
}

func TestTheReferenceIsTheLanguage(t *testing.T) {
	rows := Reference()
	for _, row := range append(rows, Traits()...) {
		if row.Syntax == "" || row.Meaning == "" {
			t.Errorf("%+v says nothing", row)
		}
		if _, err := Parse(row.Example); err != nil {
			t.Errorf("%s: %v", row.Example, err)
		}
	}
	for _, f := range fields {
		i := slices.IndexFunc(rows, func(r Term) bool { return strings.HasPrefix(r.Syntax, f.name+":") })
		if i < 0 {
			t.Errorf("%s: has no row", f.name)
			continue
		}
		if got := mustParse(t, rows[i].Example).String(); !strings.HasPrefix(got, f.name+":") {
			t.Errorf("the example of %s: is %s", f.name, got)
		}
	}
}

func TestTheExamplesOfTheReferenceMeanWhatTheySay(t *testing.T) {
	e := contact()
	for _, text := range []string{"jane@example.com", "type:Contact*|Task*", "header:content-type=json", "key:dev", "(status:5xx or is:slow) since:1h"} {
		if !slices.ContainsFunc(Reference(), func(r Term) bool { return r.Example == text }) {
			t.Errorf("%q is no example", text)
		}
		if !match(t, text, e) {
			t.Errorf("%q does not select the event", text)
		}
	}
}
