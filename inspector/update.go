package inspector

import (
	"context"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"taskhook/webhook"
)

// listenerEvery is how often the header is read anew.
const listenerEvery = time.Second

// tickMsg comes some times a second from outside the program; that is the only
// way in which time and the store's changes reach the screen.
type tickMsg struct {
	now     time.Time
	changed bool // the store has changed since the last tick
}

// listenerMsg brings the listener's description.
type listenerMsg struct {
	listener webhook.Listener
	err      error
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
			cmd = m.filter.update(msg)
		}
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case tea.BackgroundColorMsg:
		m.dark = msg.IsDark()
		m.restyle()
	case pageMsg:
		if msg.gen == m.list.gen {
			m.readErr = msg.err
		}
		m.list.apply(msg, m.now)
	case detailMsg:
		m.detail.apply(msg)
	case listenerMsg:
		m.asking = false
		if msg.err == nil {
			m.listener = msg.listener
			m.list.stored = msg.listener.Counts.Events
		}
	case resentMsg:
		m.resentSays(msg)
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
		m.list.dirty = true // a hint may be lost
	}
	if m.filter.tick() {
		m.list.setText(m.filter.input.Value())
		changed = true
	}
	return m.expire() || changed
}

// reads starts whatever has to be read and is not yet under way.
func (m *model) reads() tea.Cmd {
	var cmds []tea.Cmd
	if r, ok := m.list.want(m.now); ok && m.width > 0 {
		cmds = append(cmds, m.list.start(r, m.background, m.feed))
	}
	if e, ok := m.selection(); ok && m.detailShown() && m.detail.stale(e, m.now, m.list.follow) {
		cmds = append(cmds, m.detail.load(e, m.now, m.background, m.feed, &m.opts))
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
		return tea.Suspend
	case key.Matches(msg, k.Dismiss):
		m.message = message{}
		return nil
	}
	switch m.place {
	case inFilter:
		return m.pressFilter(msg)
	case inConfirm:
		if yes := key.Matches(msg, k.Yes); yes || key.Matches(msg, k.No) {
			return m.answer(yes)
		}
		return nil
	case inHelp:
		m.pressHelp(msg)
		return nil
	}
	switch {
	case key.Matches(msg, k.Help):
		m.before, m.place, m.helpOff = m.place, inHelp, 0
	case key.Matches(msg, k.Filter):
		m.place = inFilter
		return m.filter.open(m.list.text)
	case key.Matches(msg, k.Resend):
		return m.askResend()
	case key.Matches(msg, k.NextTab):
		m.detail.turn(1)
	case key.Matches(msg, k.PrevTab):
		m.detail.turn(-1)
	case m.place == inDetail:
		m.pressDetail(msg)
	default:
		m.pressList(msg)
	}
	return nil
}

func (m *model) pressList(msg tea.KeyPressMsg) {
	k, l := &m.keys, &m.list
	page := max(1, l.height-1)
	switch {
	case key.Matches(msg, k.Up):
		l.move(-1)
	case key.Matches(msg, k.Down):
		l.move(1)
	case key.Matches(msg, k.PageUp):
		l.move(-page)
	case key.Matches(msg, k.PageDown):
		l.move(page)
	case key.Matches(msg, k.Top):
		l.newest()
	case key.Matches(msg, k.Bottom):
		l.oldest()
	case key.Matches(msg, k.Open):
		l.hold()
		m.place = inDetail
	case key.Matches(msg, k.ClearFilter):
		l.setText("")
	}
}

func (m *model) pressDetail(msg tea.KeyPressMsg) {
	k, d := &m.keys, &m.detail
	page, all := max(1, d.height-1), len(d.lines[d.tab])
	switch {
	case key.Matches(msg, k.Up):
		d.scroll(-1)
	case key.Matches(msg, k.Down):
		d.scroll(1)
	case key.Matches(msg, k.PageUp):
		d.scroll(-page)
	case key.Matches(msg, k.PageDown):
		d.scroll(page)
	case key.Matches(msg, k.Top):
		d.scroll(-all)
	case key.Matches(msg, k.Bottom):
		d.scroll(all)
	case key.Matches(msg, k.Back):
		m.place = inList
		m.list.rising = true // back at the newest event the list follows again
		m.list.resume()
	}
}

func (m *model) pressHelp(msg tea.KeyPressMsg) {
	k := &m.keys
	switch {
	case key.Matches(msg, k.Help), key.Matches(msg, k.Back):
		m.place = m.before
	case key.Matches(msg, k.Up):
		m.helpOff--
	case key.Matches(msg, k.Down):
		m.helpOff++
	case key.Matches(msg, k.PageUp), key.Matches(msg, k.Top):
		m.helpOff = 0
	case key.Matches(msg, k.PageDown), key.Matches(msg, k.Bottom):
		m.helpOff = 1 << 20
	}
}

// pressFilter types into the filter line; up and down still move the list.
func (m *model) pressFilter(msg tea.KeyPressMsg) tea.Cmd {
	k := &m.keys
	switch {
	case key.Matches(msg, k.Apply):
		m.list.setText(m.filter.input.Value())
		m.filter.close()
		m.place = inList
	case key.Matches(msg, k.Cancel):
		m.list.setText("")
		m.filter.close()
		m.place = inList
	case msg.Code == tea.KeyUp:
		m.list.move(-1)
	case msg.Code == tea.KeyDown:
		m.list.move(1)
	default:
		return m.filter.update(msg)
	}
	return nil
}
