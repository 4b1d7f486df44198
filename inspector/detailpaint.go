package inspector

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// mark is a part of a row that the search found.
type mark struct {
	from, to int
	now      bool // the one that n and N are at
}

// span is a part of a row that is painted alike; it ends at to.
type span struct {
	to    int
	paint paint
}

// row paints one line of a page.
func (s *styles) row(text string, l look, inString bool, marks []mark) string {
	var room [64]span
	spans := s.spans(room[:0], text, l, inString)
	if len(marks) == 0 && len(spans) == 1 {
		return spans[0].paint.on(text)
	}
	var b strings.Builder
	b.Grow(len(text) + 16*len(spans))
	at := 0
	for _, sp := range spans {
		for at < sp.to {
			to, p := sp.to, sp.paint
			for _, m := range marks {
				switch {
				case m.to <= at || m.from >= to:
				case m.from > at:
					to = m.from
				default:
					to = min(to, m.to)
					p = s.mark
					if m.now {
						p = s.markNow
					}
				}
			}
			b.WriteString(p.on(text[at:to]))
			at = to
		}
	}
	return b.String()
}

func (s *styles) spans(spans []span, text string, l look, inString bool) []span {
	p := paint{}
	switch l {
	case lookTitle:
		p = s.title
	case lookDim:
		p = s.moods[moodDim]
	case lookGood:
		p = s.moods[moodGood]
	case lookWarn:
		p = s.moods[moodWarn]
	case lookBad:
		p = s.moods[moodBad]
	case lookField:
		if i := strings.IndexByte(text, ':'); i >= 0 {
			return append(spans, span{i + 1, s.accent}, span{len(text), p})
		}
	case lookSigned:
		p = s.moods[signMood(text)]
	case lookJSON:
		return s.jsonSpans(spans, text, inString)
	}
	return append(spans, span{len(text), p})
}

// signMood is the mood of a line of a comparison. The sign is on its first
// piece alone, which is why it is also said in words where pieces are apart.
func signMood(text string) mood {
	switch {
	case strings.HasPrefix(text, "+"):
		return moodGood
	case strings.HasPrefix(text, "-"):
		return moodBad
	case strings.HasPrefix(text, "~"):
		return moodWarn
	}
	return moodPlain
}

// jsonSpans colours a piece of JSON as [jsonEntries] lays it out: a string that
// a colon follows is a key. Anything else at all is harmless.
func (s *styles) jsonSpans(spans []span, text string, inString bool) []span {
	for i := 0; i < len(text); {
		n, p := 1, paint{}
		switch c := text[i]; {
		case inString || c == '"':
			n = stringEnd(text[i:], inString)
			p = s.jsonString
			if strings.HasPrefix(text[i+n:], ":") {
				p = s.jsonKey
			}
			inString = false
		case c == ' ':
			for i+n < len(text) && text[i+n] == ' ' {
				n++
			}
		case strings.IndexByte("{}[],:", c) >= 0:
			p = s.jsonPunct
		default:
			if n = strings.IndexAny(text[i:], " {}[],:\""); n <= 0 {
				n = len(text) - i
			}
			p = s.jsonNumber
			if c >= 'a' && c <= 'z' {
				p = s.jsonWord
			}
		}
		i += n
		spans = append(spans, span{i, p})
	}
	return spans
}

// stringEnd returns the length of the JSON string at the beginning of text,
// whose opening quote is on an earlier line when inside.
func stringEnd(text string, inside bool) int {
	i := 1
	if inside {
		i = 0
	}
	for ; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// window cuts the cells from left on out of a text, at most width of them, and
// says which bytes these are.
func window(text string, left, width int) (from, to int) {
	if left > 0 {
		switch {
		case isASCII(text):
			from = min(left, len(text))
		case ansi.StringWidth(text) <= left:
			from = len(text)
		default:
			from = cellsEnd(text, left)
		}
	}
	rest := text[from:]
	if len(rest) <= width && isASCII(rest) {
		return from, len(text)
	}
	if width <= 0 || rest == "" {
		return from, from
	}
	to = from + cellsEnd(rest, width)
	// Marks without end may be stacked on one letter.
	if most := 32 * (width + 2); to-from > most {
		to = from + len(strings.TrimSuffix(clip(rest[:to-from], width), "…"))
	}
	if ansi.StringWidth(text[from:to]) > width {
		to = from
	}
	return from, to
}

// paneRow draws a visible row of a pane.
func (m *model) paneRow(v *pane, i, width int) string {
	s, r := &m.styles, v.page.row(v.row(i))
	gutter := ""
	if v.page.json {
		gutter = " "
		if i == v.cursor && m.detailHasKeys() {
			gutter = "▌"
		}
		width--
	}
	fold := ""
	if r.last {
		fold = v.foldText(r.entry)
	}
	fold, foldWidth := cut(fold, max(0, width-1))
	from, to := window(r.text, v.left, width-foldWidth)
	inString := r.inString
	if from > 0 && r.look == lookJSON {
		inString = endsInString(r.text[:from], inString)
	}
	marks := m.detail.search.marks(v.page, r, from, to)
	row := gutter + s.row(r.text[from:to], r.look, inString, marks)
	if fold != "" {
		row += s.mood(moodDim, fold)
	}
	return row
}

// detailHasKeys reports whether the keys act in the detail.
func (m *model) detailHasKeys() bool {
	return m.place == inDetail || m.place == inDialog && m.openedFrom == inDetail
}
