package inspector

import (
	"errors"
	"strings"
	"unicode/utf8"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
)

// prompt is a dialog that asks for one line of text.
type prompt struct {
	input    textinput.Model
	label    string
	history  []string // what was answered before, oldest first
	at       int      // in history; its length: what is being typed
	typed    string   // kept while the history is looked through
	why      string   // why the last answer would not do
	offered  bool     // the text is the screen's: typing replaces it, any other key takes it over
	validate func(text string) error
	preview  func(text string) string // what a text will do, shown below it; nil: nothing
	done     func(m *model, text string) tea.Cmd
}

var (
	keyAnswer = bind("enter", "go on", "enter")
	keyOlder  = bind("↑", "older", "up")
	keyNewer  = bind("↓", "newer", "down")
)

// newPrompt makes a prompt that begins with a text. done is called with what
// validate, which may be nil, finds nothing wrong with.
func newPrompt(label, text string, done func(m *model, text string) tea.Cmd) *prompt {
	p := &prompt{input: newInput(label + ": "), label: label, done: done}
	p.input.SetValue(text)
	p.input.CursorEnd()
	p.offered = text != ""
	p.input.Focus() // blinking is the terminal's
	return p
}

// newInput is a line to type into, in the screen's manner.
func newInput(before string) textinput.Model {
	in := textinput.New()
	in.Prompt = before
	in.CharLimit = 4096
	in.KeyMap.Paste.SetEnabled(false) // it would run programs; a terminal pastes by itself
	in.SetVirtualCursor(false)        // a real one: input methods need to know where it is
	plain := lipgloss.NewStyle()
	state := textinput.StyleState{Text: plain, Placeholder: plain.Faint(true), Suggestion: plain, Prompt: plain}
	st := in.Styles()
	st.Focused, st.Blurred = state, state
	in.SetStyles(st)
	return in
}

// askText opens a prompt with a history.
func (m *model) askText(p *prompt, history []string) {
	p.history, p.at = history, len(history)
	m.ask(p)
}

func (p *prompt) press(m *model, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch {
	case key.Matches(msg, keyLeave):
		return nil, true
	case key.Matches(msg, keyAnswer):
		text := strings.TrimSpace(p.input.Value())
		if p.validate != nil {
			if err := p.validate(text); err != nil {
				p.point(text, err)
				return nil, false
			}
		}
		m.leave(p)
		return p.done(m, text), true
	case key.Matches(msg, keyOlder):
		p.turn(-1)
		return nil, false
	case key.Matches(msg, keyNewer):
		p.turn(1)
		return nil, false
	}
	return p.update(msg), false
}

// misplaced is an error with the place, in bytes, of what is wrong.
type misplaced struct {
	error
	at int
}

// point says what is wrong with a text, with the cursor on it if it is known
// where that is.
func (p *prompt) point(text string, err error) {
	p.why = err.Error()
	var m misplaced
	if errors.As(err, &m) && m.at <= len(text) {
		p.input.SetValue(text)
		p.input.SetCursor(utf8.RuneCountInString(text[:m.at]))
	}
}

// update hands the line a message that is not one of the prompt's keys.
func (p *prompt) update(msg tea.Msg) tea.Cmd {
	if press, ok := msg.(tea.KeyPressMsg); ok {
		if p.offered && press.Text != "" {
			p.input.SetValue("")
		}
		p.offered = false
	}
	var cmd tea.Cmd
	p.input, cmd = p.input.Update(msg)
	p.why = ""
	return cmd
}

// turn goes through the history.
func (p *prompt) turn(by int) {
	if p.at == len(p.history) {
		p.typed = p.input.Value()
	}
	p.at = max(0, min(p.at+by, len(p.history)))
	text := p.typed
	if p.at < len(p.history) {
		text = p.history[p.at]
	}
	p.input.SetValue(text)
	p.input.CursorEnd()
	p.why = ""
}

func (p *prompt) lines(m *model, width, height int) []string {
	before := len(p.input.Prompt)
	p.input.SetWidth(max(1, width-before-1))
	p.input.SetCursor(p.input.Position()) // it scrolls only when the cursor is set
	text := ansi.Truncate(p.input.View(), width, "")
	if width <= before {
		text, _ = cut(p.label, width)
	}
	lines := []string{text}
	switch {
	case height < 2:
	case p.why != "":
		lines = append(lines, m.paragraph(moodBad, signBad+" "+p.why, width, height-1)...)
	case p.preview != nil:
		if text := p.preview(strings.TrimSpace(p.input.Value())); text != "" {
			lines = append(lines, m.paragraph(moodWarn, signWarning+" "+text, width, height-1)...)
		}
	}
	return lines
}

func (p *prompt) keys() []key.Binding {
	keys := []key.Binding{keyLeave, keyAnswer}
	if len(p.history) > 0 {
		keys = append(keys, keyOlder, keyNewer)
	}
	return keys
}

// remember puts an answer at the end of a history that has it once.
func remember(history []string, text string) []string {
	const most = 50
	kept := make([]string, 0, len(history)+1)
	for _, h := range history {
		if h != text {
			kept = append(kept, h)
		}
	}
	kept = append(kept, text)
	return kept[max(0, len(kept)-most):]
}
