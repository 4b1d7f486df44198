package filter

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// holds is what a needle does, written plainly: some part of the text equals
// it in any case.
func holds(text, needle string) bool {
	n := utf8.RuneCountInString(needle)
	for i := range text {
		part := text[i:]
		end, count := len(part), 0
		for j := range part {
			if count == n {
				end = j
				break
			}
			count++
		}
		part = part[:end]
		if utf8.ValidString(part) && strings.EqualFold(part, needle) {
			return true
		}
	}
	return false
}

func TestANeedleIsFoundInAnyCase(t *testing.T) {
	tests := []struct {
		needle, text string
		want         bool
	}{
		{"jane", `{"name":"JANE"}`, true},
		{"jane", "jan", false},
		{"jane", "xjaneX", true},
		{"jane", "jajane", true},
		{"jane", "", false},
		{"e", "xxE", true},
		{"zz", "zaZ", false},
		{"zz", "zaZZ", true},
		{"straße", "STRASSE", false},
		{"STRAẞE", "straße", true},
		{"zoë", "ZOË", true},
		{"ökonom", "xxÖKONOM", true},
		{"σας", "ΣΑΣ", true},
		{"k", "\u212A", true},
		{"os", "o\u017F", true},
		{"\u212Aelvin", "kelvin", true},
		{"日本", "在日本語", true},
		{"a\uFFFD", "a\xff", false},
		{"a\uFFFD", "a\uFFFD", true},
		{"\x00b", "a\x00B", true},
	}
	for _, tt := range tests {
		if got := newNeedle(tt.needle).match([]byte(tt.text)); got != tt.want {
			t.Errorf("%q in %q: %v", tt.needle, tt.text, got)
		}
		if got := holds(tt.text, tt.needle); got != tt.want {
			t.Errorf("by EqualFold, %q in %q: %v", tt.needle, tt.text, got)
		}
	}
}

func TestASearchDoesNotAllocate(t *testing.T) {
	hay := []byte(strings.Repeat("jan \u212A zo\u00eb ", 100))
	for _, s := range []string{"jane", "skane", "zoëx"} {
		n := newNeedle(s)
		if got := testing.AllocsPerRun(10, func() { n.match(hay) }); got != 0 {
			t.Errorf("%q: %v allocations", s, got)
		}
	}
}

func FuzzNeedle(f *testing.F) {
	f.Add("jane", "xJANE")
	f.Add("ks", "\u212A\u017F")
	f.Add("é", "É\xc3")
	f.Add("aab", "aaab")
	f.Fuzz(func(t *testing.T, needle, text string) {
		if needle == "" || !utf8.ValidString(needle) || len(text) > 1000 {
			t.Skip()
		}
		if got, want := newNeedle(needle).match([]byte(text)), holds(text, needle); got != want {
			t.Errorf("%q in %q: %v, want %v", needle, text, got, want)
		}
	})
}

func TestPatterns(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "a", false}, {"a", "", false},
		{"*", "", true}, {"*", "abc", true}, {"**", "a", true},
		{"?", "", false}, {"?", "ä", true}, {"?", "ab", false},
		{"a*b", "ab", true}, {"a*b", "aXbXB", true}, {"a*b", "abc", false},
		{"*ab", "aab", true}, {"a?c*", "ABCdef", true}, {"*a*b*", "xbxa", false},
		{"*É", "caF\u00e9", true},
		{"?", "\xff", true},
	}
	for _, tt := range tests {
		w, err := readWord(tt.pattern, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := newPattern(w).match(tt.text); got != tt.want {
			t.Errorf("%q on %q: %v", tt.pattern, tt.text, got)
		}
	}
}

func TestAPatternTakesNoExponentialTime(t *testing.T) {
	w, err := readWord(strings.Repeat("a*", 1000)+"b", 0)
	if err != nil {
		t.Fatal(err)
	}
	if newPattern(w).match(strings.Repeat("a", 10000)) { // would not end
		t.Error("it matches")
	}
}

func TestMomentsAreSeenFromThePresent(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zones: ", err)
	}
	// The clocks went back an hour at 03:00 on this day.
	now := time.Date(2026, 10, 25, 14, 5, 30, 0, berlin)
	tests := []struct {
		text string
		want time.Time
	}{
		{"10m", now.Add(-10 * time.Minute)},
		{"1d", now.Add(-24 * time.Hour)},
		{"1w1d1h", now.Add(-(8*24 + 1) * time.Hour)},
		{"1.5d", now.Add(-36 * time.Hour)},
		{"now", now},
		{"today", time.Date(2026, 10, 25, 0, 0, 0, 0, berlin)},
		{"Yesterday", time.Date(2026, 10, 24, 0, 0, 0, 0, berlin)},
		{"14:05", time.Date(2026, 10, 25, 14, 5, 0, 0, berlin)},
		{"14:05:30", now},
		{"14:06", time.Date(2026, 10, 24, 14, 6, 0, 0, berlin)},
		{"2026-10-01", time.Date(2026, 10, 1, 0, 0, 0, 0, berlin)},
		{"2026-11-25T10:00", time.Date(2026, 11, 25, 10, 0, 0, 0, berlin)},
		{"2026-11-25T10:00:05.5", time.Date(2026, 11, 25, 10, 0, 5, 5e8, berlin)},
		{"2026-11-25t10:00z", time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC)},
		{"2026-11-25T10:00:00-03:30", time.Date(2026, 11, 25, 13, 30, 0, 0, time.UTC)},
	}
	for _, tt := range tests {
		m, ok := parseMoment(tt.text)
		if !ok || !m(now).Equal(tt.want) {
			t.Errorf("%q: %v, %v, want %v", tt.text, m(now), ok, tt.want)
		}
	}
	for _, text := range []string{"", "-1h", "+1h", "1", "1x", "24:00", "2026-13-01", "2026-11-25T", "1d1w", "99999d"} {
		if m, ok := parseMoment(text); ok {
			t.Errorf("%q is taken for %v", text, m(now))
		}
	}
}

func TestSizesAndTheirUnits(t *testing.T) {
	tests := map[string]int64{
		"0": 0, "10": 10, "10b": 10, "1k": 1024, "1 k": 1024, "1kib": 1024, "1kb": 1000, "1.5m": 3 << 19, "2mb": 2e6, "1g": 1 << 30,
	}
	for s, want := range tests {
		if got, ok := size(s); !ok || got != (interval{want, want}) {
			t.Errorf("%q: %v, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "k", "-1", "1e3", "1.", ".5", "99999999999g", "0x10", "1_0"} {
		if got, ok := size(s); ok {
			t.Errorf("%q is taken for %v", s, got)
		}
	}
}
