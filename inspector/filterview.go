package inspector

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/taskhook/taskhook/format"
)

// filterLines draws the filter line, and below it what is wrong with the text
// or what can stand at the cursor.
func (m *model) filterLines() []string {
	f := &m.filter
	lines := []string{" " + f.input.View()}
	if f.wrong != nil {
		return append(lines, m.wrongLines()...)
	}
	return append(lines, m.offerLine())
}

// wrongLines points at the wrong part of the text and says what is wrong.
func (m *model) wrongLines() []string {
	f := &m.filter
	text, at := f.input.Value(), f.position()
	// The line scrolls: the cursor alone says where it stands.
	column := 1
	if c := f.input.Cursor(); c != nil {
		column += c.X
	}
	from := f.wrong.Offset
	if from >= at {
		column += ansi.StringWidth(text[at:from])
	} else {
		column -= ansi.StringWidth(text[from:at])
	}
	length := max(1, ansi.StringWidth(text[from:from+f.wrong.Length]))
	end := min(column+length, m.width-1)
	column = max(3, min(column, m.width-2))
	arrows := strings.Repeat("^", max(1, end-column))
	words := f.wrong.Message
	if f.wrong.Hint != "" {
		words += ": " + f.wrong.Hint
	}
	words = format.Clean(words)
	s := &m.styles
	w, room := ansi.StringWidth(words), m.width-1-column-len(arrows)-1
	switch {
	case w <= room:
		return []string{spaces(column) + s.mood(moodBad, arrows+" "+words)}
	case w <= column-3:
		return []string{spaces(column-w-1) + s.mood(moodBad, words+" "+arrows)}
	}
	lines := []string{spaces(column) + s.mood(moodBad, arrows)}
	return append(lines, indented(m.paragraph(moodBad, words, m.width-2, 2))...)
}

// offerLine shows what tab puts in, as much as there is room for.
func (m *model) offerLine() string {
	f, s := &m.filter, &m.styles
	if !m.list.loaded {
		return m.edges(paint{}, "", m.filterWords())
	}
	if len(f.offers) == 0 {
		return ""
	}
	room := m.width - 4
	from := 0
	if f.chosen > 0 { // the chosen one is seen
		from = max(0, f.chosen-2)
	}
	var b strings.Builder
	b.WriteString("   ")
	for i, o := range f.offers[from:] {
		text, w := cut(o.Text, 40)
		if i+from == f.chosen {
			text, w = "["+text+"]", w+2
			if o.Meaning != "" {
				meaning, n := cut(o.Meaning, max(0, room-w-2))
				text, w = text+" "+meaning, w+1+n
			}
		}
		if w+1 > room {
			b.WriteString(s.mood(moodDim, "…"))
			break
		}
		room -= w + 1
		if i+from == f.chosen {
			b.WriteString(s.accent.on(text) + " ")
		} else {
			b.WriteString(s.mood(moodDim, text) + " ")
		}
	}
	return strings.TrimRight(b.String(), " ")
}
