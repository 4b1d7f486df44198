package filter

import "testing"

func TestAFilterShowsWhatPassedOnlyIfItAsksForIt(t *testing.T) {
	for text, want := range map[string]bool{
		"":                         false,
		"state:passed":             true,
		"state:failed|passed":      true,
		"verdict:skipped since:1h": true,
		"type:Contact* or (state:passed path:/oauth)": true,
		"is:marked":                     true,
		"id:12":                         true,
		"#12 or #14":                    true,
		"id:12|14":                      true,
		"id:12..40":                     false,
		"id:>=12":                       false,
		"!state:passed":                 false,
		"!(verdict:skipped or is:slow)": false,
		"!!verdict:skipped":             true,
		"path:/oauth":                   false,
		"verdict:unchecked":             false,
		"method:GET":                    false,
	} {
		f, err := Parse(text)
		if err != nil {
			t.Errorf("Parse(%q): %v", text, err)
			continue
		}
		if got := f.ShowsPassed(); got != want {
			t.Errorf("%q shows what passed: %v", text, got)
		}
	}
}
