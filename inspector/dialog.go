package inspector

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/format"
)

// dialog is a question that has the keys until it is answered. It is drawn
// above the bottom line.
type dialog interface {
	// press acts on a key. done closes the dialog.
	press(m *model, msg tea.KeyPressMsg) (cmd tea.Cmd, done bool)
	// lines draws it, at most width cells wide and height lines high.
	lines(m *model, width, height int) []string
	// keys are what the bottom line says.
	keys() []key.Binding
}

// ask opens a dialog, in place of one that is open.
func (m *model) ask(d dialog) {
	if m.place != inDialog {
		m.openedFrom = m.place
	}
	m.dialog, m.place = d, inDialog
}

// leave closes a dialog if it is the open one, and reports whether it was.
func (m *model) leave(d dialog) bool {
	if m.place != inDialog || m.dialog != d {
		return false
	}
	m.dialog, m.place = nil, m.openedFrom
	return true
}

// pressDialog hands a key to the open dialog. A dialog may open another one.
func (m *model) pressDialog(msg tea.KeyPressMsg) tea.Cmd {
	d := m.dialog
	cmd, done := d.press(m, msg)
	if done {
		m.leave(d)
	}
	return cmd
}

// pasteDialog gives pasted text to the open dialog if it takes text.
func (m *model) pasteDialog(msg tea.PasteMsg) tea.Cmd {
	if l, ok := m.dialog.(*searchLine); ok && m.place == inDialog {
		return l.take(m, msg)
	}
	if p, ok := m.dialog.(*prompt); ok && m.place == inDialog {
		msg.Content = format.Clean(msg.Content)
		return p.update(msg)
	}
	if f, ok := m.dialog.(*form); ok && m.place == inDialog {
		f.paste(msg.Content)
	}
	return nil
}

// dialogCursor is where the open dialog has its cursor, nil if it has none.
func (m *model) dialogCursor() *tea.Cursor {
	p, ok := m.dialog.(*prompt)
	if !ok || m.place != inDialog || m.tooSmall() {
		return nil
	}
	c := p.input.Cursor()
	if c != nil {
		c.X++
		c.Y = m.height - len(m.bottomView())
	}
	return c
}

// dialogMoved reports whether the open dialog looks different by itself.
func (m *model) dialogMoved() bool {
	if m.place != inDialog {
		return false
	}
	switch d := m.dialog.(type) {
	case *progress:
		return d.moved(m.now)
	case *timeline:
		return d.moved()
	}
	return false
}

// question is a dialog that a yes or a no answers; anything else is no answer.
type question struct {
	text string
	yes  func(m *model) tea.Cmd
	no   func(m *model) tea.Cmd // nil: nothing
}

var (
	keyYes   = bind("y", "yes", "y")
	keyNo    = bind("n/esc", "no", "n", "esc")
	keyLeave = bind("esc", "leave", "esc")
	keyTake  = bind("enter", "take", "enter")
	keyUp    = bind("↑", "up", "up", "shift+tab")
	keyDown  = bind("↓", "down", "down", "tab")
)

func (q *question) press(m *model, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch {
	case key.Matches(msg, keyYes):
		m.leave(q)
		return q.yes(m), true
	case key.Matches(msg, keyNo):
		m.leave(q)
		if q.no != nil {
			return q.no(m), true
		}
		return nil, true
	}
	return nil, false
}

func (q *question) lines(m *model, width, height int) []string {
	return m.paragraph(moodWarn, q.text+" y/n", width, height)
}

func (q *question) keys() []key.Binding { return []key.Binding{keyYes, keyNo} }

// choice is one line of a menu.
type choice struct {
	key  string // one letter
	name string // short, for the bottom line
	what string // what it does
	take func(m *model) tea.Cmd
}

// menu is a dialog with some choices, of which one is picked already.
type menu struct {
	text    string
	choices []choice
	at      int
	left    func(m *model) tea.Cmd // when it is left without a choice; nil: nothing
}

func (d *menu) press(m *model, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch {
	case key.Matches(msg, keyLeave):
		m.leave(d)
		if d.left != nil {
			return d.left(m), true
		}
		return nil, true
	case key.Matches(msg, keyUp):
		d.at = max(0, d.at-1)
		return nil, false
	case key.Matches(msg, keyDown):
		d.at = min(len(d.choices)-1, d.at+1)
		return nil, false
	case key.Matches(msg, keyTake):
		return d.take(m, d.at)
	}
	for i, c := range d.choices {
		if msg.String() == c.key {
			return d.take(m, i)
		}
	}
	return nil, false
}

func (d *menu) take(m *model, i int) (tea.Cmd, bool) {
	m.leave(d)
	return d.choices[i].take(m), true
}

func (d *menu) lines(m *model, width, height int) []string {
	lines := m.paragraph(moodWarn, d.text, width, max(1, height-len(d.choices)))
	for i, c := range d.choices {
		sign := "  "
		if i == d.at {
			sign = "▸ "
		}
		text := fit(sign+c.key+"  "+format.Clean(c.what), width)
		if i == d.at {
			text = m.styles.selected.on(text)
		}
		lines = append(lines, text)
	}
	return lines[:min(len(lines), height)]
}

func (d *menu) keys() []key.Binding {
	keys := make([]key.Binding, 0, len(d.choices)+2)
	keys = append(keys, keyLeave, keyTake)
	for _, c := range d.choices {
		keys = append(keys, bind(c.key, c.name, c.key))
	}
	return keys
}
