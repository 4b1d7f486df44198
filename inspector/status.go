package inspector

import (
	"fmt"

	"github.com/taskhook/taskhook/format"
)

// statusLine says what the list shows and what it does not.
func (m *model) statusLine() string {
	l := &m.list
	left := m.scopeWords()
	right := piece{"live", moodDim}
	switch n := l.news(); {
	case len(l.rows) == 0:
		right = piece{}
	case l.jump:
		right = piece{"going to the oldest …", moodDim}
	case !l.byTime():
		right = piece{"slowest first", moodDim}
	case l.follow:
	case n >= newsMost && l.narrowed():
		right = piece{"↑ over " + format.Count(newsMost-1) + " new", moodWarn}
	case n > 0:
		right = piece{"↑ " + format.Count(n) + " new", moodWarn}
	default:
		right = piece{"paused", moodDim}
	}
	if len(l.rows) == 0 && left.text == "" {
		return ""
	}
	return m.edges(m.styles.moods[left.mood], " "+left.text, right)
}

// scopeWords says which events the list shows, and how far the filter has read.
func (m *model) scopeWords() piece {
	l := &m.list
	what := ""
	switch {
	case l.marked && l.text != "":
		what = "marked /" + l.text
	case l.marked:
		what = "the marked"
	case l.text != "":
		what = "/" + l.text
	}
	switch {
	case what == "":
		return piece{}
	case !l.loaded:
		return piece{m.filterWords().text + " " + what, moodWarn}
	}
	if missing := l.leftOut.words(); missing != "" {
		return piece{missing + " · only " + what, moodWarn} // a filter may be long
	}
	return piece{"only " + what, moodWarn}
}

// filterWords says how far the filter has read.
func (m *model) filterWords() piece {
	if done := m.list.scanned; done > 0 {
		return piece{fmt.Sprintf("filtering… %d%%", int(100*done)), moodWarn}
	}
	return piece{"filtering…", moodWarn}
}
