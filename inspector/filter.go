package inspector

import (
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
)

// filterTicks is how many ticks typing has to rest before the store is asked.
const filterTicks = 3

// filter is the line that narrows the list while it is typed.
type filter struct {
	input textinput.Model
	rest  int // ticks until the list takes the text over; 0: it has
}

func newFilter() filter {
	in := textinput.New()
	in.Prompt = "/ "
	in.Placeholder = "type, webhookId, path or body"
	in.CharLimit = 200
	in.KeyMap.Paste.SetEnabled(false) // it would run programs; a terminal pastes by itself
	in.SetVirtualCursor(false)        // a real one: input methods need to know where it is
	plain := lipgloss.NewStyle()
	state := textinput.StyleState{Text: plain, Placeholder: plain.Faint(true), Suggestion: plain, Prompt: plain}
	st := in.Styles()
	st.Focused, st.Blurred = state, state
	in.SetStyles(st)
	return filter{input: in}
}

// open starts the line with the text in force.
func (f *filter) open(text string) tea.Cmd {
	f.input.SetValue(text)
	f.input.CursorEnd()
	return f.input.Focus()
}

func (f *filter) close() {
	f.rest = 0
	f.input.Blur()
}

// update hands the line a message that is not one of the screen's keys.
func (f *filter) update(msg tea.Msg) tea.Cmd {
	before := f.input.Value()
	var cmd tea.Cmd
	f.input, cmd = f.input.Update(msg)
	if f.input.Value() != before {
		f.rest = filterTicks
	}
	return cmd
}

// tick reports whether the text has rested long enough to be looked for.
func (f *filter) tick() bool {
	if f.rest == 0 {
		return false
	}
	f.rest--
	return f.rest == 0
}
