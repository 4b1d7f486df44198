package inspector

import "charm.land/bubbles/v2/key"

// place is where the keys act.
type place int

const (
	inList place = iota
	inDetail
	inFilter
	inDialog
	inHelp
	inLog
)

// keyMap has every key of the screen, one struct a concern. A binding that
// means nothing where the person is is disabled there: it neither acts nor
// stands in the help.
type keyMap struct {
	moveKeys
	listKeys
	detailKeys
	filterKeys
	actionKeys
	platformKeys
	globalKeys
}

func bind(help, what string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(help, what))
}

func newKeyMap() keyMap {
	return keyMap{newMoveKeys(), newListKeys(), newDetailKeys(), newFilterKeys(), newActionKeys(), newPlatformKeys(), newGlobalKeys()}
}

// situation is what decides which keys mean something.
type situation struct {
	place      place
	wide       bool // the detail is beside the list
	events     bool // the list has a row
	filtered   bool
	marked     bool // the selected event is marked
	skippable  bool // it was rejected, and a rule may let its like pass
	onlyMarked bool // the list shows only marked events
	slowest    bool // the list is not in the order of time
	url        bool // there is a webhook URL
	running    bool // a listener runs
	shield     bool // its shield is up
	sending    bool // the app has not answered a resend yet
	error      bool // an error stands until it is dismissed
	tab        tab
	dialog     dialog // nil: none is open
	pane       paneSituation
}

// enable turns on exactly the keys of a situation.
func (k *keyMap) enable(s situation) {
	k.moveKeys.enable(s)
	k.globalKeys.enable(s)
	k.listKeys.enable(s)
	k.detailKeys.enable(s)
	k.filterKeys.enable(s)
	k.actionKeys.enable(s)
	k.platformKeys.enable(s)
	if k.Dismiss.Enabled() { // it is on the key of these
		k.Back.SetEnabled(false)
		k.ClearFilter.SetEnabled(false)
	}
}

// short are the keys of the bottom line, the important ones first.
func (k *keyMap) short() []key.Binding {
	return []key.Binding{
		k.Apply, k.Cancel, k.Complete, k.Earlier, k.CancelResend, k.Dismiss, k.Back, k.ClearFilter,
		k.Open, k.NextTab, k.OtherView, k.NextBase, k.Fold, k.Search, k.SkipVerify, k.Resend, k.Filter, k.Mark, k.Help, k.Simulate, k.Quit,
	}
}

// all are the keys of the help page.
func (k *keyMap) all() []key.Binding {
	var all []key.Binding
	for _, part := range [][]key.Binding{
		k.moveKeys.all(), k.listKeys.all(), k.detailKeys.all(), k.actionKeys.all(), k.platformKeys.all(), k.filterKeys.all(), k.globalKeys.all(),
	} {
		all = append(all, part...)
	}
	return all
}

// moveKeys move the selection, or what is visible.
type moveKeys struct {
	Up, Down, PageUp, PageDown, Top, Bottom key.Binding
}

func newMoveKeys() moveKeys {
	return moveKeys{
		Up:       bind("↑/k", "up", "up", "k"),
		Down:     bind("↓/j", "down", "down", "j"),
		PageUp:   bind("pgup", "page up", "pgup", "b"),
		PageDown: bind("pgdn", "page down", "pgdown", "space"),
		Top:      bind("home/g", "newest, live", "home", "g"),
		Bottom:   bind("end/G", "oldest", "end", "G"),
	}
}

func (k *moveKeys) enable(s situation) {
	list := s.place == inList
	for _, b := range []*key.Binding{&k.Up, &k.Down, &k.PageUp, &k.PageDown, &k.Top, &k.Bottom} {
		b.SetEnabled(list && s.events || s.place == inDetail || s.place == inHelp || s.place == inLog)
	}
	top, bottom := "newest, live", "oldest"
	if !list || s.slowest {
		top, bottom = "top", "bottom"
	}
	k.Top.SetHelp("home/g", top)
	k.Bottom.SetHelp("end/G", bottom)
}

func (k *moveKeys) all() []key.Binding {
	return []key.Binding{k.Up, k.Down, k.PageUp, k.PageDown, k.Top, k.Bottom}
}

// globalKeys act almost everywhere.
type globalKeys struct {
	Dismiss, CopyURL, Header, Log, Help, Suspend, Quit, Interrupt key.Binding
}

func newGlobalKeys() globalKeys {
	return globalKeys{
		Dismiss:   bind("esc", "dismiss the message", "esc"),
		CopyURL:   bind("c", "copy the webhook URL", "c"),
		Header:    bind("i", "all about the listener", "i"),
		Log:       bind("L", "the log", "L"),
		Help:      bind("?", "help", "?"),
		Suspend:   bind("ctrl+z", "suspend", "ctrl+z"),
		Quit:      bind("q", "quit", "q"),
		Interrupt: bind("ctrl+c", "quit at once", "ctrl+c"),
	}
}

func (k *globalKeys) enable(s situation) {
	list, help, log := s.place == inList, s.place == inHelp, s.place == inLog
	events := list || s.place == inDetail
	k.Dismiss.SetEnabled(s.error && events)
	k.CopyURL.SetEnabled(s.url && events)
	k.Header.SetEnabled(list || events && s.wide)
	k.Log.SetEnabled(events || log)
	k.Help.SetEnabled(events || help)
	k.Quit.SetEnabled(events || help || log)
	k.Suspend.SetEnabled(events || help || log)
	k.Help.SetHelp("?", toggled(help, "close", "help"))
	k.Log.SetHelp("L", toggled(log, "close", "the log"))
}

func (k *globalKeys) all() []key.Binding {
	return []key.Binding{k.Dismiss, k.CopyURL, k.Header, k.Log, k.Help, k.Suspend, k.Quit, k.Interrupt}
}
