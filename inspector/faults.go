package inspector

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/proxy/fault"
	"github.com/taskhook/taskhook/webhook"
)

// faultTable is the dialog of the rules that inject faults.
type faultTable struct{ at int }

// faultsWide is the width from which the table has all its columns.
const faultsWide = 60

var (
	keyShut       = bind("esc", "close", "esc", "q")
	keyAddRule    = bind("a", "add", "a", "enter", "+")
	keyRemoveRule = bind("d", "remove", "d", "delete")
	keyClearRules = bind("c", "remove all", "c")
)

func (t *faultTable) press(m *model, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	rules := m.listener.Faults
	switch {
	case key.Matches(msg, keyShut):
		return nil, true
	case key.Matches(msg, keyPick):
		t.at++
		if backwards(msg) {
			t.at -= 2
		}
		t.at = max(0, min(t.at, len(rules)-1))
	case key.Matches(msg, keyAddRule):
		m.leave(t)
		m.askRule(t)
		return nil, true
	case key.Matches(msg, keyRemoveRule) && t.at < len(rules):
		return m.changeFaults(webhook.FaultChange{Remove: []int{rules[t.at].ID}}), false
	case key.Matches(msg, keyClearRules) && len(rules) > 0:
		m.leave(t)
		back := func(m *model) tea.Cmd {
			m.ask(t)
			return nil
		}
		m.ask(&question{text: "Remove " + format.Plural(len(rules), "rule", "rules") + "?", no: back, yes: func(m *model) tea.Cmd {
			m.ask(t)
			return m.changeFaults(webhook.FaultChange{Clear: true})
		}})
		return nil, true
	}
	return nil, false
}

// askRule asks for a rule to add and shows the table again.
func (m *model) askRule(t *faultTable) {
	p := newPrompt("rule", "", func(m *model, text string) tea.Cmd {
		m.acts.rules = remember(m.acts.rules, text)
		m.ask(t)
		return m.changeFaults(webhook.FaultChange{Add: []string{text}})
	})
	p.input.Placeholder = "status:429 rate:30% for type:ContactCreate"
	p.validate, p.preview = validRule, rulePreview
	m.askText(p, m.acts.rules)
}

// validRule says what is wrong with a rule, and where.
func validRule(text string) error {
	_, err := fault.Parse(text)
	var bad *fault.RuleError
	if !errors.As(err, &bad) {
		return err
	}
	return misplaced{err, bad.Offset + bad.Length} // behind it, where backspace erases it
}

// rulePreview says what a rule will do and what it costs on the real platform,
// "" while the text is not a rule.
func rulePreview(text string) string {
	r, err := fault.Parse(text)
	if err != nil {
		return ""
	}
	return sentences(r.Description(), r.Warning())
}

// changeFaults changes the rules and shows them.
func (m *model) changeFaults(c webhook.FaultChange) tea.Cmd {
	return m.background.do(func(ctx context.Context) tea.Msg {
		rules, err := m.actions.ChangeFaults(ctx, c)
		return faultsMsg{c, rules, err}
	})
}

// faultsMsg is the rules after a change.
type faultsMsg struct {
	change webhook.FaultChange
	rules  []webhook.FaultRule
	err    error
}

// apply implements result. The table says what an added rule costs; if it is
// closed, a message does.
//
//nolint:unparam // as the interface wants it
func (msg faultsMsg) apply(m *model) tea.Cmd {
	t, open := m.dialog.(*faultTable)
	open = open && m.place == inDialog
	n := len(msg.rules)
	switch {
	case errors.Is(msg.err, context.Canceled):
		return nil
	case msg.err != nil:
		if open {
			m.leave(t) // the message takes its place
		}
		m.say(moodBad, "the rules were not changed: "+msg.err.Error())
		return nil
	case len(msg.change.Add) > 0 && n > 0 && open:
		t.at = n - 1
	case len(msg.change.Add) > 0 && n > 0:
		last := msg.rules[n-1]
		m.say(moodWarn, fmt.Sprintf("rule %d: %s", last.ID, sentences(last.Effect, last.Warning)))
	}
	m.listener.Faults = msg.rules
	return nil
}

func (t *faultTable) lines(m *model, width, height int) []string {
	rules := m.listener.Faults
	if len(rules) == 0 {
		return m.paragraph(moodDim, "No fault rules. Press a to add one, such as status:429 rate:30% for type:ContactCreate", width, height)
	}
	t.at = max(0, min(t.at, len(rules)-1))
	names := "  #  fired/seen left   ends    rule"
	if width < faultsWide {
		names = "  #  fired left rule"
	}
	lines := []string{m.styles.mood(moodDim, fit(names, width))}
	var below []string
	if height > 4 {
		text := sentences(rules[t.at].Effect, rules[t.at].Warning)
		below = m.paragraph(moodWarn, signWarning+" "+text, width, min(4, height-3))
	}
	shown := max(1, height-1-len(below))
	from := max(0, min(t.at-shown/2, len(rules)-shown))
	for i := from; i < min(from+shown, len(rules)); i++ {
		lines = append(lines, m.ruleRow(rules[i], i == t.at, width))
	}
	return append(lines, below...)
}

// ruleRow is one rule of the table.
func (m *model) ruleRow(r webhook.FaultRule, selected bool, width int) string {
	text := toggled(selected, "▸ ", "  ") + fit(strconv.Itoa(r.ID), 2) + " "
	if width < faultsWide {
		text += fit(strconv.Itoa(r.Fired), 5) + " " + fit(ruleLeft(r), 4) + " "
	} else {
		text += fit(strconv.Itoa(r.Fired)+"/"+strconv.Itoa(r.Matched), 10) + " " + fit(ruleLeft(r), 6) + " " + fit(m.ruleEnds(r), 7) + " "
	}
	text = fit(text+format.Clean(r.Text), width)
	switch {
	case selected:
		return m.styles.selected.on(text)
	case r.Ended:
		return m.styles.mood(moodDim, text)
	}
	return text
}

// ruleLeft says how often a rule will still act.
func ruleLeft(r webhook.FaultRule) string {
	switch {
	case r.Ended:
		return "done"
	case r.Limit > 0:
		return strconv.Itoa(max(0, r.Limit-r.Fired))
	}
	return "–"
}

// ruleEnds says when a rule ends.
func (m *model) ruleEnds(r webhook.FaultRule) string {
	switch {
	case r.Ended:
		return "ended"
	case !r.Ends.IsZero():
		return format.Until(r.Ends, m.now)
	}
	return "–"
}

func (t *faultTable) keys() []key.Binding {
	return []key.Binding{keyShut, keyAddRule, keyRemoveRule, keyClearRules, keyPick}
}

// toggleShield puts the shield up or down.
func (m *model) toggleShield() tea.Cmd {
	on := !m.listener.Shielded()
	return m.background.do(func(ctx context.Context) tea.Msg {
		return shieldMsg{on, m.actions.SetShield(ctx, on)}
	})
}

// setShield notes what the listener will say when it is asked again.
func (m *model) setShield(on bool) {
	m.listener.Shield = on
	for i := range m.listener.Routes {
		m.listener.Routes[i].Shield = on && m.listener.Routes[i].Target != ""
	}
}

// shieldMsg is the outcome of a change of the shield.
type shieldMsg struct {
	on  bool
	err error
}

// apply implements result.
//
//nolint:unparam // as the interface wants it
func (msg shieldMsg) apply(m *model) tea.Cmd {
	switch {
	case msg.err != nil:
		m.say(moodBad, "the shield was not changed: "+msg.err.Error())
	case msg.on:
		m.setShield(true)
		m.say(moodWarn, "shield up: while the app is down or too slow, Taskee is answered 429 and sends again for about 70 minutes")
	default:
		m.setShield(false)
		m.say(moodWarn, "shield down: what the app misses fails on Taskee and kept only here")
	}
	return nil
}
