package inspector

import (
	"errors"
	"slices"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook/filter"
)

const (
	// filterTicks is how many ticks typing has to rest before the store is
	// asked, and before an error is pointed out.
	filterTicks = 3
	filterMost  = 4096 // letters
	historyMost = 100
)

// filterLine narrows the list while it is typed. Its text may be wrong; the
// list keeps the last one that was not.
type filterLine struct {
	input textinput.Model
	rest  int                 // ticks until the list takes the text over; 0: it has
	wrong *filter.SyntaxError // in the text as it stands, once it rests

	before  scope    // of the list when the line was opened
	history []string // oldest first
	at      int      // index into history; its length: what is being typed
	draft   string   // what was being typed when history was entered

	offers []filter.Completion // at the cursor
	chosen int                 // index into offers; -1: none
	typed  string              // the text that offers are for
	cursor int                 // where the cursor was then, in bytes
}

func newFilter() filterLine {
	in := textinput.New()
	in.Prompt = "/ "
	in.Placeholder = "a text, or type: status: state: …"
	in.CharLimit = filterMost
	in.KeyMap.Paste.SetEnabled(false) // it would run programs; a terminal pastes by itself
	in.SetVirtualCursor(false)        // a real one: input methods need to know where it is
	plain := lipgloss.NewStyle()
	state := textinput.StyleState{Text: plain, Placeholder: plain.Faint(true), Suggestion: plain, Prompt: plain}
	st := in.Styles()
	st.Focused, st.Blurred = state, state
	in.SetStyles(st)
	return filterLine{input: in, chosen: -1}
}

// open starts the line with the text in force.
func (f *filterLine) open(s scope, types []string) tea.Cmd {
	f.before, f.wrong = s, nil
	f.at, f.draft = len(f.history), s.text
	f.set(s.text, len(s.text))
	f.rest = 0
	f.offer(types)
	return f.input.Focus()
}

func (f *filterLine) close() {
	f.rest, f.wrong, f.offers, f.chosen = 0, nil, nil, -1
	f.input.Blur()
}

// set replaces the text and puts the cursor behind a byte of it.
func (f *filterLine) set(text string, cursor int) {
	f.input.SetValue(text)
	f.input.SetCursor(len([]rune(text[:cursor])))
	f.rest = filterTicks
}

// position is the cursor's place in bytes.
func (f *filterLine) position() int {
	runes := []rune(f.input.Value())
	return len(string(runes[:min(f.input.Position(), len(runes))]))
}

// update hands the line a message that is not one of the screen's keys.
func (f *filterLine) update(msg tea.Msg, types []string) tea.Cmd {
	before, at := f.input.Value(), f.input.Position()
	if paste, ok := msg.(tea.PasteMsg); ok {
		paste.Content = format.Clean(paste.Content)
		msg = paste
	}
	var cmd tea.Cmd
	f.input, cmd = f.input.Update(msg)
	if f.input.Value() != before {
		f.rest = filterTicks
		if f.wrong != nil {
			f.check() // an error that is mended is not shown a moment longer
		}
	}
	if f.input.Value() != before || f.input.Position() != at {
		f.offer(types)
	}
	return cmd
}

// check parses the text and reports whether it can be used.
func (f *filterLine) check() bool {
	f.wrong = nil
	text := f.input.Value()
	_, err := filter.Parse(text)
	if err == nil {
		// What the list adds to it must have room as well.
		_, err = filter.Parse(both("id:1000000000000.. is:marked", text))
	}
	if err == nil {
		return true
	}
	if !errors.As(err, &f.wrong) {
		f.wrong = &filter.SyntaxError{Message: err.Error()}
	}
	f.wrong.Offset = min(f.wrong.Offset, len(text))
	f.wrong.Length = min(f.wrong.Length, len(text)-f.wrong.Offset)
	return false
}

// tick reports whether the text has rested long enough and can be looked for.
func (f *filterLine) tick() (rested, usable bool) {
	if f.rest == 0 {
		return false, false
	}
	if f.rest--; f.rest > 0 {
		return false, false
	}
	return true, f.check()
}

// offer looks for what can stand at the cursor.
func (f *filterLine) offer(types []string) {
	f.typed, f.cursor = f.input.Value(), f.position()
	f.offers, f.chosen = filter.Complete(f.typed, f.cursor, types), -1
	if len(f.offers) == 1 { // what stands there already is no offer
		if c := f.offers[0]; f.typed[c.Start:c.End] == c.Text {
			f.offers = nil
		}
	}
}

// complete puts the next offer into the text.
func (f *filterLine) complete(by int, types []string) {
	if len(f.offers) == 0 {
		return
	}
	n := len(f.offers)
	if f.chosen < 0 && by < 0 {
		f.chosen = 0
	}
	f.chosen = (f.chosen + by + n) % n
	c := f.offers[f.chosen]
	f.set(f.typed[:c.Start]+c.Text+f.typed[c.End:], c.Start+len(c.Text))
	if n == 1 {
		f.offer(types)
	}
}

// remember keeps a text for the session, once.
func (f *filterLine) remember(text string) {
	if text == "" {
		return
	}
	f.history = slices.DeleteFunc(f.history, func(s string) bool { return s == text })
	f.history = append(f.history, text)
	f.history = f.history[max(0, len(f.history)-historyMost):]
}

// recall goes through the filters used before.
func (f *filterLine) recall(by int, types []string) {
	at := max(0, min(f.at+by, len(f.history)))
	if at == f.at {
		return
	}
	if f.at == len(f.history) {
		f.draft = f.input.Value()
	}
	f.at = at
	text := f.draft
	if at < len(f.history) {
		text = f.history[at]
	}
	f.set(text, len(text))
	f.wrong = nil
	f.offer(types)
}

// pressFilter types into the filter line.
func (m *model) pressFilter(msg tea.KeyPressMsg) tea.Cmd {
	k, f := &m.keys, &m.filter
	switch {
	case key.Matches(msg, k.Apply):
		text := strings.TrimSpace(f.input.Value())
		if !f.check() {
			return nil
		}
		m.list.setText(text)
		f.remember(text)
		f.close()
		m.place = inList
	case key.Matches(msg, k.Cancel):
		m.list.setScope(f.before)
		f.close()
		m.place = inList
	case key.Matches(msg, k.Complete):
		f.complete(1, m.list.seenTypes())
	case key.Matches(msg, k.CompleteBack):
		f.complete(-1, m.list.seenTypes())
	case key.Matches(msg, k.Earlier):
		f.recall(-1, m.list.seenTypes())
	case key.Matches(msg, k.Later):
		f.recall(1, m.list.seenTypes())
	default:
		return f.update(msg, m.list.seenTypes())
	}
	return nil
}

// seenTypes are the types that have been in the list so far, in order.
func (l *list) seenTypes() []string {
	types := make([]string, 0, len(l.types))
	for t := range l.types {
		types = append(types, t)
	}
	slices.Sort(types)
	return types
}
