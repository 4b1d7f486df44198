package inspector

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"taskhook/webhook/export"
)

// setting is a line of a form: a name and the value that is chosen for it.
type setting struct {
	name   string
	values []string
	at     int
	idle   func() bool // it means nothing now; nil: it always means something
}

func (s *setting) turn(by int) { s.at = (s.at + by + len(s.values)) % len(s.values) }

// form is a dialog of settings that are gone through before something begins.
type form struct {
	text     string
	warn     func() string // what the person should know of the choice; nil: nothing
	settings []*setting
	at       int
	begin    func(m *model) tea.Cmd
}

var (
	keyBegin  = bind("enter", "begin", "enter")
	keyChange = bind("←/→", "change", "left", "right", "space", "h", "l")
	keyPick   = bind("↑/↓", "choose", "up", "down", "k", "j", "tab", "shift+tab")
)

func (f *form) press(m *model, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch {
	case key.Matches(msg, keyLeave):
		return nil, true
	case key.Matches(msg, keyBegin):
		m.leave(f)
		return f.begin(m), true
	case key.Matches(msg, keyPick):
		by := 1
		if s := msg.String(); s == "up" || s == "k" || s == "shift+tab" {
			by = -1
		}
		f.at = (f.at + by + len(f.settings)) % len(f.settings)
	case key.Matches(msg, keyChange):
		by := 1
		if s := msg.String(); s == "left" || s == "h" {
			by = -1
		}
		f.settings[f.at].turn(by)
	}
	return nil, false
}

func (f *form) lines(m *model, width, height int) []string {
	warning := ""
	if f.warn != nil {
		warning = f.warn()
	}
	room := max(1, height-1)
	var below []string
	if warning != "" && height > 3 {
		below = m.paragraph(moodWarn, signWarning+" "+warning, width, min(2, height-3))
		room = max(1, room-len(below))
	}
	lines := m.paragraph(moodPlain, f.text, width, 1)
	from := max(0, min(f.at-room/2, len(f.settings)-room))
	for i := from; i < min(from+room, len(f.settings)); i++ {
		lines = append(lines, f.line(m, i, width))
	}
	return append(lines, below...)
}

// line draws one setting.
func (f *form) line(m *model, i, width int) string {
	s := f.settings[i]
	idle := s.idle != nil && s.idle()
	value := "‹ " + s.values[s.at] + " ›"
	if idle {
		value = signNone
	}
	sign := "  "
	if i == f.at {
		sign = "▸ "
	}
	text := fit(sign+fit(s.name, 9)+" "+export.Clean(value), width)
	switch {
	case i == f.at:
		return m.styles.selected.on(text)
	case idle:
		return m.styles.mood(moodDim, text)
	}
	return text
}

func (f *form) keys() []key.Binding { return []key.Binding{keyLeave, keyBegin, keyPick, keyChange} }
