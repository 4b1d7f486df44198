package inspector

import tea "charm.land/bubbletea/v2"

// wheelLines is how far one notch of the wheel goes.
const wheelLines = 3

// mouse acts on the wheel and on clicks. Selecting text is the terminal's: it
// keeps the mouse to itself while shift is held.
func (m *model) mouse(msg tea.MouseMsg) {
	if m.tooSmall() || m.place == inDialog {
		return
	}
	at := msg.Mouse()
	switch msg.(type) {
	case tea.MouseWheelMsg:
		switch at.Button {
		case tea.MouseWheelUp:
			m.wheel(at, -wheelLines)
		case tea.MouseWheelDown:
			m.wheel(at, wheelLines)
		}
	case tea.MouseClickMsg:
		if at.Button == tea.MouseLeft {
			m.click(at)
		}
	}
}

// wheel moves what is under the mouse.
func (m *model) wheel(at tea.Mouse, by int) {
	switch {
	case m.place == inHelp:
		m.helpOff += by
	case m.place == inLog:
		m.log.scroll(by)
	case m.overDetail(at):
		m.detail.scroll(by)
	case len(m.list.rows) > 0:
		m.list.move(by)
	}
}

// overDetail reports whether the detail is under the mouse.
func (m *model) overDetail(at tea.Mouse) bool {
	if m.wide() {
		return at.X >= m.listWidth()+1
	}
	return m.detailShown()
}

// click selects the row or the tab under the mouse. A click on the selected row
// opens it, one beside the detail leaves it.
func (m *model) click(at tea.Mouse) {
	y := at.Y - len(m.headerView()) // below the header
	switch {
	case m.place == inHelp || m.place == inLog || y < 0 || y >= m.bodyHeight():
	case m.overDetail(at):
		x := at.X - 1
		if m.wide() {
			x = at.X - m.listWidth() - 3
		}
		if m.clickDetail(x, y) && m.place == inList {
			m.list.hold()
			m.place = inDetail
		}
	case y > 0: // below the column names
		i := m.list.off + y - 1
		if i >= len(m.list.rows) {
			return
		}
		again := i == m.list.sel && m.place == inList
		if m.place == inDetail {
			m.place = inList
		}
		m.list.selectRow(i)
		m.list.hold()
		if again && !m.wide() {
			m.place = inDetail
		}
	}
}
