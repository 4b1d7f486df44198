package filter

import (
	"errors"
	"testing"
)

func TestAFilterForReceivedEventsAsksNothingLater(t *testing.T) {
	for _, f := range fields {
		if f.name == "is" {
			continue
		}
		_, err := ParseReceived(f.example)
		if (err != nil) != f.later {
			t.Errorf("%s: %v", f.example, err)
		}
	}
	for _, tr := range traits {
		_, err := ParseReceived("type:A is:duplicate|" + tr.name)
		if (err != nil) != tr.later {
			t.Errorf("is:%s: %v", tr.name, err)
		}
	}
	tests := []struct {
		text        string
		at          string
		selectsWhat string
	}{
		{"type:A !(STATE:failed or x)", "STATE", ""},
		{"is:duplicate|Slow", "Slow", ""},
		{"is:dupilcate", "dupilcate", ""}, // the ordinary error
		{"#12 .status == 3", "", "id:12 jq:(.status == 3)"},
		{"", "", ""},
	}
	for _, tt := range tests {
		f, err := ParseReceived(tt.text)
		if err == nil {
			if tt.at != "" || f.String() != tt.selectsWhat {
				t.Errorf("%q was read as %q", tt.text, f)
			}
			continue
		}
		var bad *SyntaxError
		if !errors.As(err, &bad) || tt.text[bad.Offset:bad.Offset+bad.Length] != tt.at {
			t.Errorf("%q: %+v", tt.text, bad)
		}
	}
}

func TestNamesOfFields(t *testing.T) {
	for name, want := range map[string]bool{"type": true, "TYPE": true, "jq": true, "text": false, "": false} {
		if IsField(name) != want {
			t.Errorf("IsField(%q) = %v", name, !want)
		}
	}
}
