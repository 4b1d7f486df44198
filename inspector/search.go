package inspector

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/taskhook/taskhook/format"
)

// maxMatches bounds what a search keeps.
const maxMatches = 10_000

// match is where a page has the text that is searched for.
type match struct {
	entry    int // of a dump, the line
	from, to int // bytes of it
}

// search looks for a text in the page that is shown. ASCII letters count as
// the same in both cases.
type search struct {
	text    string
	page    *page // which the matches are of
	matches []match
	more    bool // there are more than these
	at      int  // which match the person is at
	running bool
	jump    bool // the next result moves the page to its first match
}

// foundMsg brings matches.
type foundMsg struct {
	text    string
	page    *page
	matches []match
	more    bool
}

// set looks for another text.
func (s *search) set(text string) {
	if text != s.text {
		*s = search{text: text, running: s.running, jump: true}
	}
}

// due reports whether a page has still to be searched.
func (s *search) due(p *page) bool {
	return s.text != "" && p != nil && p.err == nil && s.page != p && !s.running
}

// start searches a page in the background.
func (s *search) start(p *page, b *background) tea.Cmd {
	s.running = true
	text := s.text
	return b.do(func(ctx context.Context) tea.Msg {
		matches, more := p.find(ctx, text)
		return foundMsg{text, p, matches, more}
	})
}

// apply implements result.
//
//nolint:unparam // as the interface wants it
func (msg foundMsg) apply(m *model) tea.Cmd {
	d := &m.detail
	s := &d.search
	s.running = false
	v := &d.panes[d.tab]
	if msg.text != s.text || msg.page != v.page {
		return nil
	}
	s.page, s.matches, s.more = msg.page, msg.matches, msg.more
	s.at = min(s.at, max(0, len(s.matches)-1))
	if s.jump && len(s.matches) > 0 {
		// From what is on the screen on, and from the beginning again.
		from := v.entryAt(v.offset)
		s.at = 0
		for i, found := range s.matches {
			if found.entry >= from {
				s.at = i
				break
			}
		}
		v.reveal(s.matches[s.at].entry, s.matches[s.at].from, d.rowsHeight())
	}
	s.jump = false
	return nil
}

// next goes to another match.
func (d *detail) next(by int) {
	s, v := &d.search, &d.panes[d.tab]
	if n := len(s.matches); n > 0 && s.page == v.page {
		s.at = (s.at + by + n) % n
		v.reveal(s.matches[s.at].entry, s.matches[s.at].from, d.rowsHeight())
	}
}

// words says how the search stands.
func (s *search) words(p *page) string {
	switch {
	case s.text == "":
		return ""
	case s.page != p:
		return "/" + s.text + " …"
	case len(s.matches) == 0:
		return "/" + s.text + " not found"
	}
	text := "/" + s.text + " " + format.Count(s.at+1) + " of " + format.Count(len(s.matches))
	if s.more {
		text += " and more"
	}
	return text
}

// marks are the matches within the bytes of a row that are drawn, relative to
// the first of them.
func (s *search) marks(p *page, r visible, from, to int) []mark {
	if s.page != p || len(s.matches) == 0 {
		return nil
	}
	begin, end := r.from+from, r.from+to
	lo, hi := 0, len(s.matches)
	for lo < hi { // the first match that may reach into the row
		mid := (lo + hi) / 2
		if f := s.matches[mid]; f.entry < r.entry || f.entry == r.entry && f.to <= begin {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	var marks []mark
	for i := lo; i < len(s.matches) && s.matches[i].entry == r.entry && s.matches[i].from < end; i++ {
		f := s.matches[i]
		marks = append(marks, mark{max(0, f.from-begin), min(end, f.to) - begin, i == s.at})
	}
	return marks
}

// find returns the places of a text, in order, however JSON spells it.
func (p *page) find(ctx context.Context, text string) (found []match, more bool) {
	if p.dump != nil {
		return p.findBytes(text)
	}
	needles := spellings(text)
	for i := range p.entries {
		if i%lookUpEvery == 0 && ctx.Err() != nil {
			break
		}
		hay, from := lower(p.entries[i].text), len(found)
		for _, needle := range needles {
			found = appendMatches(found, i, hay, needle)
		}
		if len(needles) > 1 {
			slices.SortFunc(found[from:], func(a, b match) int { return a.from - b.from })
		}
		if len(found) > maxMatches {
			return found[:maxMatches], true
		}
	}
	return found, false
}

// appendMatches appends the places of a text in one entry, at most one more than
// are kept.
func appendMatches(found []match, entry int, hay, needle string) []match {
	for at := 0; len(found) <= maxMatches; {
		j := strings.Index(hay[at:], needle)
		if j < 0 {
			break
		}
		at += j
		found = append(found, match{entry, at, at + len(needle)})
		at += len(needle)
	}
	return found
}

// spellings are a text and the ways in which writers of JSON spell it, in lower
// case: with the escapes that must be, with ASCII alone, with slashes escaped.
func spellings(text string) []string {
	text = lower(text)
	all := []string{text}
	must := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text)
	ascii := must
	if !isASCII(must) {
		var b strings.Builder
		for _, r := range must {
			if r < utf8.RuneSelf {
				b.WriteRune(r)
				continue
			}
			for _, unit := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		}
		ascii = b.String()
	}
	for _, one := range []string{must, ascii, strings.ReplaceAll(must, "/", `\/`), strings.ReplaceAll(ascii, "/", `\/`)} {
		if !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// findBytes looks for a text in a dump. A match is marked on its first line.
func (p *page) findBytes(text string) (found []match, more bool) {
	needle, hay := []byte(lower(text)), bytes.Clone(p.dump)
	for i, c := range hay {
		if c >= 'A' && c <= 'Z' {
			hay[i] = c + 'a' - 'A'
		}
	}
	for at := 0; ; {
		j := bytes.Index(hay[at:], needle)
		if j < 0 {
			return found, false
		}
		if len(found) == maxMatches {
			return found, true
		}
		at += j
		column := dumpText(p.perRow) + at%p.perRow
		end := min(column+len(needle), dumpText(p.perRow)+p.perRow)
		found = append(found, match{at / p.perRow, column, end})
		at += len(needle)
	}
}

// lower puts ASCII letters into lower case; every byte stays where it is.
func lower(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if b[i] >= 'A' && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// searchLine is the dialog that a text is typed into. What it finds is shown
// while it is typed.
type searchLine struct {
	input textinput.Model
}

var (
	keyFound     = bind("enter", "keep", "enter")
	keyClearFind = bind("esc", "clear", "esc")
)

// askSearch opens the search line.
func (m *model) askSearch() {
	in := textinput.New()
	in.Prompt = "find "
	in.CharLimit = 200
	in.KeyMap.Paste.SetEnabled(false) // it would run programs; a terminal pastes by itself
	plain := lipgloss.NewStyle()
	state := textinput.StyleState{Text: plain, Placeholder: plain, Suggestion: plain, Prompt: plain}
	st := in.Styles()
	st.Focused, st.Blurred, st.Cursor.Blink, st.Cursor.Color = state, state, false, nil
	in.SetStyles(st)
	in.SetValue(m.detail.search.text)
	in.CursorEnd()
	in.Focus()
	m.ask(&searchLine{in})
}

func (l *searchLine) press(m *model, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch {
	case key.Matches(msg, keyFound):
		return nil, true
	case key.Matches(msg, keyClearFind):
		m.detail.search.set("")
		return nil, true
	}
	return l.take(m, msg), false
}

// take hands the line a key or pasted text; it leaves out what is not text.
func (l *searchLine) take(m *model, msg tea.Msg) tea.Cmd {
	var cmd tea.Cmd
	l.input, cmd = l.input.Update(msg)
	m.detail.search.set(l.input.Value())
	return cmd
}

func (l *searchLine) lines(_ *model, width, _ int) []string {
	l.input.SetWidth(max(1, width-len(l.input.Prompt)-2))
	return []string{l.input.View()}
}

func (l *searchLine) keys() []key.Binding { return []key.Binding{keyFound, keyClearFind} }
