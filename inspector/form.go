package inspector

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/format"
)

// setting is a line of a form: a name and what is chosen for it, one of its
// values or, where it has none, what is typed.
type setting struct {
	name   string
	key    string // a letter that chooses the next value from everywhere; "": none
	values []string
	at     int
	idle   func() bool // it means nothing now; nil: it always means something

	text    string
	empty   string // what no text stands for
	takes   func(r rune) bool
	invalid func(text string) error // what is wrong with the text
}

// typedMost is how many characters can be typed into a setting.
const typedMost = 200

func (s *setting) typed() bool { return s.values == nil }

func (s *setting) turn(by int) { s.at = (s.at + by + len(s.values)) % len(s.values) }

// add types text into a setting.
func (s *setting) add(text string) {
	for _, r := range format.Clean(text) {
		if s.takes(r) && len(s.text) < typedMost {
			s.text += string(r)
		}
	}
}

// value is what is chosen, in words.
func (s *setting) value(selected bool) string {
	switch {
	case s.idle != nil && s.idle():
		return signNone
	case !s.typed():
		return "‹ " + s.values[s.at] + " ›"
	case selected:
		return s.text + "▏" + toggled(s.text == "", "  "+s.empty, "")
	case s.text == "":
		return s.empty
	}
	return s.text
}

// form is a dialog of settings that are gone through before something begins.
type form struct {
	text     string
	warn     func() string // what the person should know of the choice; nil: nothing
	settings []*setting
	at       int
	why      string // why it cannot begin like this
	begin    func(m *model) tea.Cmd
}

var (
	keyBegin  = bind("enter", "begin", "enter")
	keyChange = bind("←/→", "change", "left", "right", "space", "h", "l")
	keyErase  = bind("backspace", "erase", "backspace")
	keyPick   = bind("↑/↓", "choose", "up", "down", "k", "j", "tab", "shift+tab")
)

// backwards reports whether a key goes up or to the left.
func backwards(msg tea.KeyPressMsg) bool {
	switch msg.String() {
	case "up", "k", "shift+tab", "left", "h":
		return true
	}
	return false
}

func (f *form) press(m *model, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	s, by := f.settings[f.at], 1
	if backwards(msg) {
		by = -1
	}
	typing := s.typed() && len([]rune(msg.Text)) == 1
	if !typing {
		f.why = ""
	}
	switch {
	case key.Matches(msg, keyLeave):
		return nil, true
	case key.Matches(msg, keyBegin):
		if f.wrong() {
			return nil, false
		}
		m.leave(f)
		return f.begin(m), true
	case typing:
		s.add(msg.Text)
	case key.Matches(msg, keyPick):
		f.at = (f.at + by + len(f.settings)) % len(f.settings)
	case s.typed() && key.Matches(msg, keyErase):
		if runes := []rune(s.text); len(runes) > 0 {
			s.text = string(runes[:len(runes)-1])
		}
	case !s.typed() && key.Matches(msg, keyChange):
		s.turn(by)
	default:
		f.shortcut(msg.String())
	}
	return nil, false
}

// shortcut changes the setting that has a letter.
func (f *form) shortcut(letter string) {
	for i, s := range f.settings {
		if s.key != "" && s.key == letter {
			f.at = i
			s.turn(1)
		}
	}
}

// wrong goes to the first setting that cannot be meant, if there is one.
func (f *form) wrong() bool {
	for i, s := range f.settings {
		if s.invalid == nil {
			continue
		}
		if err := s.invalid(s.text); err != nil {
			f.at, f.why = i, s.name+": "+err.Error()
			return true
		}
	}
	return false
}

// paste types what was pasted.
func (f *form) paste(text string) {
	if s := f.settings[f.at]; s.typed() {
		s.add(strings.TrimSpace(text))
	}
}

func (f *form) lines(m *model, width, height int) []string {
	below := f.below(m, width, height)
	room := max(1, height-1-len(below))
	text := f.text
	if room < len(f.settings) {
		text = format.Count(f.at+1) + "/" + format.Count(len(f.settings)) + " " + text
	}
	first, _ := cut(text, width)
	lines := []string{first}
	from := max(0, min(f.at-room/2, len(f.settings)-room))
	for i := from; i < min(from+room, len(f.settings)); i++ {
		lines = append(lines, f.line(m, i, width))
	}
	return append(lines, below...)
}

// below is what is wrong, or should be known.
func (f *form) below(m *model, width, height int) []string {
	room := min(2, height-3)
	switch {
	case room < 1:
	case f.why != "":
		return m.paragraph(moodBad, signBad+" "+f.why, width, room)
	case f.warn != nil && f.warn() != "":
		return m.paragraph(moodWarn, signWarning+" "+f.warn(), width, room)
	}
	return nil
}

// line draws one setting.
func (f *form) line(m *model, i, width int) string {
	s := f.settings[i]
	sign := "  "
	if i == f.at {
		sign = "▸ "
	}
	text := fit(sign+fit(s.name, 9)+" "+s.value(i == f.at), width)
	switch {
	case i == f.at:
		return m.styles.selected.on(text)
	case s.idle != nil && s.idle():
		return m.styles.mood(moodDim, text)
	}
	return text
}

func (f *form) keys() []key.Binding {
	keys := []key.Binding{keyLeave, keyBegin, keyPick}
	if f.settings[f.at].typed() {
		return append(keys, bind("0-9 a-z", "type", ""))
	}
	keys = append(keys, keyChange)
	for _, s := range f.settings {
		if s.key != "" {
			keys = append(keys, bind(s.key, s.name, s.key))
		}
	}
	return keys
}
