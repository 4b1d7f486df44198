package inspector

import (
	"context"
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

// skipRule is the rule that lets requests like a rejected one pass unchecked, if
// there can be one. Whether there is, the listener knows.
func skipRule(e webhook.Summary) (string, bool) {
	if e.Decision != webhook.RejectedUnsigned {
		return "", false
	}
	rule, ok := httpwire.ExactPattern(e.Method, e.Path)
	return rule.String(), ok
}

// skipLines are the rules in the header.
func (m *model) skipLines() []string {
	rules := m.listener.SkipVerify
	if len(rules) == 0 {
		return nil
	}
	return []string{m.headerLine("skip", format.Clean(strings.Join(rules, ", ")), piece{"passes unchecked", moodWarn})}
}

// askSkipVerify asks whether requests like the selected one are to pass.
func (m *model) askSkipVerify() {
	e, ok := m.subject()
	rule, skippable := skipRule(e)
	if !ok || !skippable {
		return
	}
	m.ask(&question{
		text: "Is " + format.Clean(rule) + " no webhook? Then every such request goes to your app unchecked until taskhook ends.",
		yes: func(m *model) tea.Cmd {
			return m.background.do(func(ctx context.Context) tea.Msg {
				rule, err := m.actions.SkipVerifyLike(ctx, e.ID)
				return skippingMsg{e.ID, rule, err}
			})
		},
	})
}

// skippingMsg is the outcome of a new rule.
type skippingMsg struct {
	id   webhook.ID
	rule string
	err  error
}

// apply implements result.
//
//nolint:unparam // as the interface wants it
func (msg skippingMsg) apply(m *model) tea.Cmd {
	switch {
	case errors.Is(msg.err, context.Canceled):
	case msg.err != nil:
		m.say(moodBad, "nothing was changed: "+msg.err.Error())
	default:
		m.say(moodWarn, msg.rule+" passes unchecked until taskhook ends; for good: --skip-verify "+format.ShellQuote(msg.rule))
	}
	return nil
}
