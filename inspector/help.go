package inspector

import (
	"strings"

	"charm.land/bubbles/v2/help"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
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
	line := ansi.Truncate(m.help.ShortHelpView(m.keys.short()), m.width-2, "…")
	return " " + m.styles.mood(moodDim, line)
}

// legend explains the signs.
var legend = [...][2]string{
	{signGood, "accepted; valid signature"},
	{signBad, "lost; invalid signature"},
	{signPending, "pending: comes again"},
	{signRescued, "rescued by a resend"},
	{signRefused, "refused for its signature"},
	{signUnknown, "interrupted: unknown"},
	{signWaiting, "waiting for the app"},
	{signGood + signWarning, "valid, with a warning"},
	{"–", "unsigned; no response"},
}

// helpLines is the help page: the keys of the place that help was called
// from, then the signs.
func (m *model) helpLines() []string {
	keys := m.keys
	s := m.situation()
	s.place = m.before
	keys.enable(s)
	var rows [][2]string
	for _, b := range keys.all() {
		if b.Enabled() {
			rows = append(rows, [2]string{b.Help().Key, b.Help().Desc})
		}
	}
	lines := []string{m.styles.title.on("Keys " + placeNames[m.before])}
	lines = append(lines, m.table(rows, 10)...)
	lines = append(lines, "", m.styles.title.on("Signs"))
	return append(lines, m.table(legend[:], 10)...)
}

var placeNames = map[place]string{inList: "of the list", inDetail: "of the detail"}

// table sets rows in as many columns as the window has room for, down first.
func (m *model) table(rows [][2]string, keyWidth int) []string {
	const column = 39
	width := m.width - 2
	n := max(1, min(2, width/column))
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
