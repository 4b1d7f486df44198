package filter

import (
	"errors"
	"strings"
	"testing"
)

func TestAFilterForReceivedEventsAsksNothingLater(t *testing.T) {
	for _, f := range fields {
		if f.name == "is" {
			continue
		}
		_, err := ParseReceived(f.example)
		if (err != nil) != (f.known == afterwards) {
			t.Errorf("%s: %v", f.example, err)
		}
	}
	for _, tr := range traits {
		_, err := ParseReceived("type:A is:duplicate|" + tr.name)
		if (err != nil) != (tr.known == afterwards) {
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

func TestAFilterForArrivingEventsAsksNothingOfTheStore(t *testing.T) {
	for text, want := range map[string]string{
		"id:12": "id:", "#12": "", "is:duplicate": "is:duplicate", "is:pruned|altered": "is:altered", "state:failed": "state:",
	} {
		if _, err := ParseArriving(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{
		"type:A path:/hook header:x body:y location:l contact:c .a == 1", "verdict:valid key:dev scheme:rsa wh:1 method:POST source:tunnel size:>1k since:10m is:pruned", "jane",
	} {
		if _, err := ParseArriving(text); err != nil {
			t.Errorf("%s: %v", text, err)
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
