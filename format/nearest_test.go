package format

import (
	"strings"
	"testing"
)

func TestNearestName(t *testing.T) {
	names := []string{"status", "state", "type", "verdict", "retry-after", "maxRetries", "ContactCreate", "is", "hang"}
	tests := []struct{ name, want string }{
		{"stauts", "status"},
		{"STATSU", "status"},
		{"Tpye", "type"},
		{"dupe", "type"},
		{"vlid", ""},
		{"retry_after", "retry-after"},
		{"retryafter", "retry-after"},
		{"MaxRetries", "maxRetries"},
		{"retries", "maxRetries"},
		{"contact create", "ContactCreate"},
		{"Contakt.Creat", "ContactCreate"},
		{"verd", "verdict"}, // a beginning
		{"ve", ""},
		{"id", "is"},
		{"hnag", "hang"},
		{"i", "is"},
		{"x", ""},
		{"", ""},
		{"opportunity", ""},
		{strings.Repeat("status", 20), ""},
	}
	for _, tt := range tests {
		if got := Nearest(tt.name, names); got != tt.want {
			t.Errorf("Nearest(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestDistanceIsBounded compares the bounded distance with the plain one.
func TestDistanceIsBounded(t *testing.T) {
	words := []string{"", "a", "ab", "ba", "status", "stauts", "state", "tests", "ContactCreate", "Create"}
	for _, a := range words {
		for _, b := range words {
			full := distance([]rune(a), []rune(b), len(a)+len(b))
			for most := range 8 {
				if got, want := distance([]rune(a), []rune(b), most), min(full, most+1); got != want {
					t.Errorf("distance(%q, %q, %d) = %d, want %d", a, b, most, got, want)
				}
			}
		}
	}
}
