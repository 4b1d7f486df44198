package inspector

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
)

func TestTheSearchFindsWhileItIsTyped(t *testing.T) {
	f := some()
	f.events[9].Body = []byte(`{"a":"one","b":["Two","TWO two"],"c":"two"}`)
	d := drive(t, f, 80, 40, Options{})
	d.press("enter", "/")
	d.typed("two")
	d.sees("find two")
	d.sees("/two 1 of 4")
	d.press("enter")
	if !strings.Contains(d.m.View().Content, "\x1b[7mTwo\x1b[") {
		t.Errorf("the match is not marked:\n%q", d.m.View().Content)
	}
	d.sees("b[0]")
	d.press("n", "n", "n")
	d.sees("/two 4 of 4")
	d.sees(" c  ")
	d.press("n")
	d.sees("/two 1 of 4")
	d.press("N")
	d.sees("/two 4 of 4")
	d.press("esc") // ends the search first
	d.misses("/two")
	d.sees("[Payload]")
	d.press("esc")
	if d.m.place != inList {
		t.Errorf("in place %v", d.m.place)
	}
}

func TestTheSearchGoesOnInTheNextTab(t *testing.T) {
	d := drive(t, story(), 80, 24, Options{})
	d.press("enter", "/")
	d.typed("jane")
	d.press("enter")
	d.sees("/jane 1 of 1")
	d.press("2")
	d.sees("/jane not found")
	d.press("5")
	d.sees("/jane 1 of 1")
	d.press("v")
	d.sees("/jane 1 of 1")
}

func TestTheSearchUnfoldsWhatHidesAMatch(t *testing.T) {
	d := drive(t, story(), 80, 24, Options{})
	d.press("enter", "Z")
	d.misses("jane@")
	d.press("/")
	d.typed("jane")
	d.press("enter")
	d.sees("jane@")
	d.sees("contact.email")
	d.sees("4 items") // the rest stays folded
}

func TestEscForgetsTheSearchThatIsBeingTyped(t *testing.T) {
	d := drive(t, story(), 80, 24, Options{})
	d.press("enter", "/")
	d.typed("jane")
	d.press("esc")
	d.misses("/jane")
	d.sees("[Payload]")
	d.press("n")
	d.sees("[Payload]")
}

func TestTheSearchTakesPastedTextSafely(t *testing.T) {
	d := drive(t, story(), 80, 24, Options{})
	d.press("enter", "/")
	d.send(tea.PasteMsg{Content: "ja\x1b[31mne\n"})
	d.fits()
	d.harmless()
}

func TestFindKeepsEveryByteInPlace(t *testing.T) {
	tests := []struct {
		name, text, find string
		want             []match
	}{
		{"any case", "İaB ab", "AB", []match{{0, 2, 4}, {0, 5, 7}}},
		{"no overlap", "aaaa", "aa", []match{{0, 0, 2}, {0, 2, 4}}},
		{"other letters as they are", "Éé", "é", []match{{0, 2, 4}}},
		{"longer than the text", "a", "aa", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &page{entries: []entry{{text: tt.text}}}
			got, more := p.find(t.Context(), tt.find)
			if more || len(got) != len(tt.want) {
				t.Fatalf("got %v, more %v; want %v", got, more, tt.want)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("got %v, want %v", got, tt.want)
				}
			}
		})
	}
}

func TestASearchIsBounded(t *testing.T) {
	p := &page{entries: []entry{{text: strings.Repeat("x", 3*maxMatches)}}}
	if got, more := p.find(t.Context(), "x"); len(got) != maxMatches || !more {
		t.Errorf("%d matches, more %v", len(got), more)
	}
	p = &page{dump: []byte(strings.Repeat("x", 3*maxMatches)), perRow: 16}
	if got, more := p.find(t.Context(), "x"); len(got) != maxMatches || !more {
		t.Errorf("%d matches in a dump, more %v", len(got), more)
	}
}

func TestAMatchIsMarkedOverTheEndOfALine(t *testing.T) {
	f := some()
	f.events[9].Body = []byte(strings.Repeat("x", 75) + "needle")
	d := drive(t, f, 80, 24, Options{})
	d.press("enter", "5", "/")
	d.typed("needle")
	d.press("enter")
	v := d.m.View().Content
	if !strings.Contains(v, "\x1b[7mnee\x1b[") || !strings.Contains(v, "\x1b[7mdle\x1b[") {
		t.Errorf("not marked on both lines: %q", v)
	}
}

func TestWrappingCanBeTurnedOff(t *testing.T) {
	f := some()
	f.events[9].Body = []byte(`{"a":"` + strings.Repeat("0123456789", 30) + `end"}`)
	d := drive(t, f, 80, 24, Options{})
	d.press("enter")
	d.sees(`end"`)
	d.press("w")
	d.misses(`end"`)
	for range 40 {
		d.press("right")
		d.fits()
	}
	d.sees(`end"`)
	for range 50 {
		d.press("left")
	}
	d.sees(`"a"`)
	d.press("w")
	d.sees(`end"`)
	d.press("left") // wrapped, it goes back
	if d.m.place != inList {
		t.Errorf("in place %v", d.m.place)
	}
}
