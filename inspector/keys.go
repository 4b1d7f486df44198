package inspector

import "charm.land/bubbles/v2/key"

// place is where the keys act.
type place int

const (
	inList place = iota
	inDetail
	inFilter
	inConfirm
	inHelp
)

// keyMap has every key of the screen. A binding that means nothing where the
// person is is disabled there: it neither acts nor stands in the help.
type keyMap struct {
	Up, Down, PageUp, PageDown, Top, Bottom key.Binding

	Open, Back, NextTab, PrevTab key.Binding

	Resend, Filter, ClearFilter key.Binding

	Apply, Cancel key.Binding // of the filter line
	Yes, No       key.Binding // of a question

	Dismiss, Help, Suspend, Quit, Interrupt key.Binding
}

func bind(help, what string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(help, what))
}

func newKeyMap() keyMap {
	return keyMap{
		Up:       bind("↑/k", "up", "up", "k"),
		Down:     bind("↓/j", "down", "down", "j"),
		PageUp:   bind("pgup", "page up", "pgup", "b"),
		PageDown: bind("pgdn", "page down", "pgdown", "space"),
		Top:      bind("home/g", "newest, and follow", "home", "g"),
		Bottom:   bind("end/G", "oldest", "end", "G"),

		Open:    bind("enter", "open", "enter", "l", "right"),
		Back:    bind("esc", "back", "esc", "h", "left"),
		NextTab: bind("tab", "next tab", "tab"),
		PrevTab: bind("shift+tab", "previous tab", "shift+tab"),

		Resend:      bind("r", "resend", "r"),
		Filter:      bind("/", "filter", "/"),
		ClearFilter: bind("esc", "show all", "esc"),

		Apply:  bind("enter", "keep", "enter"),
		Cancel: bind("esc", "show all", "esc"),
		Yes:    bind("y", "yes", "y"),
		No:     bind("n", "no", "n", "esc"),

		Dismiss:   bind("esc", "dismiss the message", "esc"),
		Help:      bind("?", "help", "?"),
		Suspend:   bind("ctrl+z", "suspend", "ctrl+z"),
		Quit:      bind("q", "quit", "q"),
		Interrupt: bind("ctrl+c", "quit at once", "ctrl+c"),
	}
}

// situation is what decides which keys mean something.
type situation struct {
	place    place
	wide     bool // the detail is beside the list
	events   bool // the list has a row
	filtered bool
	error    bool // an error stands until it is dismissed
}

// enable turns on exactly the keys of a situation.
func (k *keyMap) enable(s situation) {
	list, detail, help := s.place == inList, s.place == inDetail, s.place == inHelp
	move := list && s.events || detail || help
	for _, b := range []*key.Binding{&k.Up, &k.Down, &k.PageUp, &k.PageDown, &k.Top, &k.Bottom} {
		b.SetEnabled(move)
	}
	k.Open.SetEnabled(list && s.events)
	k.Dismiss.SetEnabled(s.error && (list || detail))
	k.Back.SetEnabled((detail || help) && !k.Dismiss.Enabled())
	k.NextTab.SetEnabled(detail || list && s.events && s.wide)
	k.PrevTab.SetEnabled(k.NextTab.Enabled())
	k.Resend.SetEnabled((list || detail) && s.events)
	k.Filter.SetEnabled(list || detail)
	k.ClearFilter.SetEnabled(list && s.filtered && !k.Dismiss.Enabled())
	k.Apply.SetEnabled(s.place == inFilter)
	k.Cancel.SetEnabled(s.place == inFilter)
	k.Yes.SetEnabled(s.place == inConfirm)
	k.No.SetEnabled(s.place == inConfirm)
	k.Help.SetEnabled(list || detail || help)
	k.Quit.SetEnabled(list || detail || help)
	k.Suspend.SetEnabled(list || detail || help)
	top, bottom, toggle := "newest, and follow", "oldest", "help"
	if !list {
		top, bottom = "top", "bottom"
	}
	if help {
		toggle = "close"
	}
	k.Top.SetHelp("home/g", top)
	k.Bottom.SetHelp("end/G", bottom)
	k.Help.SetHelp("?", toggle)
}

// short are the keys of the bottom line, the important ones first.
func (k *keyMap) short() []key.Binding {
	return []key.Binding{
		k.Yes, k.No, k.Apply, k.Cancel, k.Dismiss, k.Back, k.ClearFilter,
		k.Open, k.NextTab, k.Resend, k.Filter, k.Help, k.Quit,
	}
}

// all are the keys of the help page.
func (k *keyMap) all() []key.Binding {
	return []key.Binding{
		k.Up, k.Down, k.PageUp, k.PageDown, k.Top, k.Bottom,
		k.Open, k.Back, k.NextTab, k.PrevTab, k.Resend, k.Filter, k.ClearFilter,
		k.Dismiss, k.Help, k.Suspend, k.Quit, k.Interrupt,
	}
}
