package inspector

import (
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"charm.land/bubbles/v2/help"
	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/webhook"
)

// Sizes of the window.
const (
	minWidth  = 40
	minHeight = 10
	wideWidth = 108 // from here on the detail stands beside the list
)

// model is the state of the screen. Update and View neither read nor write
// anything else; what takes time is a command.
type model struct {
	feed       Feed
	actions    Actions
	opts       Options
	background *background
	away       atomic.Bool // the terminal is given up for a while
	loc        *time.Location

	now           time.Time // of the last tick
	width, height int
	dark          bool
	styles        styles
	keys          keyMap
	help          help.Model

	place      place
	before     place  // where help was called from
	dialog     dialog // nil: none is open
	openedFrom place  // where it was opened

	listener   webhook.Listener
	listenerAt time.Time // when it was last asked for
	asking     bool
	readErr    error     // why the last page could not be read
	goneAt     time.Time // since when the listener does not answer; zero: it does
	crash      *crash    // why the screen ends; nil: it does not, or as it should
	headerOpen bool      // the header is the other way than by itself

	list     list
	detail   detail
	filter   filterLine
	message  message
	acts     acts
	log      logView
	helpOff  int
	helpFor  helpFor // what helpText was made for
	helpText []string

	frame string // what View returns until something changes
	fresh bool   // frame is up to date
}

func newModel(feed Feed, actions Actions, b *background, now time.Time, o Options) *model {
	m := &model{
		feed: feed, actions: actions, opts: o, background: b,
		loc: location(o.Location), now: now, dark: true,
		keys: newKeyMap(), filter: newFilter(),
		list: list{follow: true, dirty: true, height: 1},
	}
	m.restyle()
	m.keys.enable(m.situation())
	return m
}

func (m *model) restyle() {
	m.styles = newStyles(m.dark, m.opts.NoColor)
	m.help = newHelp()
}

// Init asks for the terminal's background and the first page.
func (m *model) Init() tea.Cmd {
	return tea.Batch(tea.RequestBackgroundColor, m.reads())
}

func (m *model) wide() bool { return m.width >= wideWidth }

func (m *model) tooSmall() bool { return m.width < minWidth || m.height < minHeight }

// selection is the event that keys act on.
func (m *model) selection() (webhook.Summary, bool) { return m.list.selected() }

// detailShown reports whether the detail is on the screen.
func (m *model) detailShown() bool {
	return m.wide() || m.place == inDetail || m.place == inDialog && m.openedFrom == inDetail
}

func (m *model) situation() situation {
	e, _ := m.selection()
	rule, skippable := skipRule(e)
	return situation{
		skippable: skippable && !slices.Contains(m.listener.SkipVerify, rule),
		place:     m.place, wide: m.wide(), events: len(m.list.rows) > 0,
		marked: e.Marked, tab: m.detail.tab, dialog: m.dialog, pane: m.paneSituation(),
		filtered: m.list.narrowed(), onlyMarked: m.list.marked, slowest: !m.list.byTime(),
		url:     m.listener.Tunnel.URL != "",
		running: m.listener.Local != "", shield: m.listener.Shielded(),
		sending: len(m.acts.resends) > 0,
		error:   m.message.text != "" && m.message.mood == moodBad,
	}
}

// listWidth is the list's share of the window.
func (m *model) listWidth() int {
	if !m.wide() {
		return m.width
	}
	return max(68, m.width*55/100)
}

// detailWidth is the detail's share, without its margins.
func (m *model) detailWidth() int {
	if !m.wide() {
		return m.width - 2
	}
	return m.width - m.listWidth() - 4
}

// bodyHeight is what header, messages and help leave.
func (m *model) bodyHeight() int {
	return max(1, m.height-len(m.headerView())-len(m.bottomView()))
}

// layout gives the parts their sizes.
func (m *model) layout() {
	if m.tooSmall() {
		return
	}
	h := m.bodyHeight()
	m.list.setHeight(h - 1) // the column names
	m.detail.want = m.detailWidth()
	m.detail.height = h
	if e, ok := m.subject(); ok {
		m.detail.height = max(1, h-len(m.detailHead(e, m.detailWidth())))
	}
	m.detail.scroll(0)
	m.filter.input.SetWidth(max(1, m.width-6))
	m.logLayout(h)
}

// View draws the screen.
func (m *model) View() tea.View {
	if !m.fresh {
		m.frame, m.fresh = m.draw(), true
	}
	v := tea.NewView(m.frame)
	v.AltScreen = true
	v.WindowTitle = "taskhook"
	v.MouseMode = tea.MouseModeCellMotion
	if c := m.filter.input.Cursor(); c != nil && m.place == inFilter && !m.tooSmall() {
		c.X++
		c.Y = m.height - 1 - len(m.filterLines())
		v.Cursor = c
	}
	if c := m.dialogCursor(); c != nil {
		v.Cursor = c
	}
	return v
}

func (m *model) draw() string {
	switch {
	case m.width == 0 || m.height == 0:
		return ""
	case m.tooSmall():
		text, _ := cut("make the window larger (40×10)", m.width)
		return text
	}
	lines := m.headerView()
	h := m.bodyHeight()
	body := m.bodyView(h)
	for len(body) < h {
		body = append(body, "")
	}
	lines = append(lines, body[:h]...)
	return strings.Join(append(lines, m.bottomView()...), "\n")
}

func (m *model) bodyView(h int) []string {
	e, ok := m.subject()
	switch {
	case m.place == inHelp:
		return m.helpView(h)
	case m.place == inLog:
		return m.logView(h)
	case !ok:
		return m.emptyView()
	case m.wide():
		return m.besideView(e, h)
	case m.detailShown():
		return indented(m.detailView(e, m.detailWidth(), h))
	}
	return m.rowsView(m.width, h)
}

func indented(lines []string) []string {
	for i, l := range lines {
		lines[i] = " " + l
	}
	return lines
}

// besideView draws list and detail side by side.
func (m *model) besideView(e webhook.Summary, h int) []string {
	w := m.listWidth()
	left, right := m.rowsView(w, h), m.detailView(e, m.detailWidth(), h)
	bar := m.styles.rule.on("│")
	lines := make([]string, h)
	for i := range lines {
		if i < len(left) {
			lines[i] = left[i]
		} else {
			lines[i] = spaces(w)
		}
		lines[i] += " " + bar + " "
		if i < len(right) {
			lines[i] += right[i]
		}
	}
	return lines
}

// bottomView is everything below the list.
func (m *model) bottomView() []string {
	lines := m.messageLines()
	if m.place == inFilter {
		lines = append(lines, m.filterLines()...)
	} else if s := m.statusLine(); s != "" && m.place != inHelp && m.place != inLog {
		lines = append(lines, s)
	}
	return append(lines, m.helpLine())
}
