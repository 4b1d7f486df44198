package taskee

import (
	"testing"
)

func TestACountryIsTwoCapitalLettersThatAreAssigned(t *testing.T) {
	n := 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if IsCountry(string([]rune{a, b})) {
				n++
			}
		}
	}
	if n != 249 {
		t.Errorf("there are %d, want the 249 of ISO 3166-1", n)
	}
	for code, want := range map[string]bool{
		"US": true, "GB": true, "DE": true, "AD": true, "ZW": true,
		"UK": false, "EU": false, "XX": false, "us": false, "USA": false, "": false, "D": false, "S ": false, " A": false, "D E": false,
	} {
		if IsCountry(code) != want {
			t.Errorf("%q is a country: %v, want %v", code, !want, want)
		}
	}
}
