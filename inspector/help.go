package inspector

import (
	"slices"
	"strings"

	"charm.land/bubbles/v2/help"
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/taskhook/taskhook/webhook/filter"
)

// newHelp draws the bottom line from the bindings that act.
func newHelp() help.Model {
	h := help.New()
	h.ShortSeparator = "  "
	plain := lipgloss.NewStyle()
	h.Styles = help.Styles{
		Ellipsis: plain, ShortKey: plain, ShortDesc: plain, ShortSeparator: plain,
		FullKey: plain, FullDesc: plain, FullSeparator: plain,
	}
	return h
}

// helpLine is the bottom line.
func (m *model) helpLine() string {
	m.help.SetWidth(m.width - 2)
	// Where not even an ellipsis has room the help is wider than it was told.
	line := ansi.Truncate(m.help.ShortHelpView(m.shortKeys()), m.width-2, "…")
	return " " + m.styles.mood(moodDim, line)
}

// shortKeys are the keys of the bottom line where the person is.
func (m *model) shortKeys() []key.Binding {
	if m.place == inDialog {
		return m.dialog.keys()
	}
	return m.keys.short()
}

// legend explains the signs.
var legend = [...][2]string{
	{signGood, "delivered; valid signature"},
	{signBad, "failed; invalid signature"},
	{signRetrying, "retrying: comes again"},
	{signRecovered, "recovered by a resend"},
	{signRejected, "rejected: not forwarded"},
	{signNone, "signature not checked"},
	{signUnknown, "interrupted: unknown"},
	{signWaiting, "waiting for the app"},
	{signGood + signWarning, "valid, with a warning"},
	{"–", "unsigned; no response"},
	{signMarked, "marked"},
}

// helpLines is the help page: the keys of the place that help was called from,
// those of the filter line, the signs, and the filter language.
func (m *model) helpLines() []string {
	if m.helpFor != (helpFor{m.before, m.width, m.dark}) {
		m.helpFor = helpFor{m.before, m.width, m.dark}
		m.helpText = m.makeHelp()
	}
	return m.helpText
}

// helpFor is what the help page was made for: it is long.
type helpFor struct {
	place place
	width int
	dark  bool
}

func (m *model) makeHelp() []string {
	s := &m.styles
	lines := []string{s.title.on("Keys " + placeNames[m.before])}
	lines = append(lines, m.table(m.keysOf(m.before), 10)...)
	lines = append(lines, "", s.title.on("Keys of the filter line"))
	lines = append(lines, m.table(m.keysOf(inFilter), 10)...)
	lines = append(lines, "", s.title.on("Signs"))
	lines = append(lines, m.table(legend[:], 10)...)
	lines = append(lines, "", s.title.on("The language of the filter"))
	lines = append(lines, m.terms(filter.Reference())...)
	lines = append(lines, "", s.title.on("The states of state:"))
	lines = append(lines, m.terms(filter.States())...)
	lines = append(lines, "", s.title.on("The words of is:"))
	return append(lines, m.terms(filter.Traits())...)
}

// keysOf are the keys that mean something at a place.
func (m *model) keysOf(p place) [][2]string {
	keys := m.keys
	s := m.situation()
	s.place, s.error = p, false
	keys.enable(s)
	all := keys.all()
	if p == inFilter {
		all = keys.filterKeys.all()
	}
	var rows [][2]string
	for _, b := range all {
		if b.Enabled() {
			rows = append(rows, [2]string{b.Help().Key, b.Help().Desc})
		}
	}
	return rows
}

var placeNames = map[place]string{inList: "of the list", inDetail: "of the detail"}

// table sets rows in as many columns as the window has room for, down first.
func (m *model) table(rows [][2]string, keyWidth int) []string {
	const column = 39
	width := m.width - 2
	n := max(1, min(3, width/column))
	each := (len(rows) + n - 1) / n
	lines := make([]string, each)
	for i := range lines {
		var b strings.Builder
		for c := range n {
			if at := c*each + i; at < len(rows) {
				name := m.styles.accent.on(fit(rows[at][0], keyWidth))
				b.WriteString(name + " " + fit(rows[at][1], max(1, min(width, column)-keyWidth-2)) + " ")
			}
		}
		lines[i] = ansi.Truncate(b.String(), width, "")
	}
	return lines
}

// terms sets a part of the filter's reference: how it is written beside what it
// means and an example, or above them where there is little room.
func (m *model) terms(terms []filter.Term) []string {
	const syntax = 30
	width := m.width - 2
	beside := width >= 70
	var lines []string
	for _, t := range terms {
		words := t.Meaning
		if t.Example != t.Syntax {
			words += "; " + t.Example
		}
		name := m.styles.accent.on(fit(t.Syntax, min(width, syntax)))
		room, indent := width-syntax-1, syntax+1
		if !beside || ansi.StringWidth(t.Syntax) > syntax {
			text, _ := cut(t.Syntax, width)
			lines = append(lines, m.styles.accent.on(text))
			name = ""
		}
		if !beside {
			room, indent = width-2, 2
		}
		for i, text := range wrap(words, room, 6, true) {
			if i == 0 && name != "" {
				lines = append(lines, name+" "+text)
				continue
			}
			lines = append(lines, spaces(indent)+text)
		}
	}
	return lines
}

// openHelp explains the place where the person is.
func (m *model) openHelp() {
	m.before, m.place, m.helpOff = m.place, inHelp, 0
	m.helpFor = helpFor{}
}

// pressHelp acts on a key of the help page.
func (m *model) pressHelp(msg tea.KeyPressMsg) {
	k, page := &m.keys, max(1, m.bodyHeight()-1)
	switch {
	case key.Matches(msg, k.Help), key.Matches(msg, k.Back):
		m.place = m.before
	case key.Matches(msg, k.Up):
		m.helpOff--
	case key.Matches(msg, k.Down):
		m.helpOff++
	case key.Matches(msg, k.PageUp):
		m.helpOff -= page
	case key.Matches(msg, k.PageDown):
		m.helpOff += page
	case key.Matches(msg, k.Top):
		m.helpOff = 0
	case key.Matches(msg, k.Bottom):
		m.helpOff = len(m.helpLines())
	}
}

// helpView is what is visible of the help page.
func (m *model) helpView(h int) []string {
	lines := m.helpLines()
	m.helpOff = max(0, min(m.helpOff, len(lines)-h))
	return indented(slices.Clone(lines[m.helpOff:min(len(lines), m.helpOff+h)]))
}
