package inspector

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"taskhook/proxy/fault"
	"taskhook/webhook"
	"taskhook/webhook/export"
)

// faultTable is the dialog of the rules that inject faults.
type faultTable struct{ at int }

var (
	keyAddRule    = bind("a", "add", "a", "+")
	keyRemoveRule = bind("d", "remove", "d", "delete")
	keyClearRules = bind("C", "remove all", "C")
)

func (t *faultTable) press(m *model, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	rules := m.listener.Faults
	switch {
	case key.Matches(msg, keyClose):
		return nil, true
	case key.Matches(msg, keyPick):
		t.at++
		if s := msg.String(); s == "up" || s == "k" || s == "shift+tab" {
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
		m.ask(&question{text: "Remove " + plural(len(rules), "rule") + "?", yes: func(m *model) tea.Cmd {
			return m.changeFaults(webhook.FaultChange{Clear: true})
		}})
		return nil, true
	}
	return nil, false
}

// askRule asks for a rule to add. The table comes back after it.
func (m *model) askRule(t *faultTable) {
	p := newPrompt("rule", "", func(m *model, text string) tea.Cmd {
		m.acts.rules = remember(m.acts.rules, text)
		m.ask(t)
		return m.changeFaults(webhook.FaultChange{Add: []string{text}})
	})
	p.input.Placeholder = "type:ContactCreate rate:30% status:429"
	p.validate = validRule
	m.askText(p, m.acts.rules)
}

// validRule says what is wrong with a rule, and where.
func validRule(text string) error {
	_, err := fault.Parse(text)
	var bad *fault.RuleError
	if errors.As(err, &bad) && bad.Length > 0 {
		return fmt.Errorf("%s: %w", text[bad.Offset:bad.Offset+bad.Length], err)
	}
	return err
}

// changeFaults changes the rules, and shows what they are then.
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

// apply implements result.
//
//nolint:unparam // as the interface wants it
func (msg faultsMsg) apply(m *model) tea.Cmd {
	if msg.err != nil {
		m.say(moodBad, "the rules were not changed: "+msg.err.Error())
		return nil
	}
	m.listener.Faults = msg.rules
	if n := len(msg.rules); len(msg.change.Add) > 0 && n > 0 {
		if warning := msg.rules[n-1].Warning; warning != "" {
			m.say(moodWarn, fmt.Sprintf("rule %d: %s", msg.rules[n-1].ID, warning))
		}
	}
	return nil
}

func (t *faultTable) lines(m *model, width, height int) []string {
	rules := m.listener.Faults
	if len(rules) == 0 {
		return m.paragraph(moodDim, "No rules: nothing is injected. a adds one, such as type:ContactCreate rate:30% status:429", width, height)
	}
	t.at = max(0, min(t.at, len(rules)-1))
	lines := []string{m.styles.mood(moodDim, fit("  #  done    ends          rule", width))}
	warning := rules[t.at].Effect
	if w := rules[t.at].Warning; w != "" {
		warning += "; " + w
	}
	var below []string
	if height > 4 {
		below = m.paragraph(moodWarn, signWarning+" "+warning, width, min(3, height-3))
	}
	room := max(1, height-1-len(below))
	from := max(0, min(t.at-room/2, len(rules)-room))
	for i := from; i < min(from+room, len(rules)); i++ {
		lines = append(lines, m.ruleRow(rules[i], i == t.at, width))
	}
	return append(lines, below...)
}

// ruleRow is one rule of the table.
func (m *model) ruleRow(r webhook.FaultRule, selected bool, width int) string {
	sign := "  "
	if selected {
		sign = "▸ "
	}
	done := strconv.Itoa(r.Fired) + "/" + strconv.Itoa(r.Matched)
	text := fit(sign+fit(strconv.Itoa(r.ID), 2)+" "+fit(done, 7)+" "+fit(m.ruleEnds(r), 13)+" "+export.Clean(r.Text), width)
	switch {
	case selected:
		return m.styles.selected.on(text)
	case r.Ended:
		return m.styles.mood(moodDim, text)
	}
	return text
}

// ruleEnds says when a rule ends by itself.
func (m *model) ruleEnds(r webhook.FaultRule) string {
	switch {
	case r.Ended:
		return "ended"
	case r.Limit > 0:
		return "after " + strconv.Itoa(r.Limit)
	case !r.Ends.IsZero():
		return until(r.Ends, m.now)
	}
	return "never"
}

func (t *faultTable) keys() []key.Binding {
	return []key.Binding{keyClose, keyAddRule, keyRemoveRule, keyClearRules, keyPick}
}

// toggleShield puts the shield up or down.
func (m *model) toggleShield() tea.Cmd {
	on := !m.listener.Shield
	return m.background.do(func(ctx context.Context) tea.Msg {
		return shieldMsg{on, m.actions.SetShield(ctx, on)}
	})
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
		m.listener.Shield = true
		m.say(moodWarn, "shield up: while the app is down or too slow, Taskee is answered 429 and sends again for about 70 minutes")
	default:
		m.listener.Shield = false
		m.say(moodWarn, "shield down: what the app misses is lost on Taskee and kept only here")
	}
	return nil
}
