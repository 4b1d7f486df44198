package inspector

import (
	"strings"

	"charm.land/lipgloss/v2"
)

// A paint is what a style writes before and after a text. Styles are resolved
// once: a frame has some hundred styled cells.
type paint struct{ before, after string }

func (p paint) on(s string) string {
	if p.before == "" || s == "" {
		return s
	}
	return p.before + s + p.after
}

func newPaint(s lipgloss.Style) paint {
	const hole = "x"
	before, after, _ := strings.Cut(s.Inline(true).Render(hole), hole)
	return paint{before, after}
}

// styles are all looks of the screen. Colour only repeats what a sign or a
// word says.
type styles struct {
	moods [moodDim + 1]paint

	title    paint // names and headings
	accent   paint // what a person looks for: URLs, keys
	selected paint // the row that keys act on
	faded    paint // the same while the keys act elsewhere
	rule     paint
	tab      paint
	tabOn    paint

	jsonKey, jsonString, jsonNumber, jsonWord, jsonPunct paint

	mark, markNow paint // what the search found, and the one it is at
}

func newStyles(dark, noColor bool) styles {
	plain := lipgloss.NewStyle()
	pick := lipgloss.LightDark(dark)
	fg := func(light, darkOne string) lipgloss.Style {
		if noColor {
			return plain
		}
		return plain.Foreground(pick(lipgloss.Color(light), lipgloss.Color(darkOne)))
	}
	bg := func(s lipgloss.Style, light, darkOne string) lipgloss.Style {
		if noColor {
			return s
		}
		return s.Background(pick(lipgloss.Color(light), lipgloss.Color(darkOne)))
	}
	s := styles{
		title:    newPaint(plain.Bold(true)),
		accent:   newPaint(fg("#4A3FCF", "#A5A0FF")),
		selected: newPaint(bg(plain.Bold(true), "#DDDCFA", "#3A3768")),
		faded:    newPaint(bg(plain, "#EDEDED", "#303030")),
		rule:     newPaint(fg("#C8C8C8", "#4A4A4A")),
		tab:      newPaint(fg("#6B6B6B", "#9A9A9A")),
		tabOn:    newPaint(fg("#4A3FCF", "#A5A0FF").Bold(true).Underline(true)),

		jsonKey:    newPaint(fg("#4A3FCF", "#A5A0FF")),
		jsonString: newPaint(fg("#0B6E4F", "#8FD6A8")),
		jsonNumber: newPaint(fg("#9A5B00", "#E5B567")),
		jsonWord:   newPaint(fg("#A0268C", "#E58CD0")),
		jsonPunct:  newPaint(fg("#8A8A8A", "#7A7A7A")),

		mark:    newPaint(plain.Underline(true).Bold(true)),
		markNow: newPaint(plain.Reverse(true)),
	}
	s.moods[moodGood] = newPaint(fg("#0B7A45", "#5FD38D"))
	s.moods[moodWarn] = newPaint(fg("#9A5B00", "#E8B44C"))
	s.moods[moodBad] = newPaint(fg("#B3261E", "#FF7B72"))
	s.moods[moodDim] = newPaint(fg("#6B6B6B", "#9A9A9A"))
	return s
}

func (s *styles) mood(m mood, text string) string { return s.moods[m].on(text) }
