package inspector

import (
	"context"
	"strings"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// listenerEvery is how often the header is read anew.
const listenerEvery = time.Second

// tickMsg comes some times a second from outside the program; that is the only
// way in which time and the store's changes reach the screen.
type tickMsg struct {
	now     time.Time
	changed bool // the store has changed since the last tick
}

// result is what a command in the background comes back with.
type result interface {
	// apply takes it over, on the Update goroutine.
	apply(m *model) tea.Cmd
}

// Update takes a message and returns what has to be done for it.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	changed := true
	switch msg := msg.(type) {
	case tickMsg:
		changed = m.tick(msg)
	case tea.KeyPressMsg:
		cmd = m.press(msg)
	case tea.PasteMsg:
		if m.place == inFilter {
			cmd = m.filter.update(msg, m.list.seenTypes())
		}
		cmd = tea.Batch(cmd, m.pasteDialog(msg))
	case tea.MouseMsg:
		m.mouse(msg)
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.dark = msg.IsDark()
		m.restyle()
	case tea.ResumeMsg: // the window may have been another one meanwhile
		cmd = tea.Batch(tea.RequestWindowSize, tea.RequestBackgroundColor)
	case result:
		cmd = msg.apply(m)
	default:
		changed = false
	}
	if changed {
		m.fresh = false
		m.keys.enable(m.situation())
		m.layout()
	}
	return m, tea.Batch(cmd, m.reads())
}

// tick moves the time on and reports whether anything looks different.
func (m *model) tick(msg tickMsg) bool {
	// States and "in 4m" follow the time; a second is fine enough for them.
	changed := msg.now.Unix() != m.now.Unix()
	m.now = msg.now
	if msg.changed {
		m.list.dirty = true
	}
	if changed {
		m.list.unsure = true // a hint may be lost
	}
	rested, usable := m.filter.tick()
	if usable {
		m.list.setText(strings.TrimSpace(m.filter.input.Value()))
	}
	changed = changed || rested
	changed = m.dialogMoved() || changed
	return m.expire() || changed
}

// reads starts whatever has to be read and is not yet under way.
func (m *model) reads() tea.Cmd {
	var cmds []tea.Cmd
	if r, ok := m.list.want(m.now); ok && m.width > 0 {
		cmds = append(cmds, m.list.start(r, m.background, m.feed))
	}
	cmds = append(cmds, m.detailReads())
	if cmd := m.loadLog(); cmd != nil {
		cmds = append(cmds, cmd)
	}
	if !m.asking && (m.listenerAt.IsZero() || m.now.Sub(m.listenerAt) >= listenerEvery) {
		m.asking, m.listenerAt = true, m.now
		cmds = append(cmds, m.background.do(func(ctx context.Context) tea.Msg {
			l, err := m.feed.Listener(ctx)
			return listenerMsg{l, err}
		}))
	}
	return tea.Batch(cmds...)
}

// press acts on a key where the person is.
func (m *model) press(msg tea.KeyPressMsg) tea.Cmd {
	k := &m.keys
	switch {
	case key.Matches(msg, k.Interrupt), key.Matches(msg, k.Quit):
		return tea.Quit
	case key.Matches(msg, k.Suspend):
		return m.suspend()
	case key.Matches(msg, k.Dismiss):
		m.dismiss()
		return nil
	}
	switch m.place {
	case inFilter:
		return m.pressFilter(msg)
	case inDialog:
		return m.pressDialog(msg)
	case inHelp:
		m.pressHelp(msg)
		return nil
	case inLog:
		m.pressLog(msg)
		return nil
	}
	return m.pressEvents(msg)
}

// pressEvents acts on a key in the list or the detail.
func (m *model) pressEvents(msg tea.KeyPressMsg) tea.Cmd {
	k := &m.keys
	if cmd, acted := m.pressAction(msg); acted {
		return cmd
	}
	if cmd, acted := m.pressPlatform(msg); acted {
		return cmd
	}
	if m.pressPane(msg) {
		return nil
	}
	switch {
	case key.Matches(msg, k.Help):
		m.openHelp()
	case key.Matches(msg, k.Log):
		m.openLog()
	case key.Matches(msg, k.Header):
		m.headerOpen = !m.headerOpen
	case key.Matches(msg, k.CopyURL):
		return m.copy("the webhook URL", m.listener.WebhookURL())
	case key.Matches(msg, k.Mark):
		return m.toggleMark()
	case key.Matches(msg, k.Filter):
		m.place = inFilter
		return m.filter.open(m.list.scope, m.list.seenTypes())
	case m.place == inDetail:
		return m.pressDetail(msg)
	default:
		return m.pressList(msg)
	}
	return nil
}
