package inspector

import (
	"strings"
)

// look is how a line of the detail is painted.
type look uint8

const (
	lookPlain look = iota // of outside text, broken anywhere
	lookText              // of our own words, broken between them
	lookTitle
	lookDim
	lookGood
	lookWarn
	lookBad
	lookField // "Name: value"
	lookJSON
	lookJSONString // JSON that begins inside a string
)

// line is one visible line of the detail: clean text of known width at most,
// painted only when it is seen.
type line struct {
	text string
	look look
}

// maxLines bounds the lines of one tab; a hostile payload has millions.
const maxLines = 100_000

// lineBuilder wraps texts to lines of one width.
type lineBuilder struct {
	width int
	lines []line
}

func (b *lineBuilder) full() bool { return len(b.lines) >= maxLines }

func (b *lineBuilder) blank() { b.lines = append(b.lines, line{}) }

// add wraps one clean text.
func (b *lineBuilder) add(l look, text string) {
	words := l != lookPlain && l != lookField
	for _, piece := range wrap(text, b.width, max(1, maxLines-len(b.lines)), words) {
		b.lines = append(b.lines, line{piece, l})
		if l == lookField {
			l = lookPlain // the name stands on the first piece alone
		}
	}
}

// json wraps one line of JSON and keeps track of strings over its pieces.
func (b *lineBuilder) json(text string) {
	l := lookJSON
	for _, piece := range wrap(text, b.width, max(1, maxLines-len(b.lines)), false) {
		b.lines = append(b.lines, line{piece, l})
		if endsInString(piece, l == lookJSONString) {
			l = lookJSONString
		} else {
			l = lookJSON
		}
	}
}

// endsInString reports whether a string is open at the end of a piece of JSON.
func endsInString(s string, inside bool) bool {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && inside:
			i++
		case s[i] == '"':
			inside = !inside
		}
	}
	return inside
}

// paint colours one line.
func (s *styles) line(l line) string {
	switch l.look {
	case lookTitle:
		return s.title.on(l.text)
	case lookDim:
		return s.mood(moodDim, l.text)
	case lookGood:
		return s.mood(moodGood, l.text)
	case lookWarn:
		return s.mood(moodWarn, l.text)
	case lookBad:
		return s.mood(moodBad, l.text)
	case lookField:
		if name, value, ok := strings.Cut(l.text, ":"); ok {
			return s.accent.on(name+":") + value
		}
	case lookJSON:
		return s.json(l.text, false)
	case lookJSONString:
		return s.json(l.text, true)
	}
	return l.text
}
