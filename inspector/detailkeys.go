package inspector

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// detailKeys act on the detail of one event.
type detailKeys struct {
	Back, NextTab, PrevTab, GoTab key.Binding
	Fold, FoldAll                 key.Binding
	Search, NextMatch, PrevMatch  key.Binding
	Wrap, PaneLeft, PaneRight     key.Binding
	OtherView, PrevBase, NextBase key.Binding
	Copy                          key.Binding
}

func newDetailKeys() detailKeys {
	return detailKeys{
		Back:      bind("esc", "back", "esc", "h", "left"),
		NextTab:   bind("tab", "next tab", "tab"),
		PrevTab:   bind("shift+tab", "previous tab", "shift+tab"),
		GoTab:     bind("1–6", "tab", "1", "2", "3", "4", "5", "6"),
		Fold:      bind("z", "fold", "z", "enter"),
		FoldAll:   bind("Z", "fold all, unfold all", "Z"),
		Search:    bind("/", "find", "/"),
		NextMatch: bind("n", "next match", "n"),
		PrevMatch: bind("N", "previous match", "N"),
		Wrap:      bind("w", "wrap", "w"),
		PaneLeft:  bind("←/<", "left", "left", "<"),
		PaneRight: bind("→/>", "right", "right", ">"),
		OtherView: bind("v", "view", "v"),
		PrevBase:  bind("[", "previous comparison", "["),
		NextBase:  bind("]", "next comparison", "]"),
		Copy:      bind("y", "copy", "y"),
	}
}

// paneSituation is what decides which keys of a pane mean something.
type paneSituation struct {
	folds, searched, found, unwrapped bool
	views                             string // what the other view is, "" if there is none
	bases                             bool
}

func (m *model) paneSituation() paneSituation {
	d := &m.detail
	p := d.pane().page
	s := paneSituation{
		searched: d.search.text != "", found: len(d.search.matches) > 0, unwrapped: d.unwrapped,
	}
	if p == nil {
		return s
	}
	s.folds, s.bases = p.json, p.bases > 1
	switch {
	case d.tab == tabRaw && p.dump != nil:
		s.views = "text"
	case d.tab == tabRaw:
		s.views = "hexadecimal"
	case d.tab == tabDiff && d.other[tabDiff]:
		s.views = "by JSON path"
	case d.tab == tabDiff:
		s.views = "unified"
	}
	return s
}

func (k *detailKeys) enable(s situation) {
	detail := s.place == inDetail
	pane := s.pane
	if !detail {
		pane = paneSituation{}
	}
	k.Back.SetEnabled(detail || s.place == inHelp || s.place == inLog)
	k.NextTab.SetEnabled(detail || s.place == inList && s.events && s.wide)
	k.PrevTab.SetEnabled(k.NextTab.Enabled())
	k.GoTab.SetEnabled(k.NextTab.Enabled())
	k.Copy.SetEnabled(detail || s.place == inList && s.events)
	k.Fold.SetEnabled(pane.folds)
	k.FoldAll.SetEnabled(pane.folds)
	k.Search.SetEnabled(detail)
	k.NextMatch.SetEnabled(pane.found)
	k.PrevMatch.SetEnabled(pane.found)
	k.Wrap.SetEnabled(detail)
	k.PaneLeft.SetEnabled(pane.unwrapped)
	k.PaneRight.SetEnabled(pane.unwrapped)
	k.OtherView.SetEnabled(pane.views != "")
	k.PrevBase.SetEnabled(pane.bases)
	k.NextBase.SetEnabled(pane.bases)
	k.OtherView.SetHelp("v", s.pane.views)
	wrapped, back := "no wrapping", "back"
	if s.pane.unwrapped {
		wrapped = "wrap"
	}
	if pane.searched {
		back = "clear find"
	}
	k.Wrap.SetHelp("w", wrapped)
	k.Back.SetHelp("esc", back)
}

func (k *detailKeys) all() []key.Binding {
	return []key.Binding{
		k.Back, k.NextTab, k.PrevTab, k.GoTab, k.Fold, k.FoldAll, k.Search, k.NextMatch, k.PrevMatch,
		k.Wrap, k.PaneLeft, k.PaneRight, k.OtherView, k.PrevBase, k.NextBase, k.Copy,
	}
}

// pressPane acts on the keys of the detail that also act beside it, in the
// list, and reports whether it was such a key.
func (m *model) pressPane(msg tea.KeyPressMsg) bool {
	k, d := &m.keys, &m.detail
	switch {
	case key.Matches(msg, k.NextTab):
		d.turn(1)
	case key.Matches(msg, k.PrevTab):
		d.turn(-1)
	case key.Matches(msg, k.GoTab):
		d.turnTo(tab(msg.Code - '1'))
	case key.Matches(msg, k.Copy):
		m.askCopy()
	default:
		return false
	}
	return true
}

// pressDetail acts on a key in the detail.
func (m *model) pressDetail(msg tea.KeyPressMsg) tea.Cmd {
	k, d := &m.keys, &m.detail
	page, all := max(1, d.rowsHeight()-1), d.pane().count()
	switch {
	case key.Matches(msg, k.Up):
		d.move(-1)
	case key.Matches(msg, k.Down):
		d.move(1)
	case key.Matches(msg, k.PageUp):
		d.move(-page)
	case key.Matches(msg, k.PageDown):
		d.move(page)
	case key.Matches(msg, k.Top):
		d.move(-all)
	case key.Matches(msg, k.Bottom):
		d.move(all)
	default:
		return m.pressView(msg)
	}
	return nil
}

// sideways is how far one key moves an unwrapped page.
const sideways = 8

// pressView acts on the keys that change how a page is seen.
func (m *model) pressView(msg tea.KeyPressMsg) tea.Cmd {
	k, d := &m.keys, &m.detail
	if d.pressWrap(msg, k) {
		return nil
	}
	v := d.pane()
	switch {
	case key.Matches(msg, k.Fold):
		v.toggle(d.rowsHeight())
	case key.Matches(msg, k.FoldAll):
		v.toggleAll(d.rowsHeight())
	case key.Matches(msg, k.Search):
		m.askSearch()
	case key.Matches(msg, k.NextMatch):
		d.next(1)
	case key.Matches(msg, k.PrevMatch):
		d.next(-1)
	case key.Matches(msg, k.OtherView):
		d.other[d.tab] = !d.other[d.tab]
	case key.Matches(msg, k.PrevBase):
		d.base = (v.page.base - 1 + v.page.bases) % v.page.bases
	case key.Matches(msg, k.NextBase):
		d.base = (v.page.base + 1) % v.page.bases
	case key.Matches(msg, k.Back) && d.search.text != "" && msg.Code == tea.KeyEscape:
		d.search.set("")
	case key.Matches(msg, k.Back):
		m.place = inList
		m.list.rising = true // back at the newest event the list follows again
		m.list.resume()
	}
	return nil
}

// pressWrap acts on the keys that wrap a page or move it sideways, and reports
// whether it was one. Moving left is also a key that goes back.
func (d *detail) pressWrap(msg tea.KeyPressMsg, k *keyMap) bool {
	v := d.pane()
	switch {
	case key.Matches(msg, k.Wrap):
		d.unwrapped = !d.unwrapped
		for i := range d.panes {
			d.panes[i].left = 0
		}
	case key.Matches(msg, k.PaneLeft):
		v.left = max(0, v.left-sideways)
	case key.Matches(msg, k.PaneRight) && v.page != nil:
		v.left = min(v.left+sideways, v.page.widest-sideways)
		v.left = max(0, v.left)
	default:
		return false
	}
	return true
}
