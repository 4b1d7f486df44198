package inspector

import (
	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/webhook"
)

// listKeys act on the list of events.
type listKeys struct {
	Open, Mark, OnlyMarked, Unmark, Order, ClearFilter key.Binding
}

func newListKeys() listKeys {
	return listKeys{
		Open:        bind("enter", "open", "enter", "l", "right"),
		Mark:        bind("m", "mark", "m"),
		OnlyMarked:  bind("M", "only the marked ones", "M"),
		Unmark:      bind("u", "remove all marks", "u"),
		Order:       bind("o", "slowest first", "o"),
		ClearFilter: bind("esc", "show all", "esc"),
	}
}

func (k *listKeys) enable(s situation) {
	list, both := s.place == inList, s.place == inList || s.place == inDetail
	k.Open.SetEnabled(list && s.events)
	k.Mark.SetEnabled(both && s.events)
	what := "mark"
	if s.marked {
		what = "unmark"
	}
	k.Mark.SetHelp("m", what)
	k.OnlyMarked.SetEnabled(list && (s.events || s.filtered))
	k.Unmark.SetEnabled(list && (s.events || s.filtered))
	k.Order.SetEnabled(list && s.events)
	k.OnlyMarked.SetHelp("M", toggled(s.onlyMarked, "marked and unmarked ones", "only the marked ones"))
	k.Order.SetHelp("o", toggled(s.slowest, "newest first", "slowest first"))
	k.ClearFilter.SetEnabled(list && s.filtered)
}

func toggled(on bool, off, yes string) string {
	if on {
		return off
	}
	return yes
}

func (k *listKeys) all() []key.Binding {
	return []key.Binding{k.Open, k.Mark, k.OnlyMarked, k.Unmark, k.Order, k.ClearFilter}
}

// pressList acts on a key in the list.
func (m *model) pressList(msg tea.KeyPressMsg) tea.Cmd {
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
	case key.Matches(msg, k.OnlyMarked):
		s := l.scope
		s.marked = !s.marked
		l.setScope(s)
	case key.Matches(msg, k.Unmark):
		return m.unmarkAll()
	case key.Matches(msg, k.Order):
		s := l.scope
		if s.order = webhook.OrderDuration; !l.byTime() {
			s.order = webhook.OrderTime
		}
		l.setScope(s)
	case key.Matches(msg, k.ClearFilter):
		l.setScope(scope{order: l.order})
	}
	return nil
}

// filterKeys act in the filter line.
type filterKeys struct {
	Filter, Apply, Cancel, Complete, CompleteBack, Earlier, Later key.Binding
}

func newFilterKeys() filterKeys {
	return filterKeys{
		Filter:       bind("/", "filter", "/"),
		Apply:        bind("enter", "keep", "enter"),
		Cancel:       bind("esc", "cancel", "esc"),
		Complete:     bind("tab", "complete", "tab"),
		CompleteBack: bind("shift+tab", "complete backwards", "shift+tab"),
		Earlier:      bind("↑/ctrl+p", "earlier filter", "up", "ctrl+p"),
		Later:        bind("↓/ctrl+n", "later filter", "down", "ctrl+n"),
	}
}

func (k *filterKeys) enable(s situation) {
	k.Filter.SetEnabled(s.place == inList) // in the detail its key searches the pane
	for _, b := range []*key.Binding{&k.Apply, &k.Cancel, &k.Complete, &k.CompleteBack, &k.Earlier, &k.Later} {
		b.SetEnabled(s.place == inFilter)
	}
}

func (k *filterKeys) all() []key.Binding {
	return []key.Binding{k.Filter, k.Apply, k.Cancel, k.Complete, k.CompleteBack, k.Earlier, k.Later}
}
