package inspector

import (
	"fmt"
	"os/exec"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

// acts is what the actions keep between two of them.
type acts struct {
	targets     []string                   // that events were sent to by hand, the last one last
	drafts      map[webhook.ID]*draft      // edited and not yet sent
	later       []message                  // behind the error that stands
	rules       []string                   // that were added by hand, the last one last
	simulations map[webhook.ID]*simulation // the last one of each event
	resends     []*openResend              // that the app has not answered yet, the last one last
	// exec runs an editor on the terminal; nil: tea.ExecProcess.
	exec func(*exec.Cmd, tea.ExecCallback) tea.Cmd
}

// pressAction does what a key asks for, and reports whether it was such a key.
func (m *model) pressAction(msg tea.KeyPressMsg) (tea.Cmd, bool) {
	k := &m.keys
	switch {
	case key.Matches(msg, k.Resend):
		return m.askResend(webhook.Resend{}), true
	case key.Matches(msg, k.CancelResend):
		m.cancelResend()
		return nil, true
	case key.Matches(msg, k.AsNew):
		return m.askResend(webhook.Resend{NewID: true}), true
	case key.Matches(msg, k.Elsewhere):
		m.askTarget()
		return nil, true
	case key.Matches(msg, k.Edit):
		return m.edit(), true
	case key.Matches(msg, k.SendShown):
		return m.sendShown(), true
	case key.Matches(msg, k.Delete):
		return m.choose("delete", (*model).askDelete), true
	case key.Matches(msg, k.DeleteShown):
		return m.deleteShown(), true
	case key.Matches(msg, k.Export):
		return m.askExport(), true
	}
	return nil, false
}

// askResend sends the selected event again, or the marked ones.
func (m *model) askResend(r webhook.Resend) tea.Cmd {
	return m.choose("resend", func(m *model, c chosen) tea.Cmd { return m.askSend(c, r) })
}

// askTarget asks where to send, then sends.
func (m *model) askTarget() {
	text := format.Clean(m.listener.Target)
	if n := len(m.acts.targets); n > 0 {
		text = m.acts.targets[n-1]
	}
	p := newPrompt("send to", text, func(m *model, text string) tea.Cmd {
		m.acts.targets = remember(m.acts.targets, text)
		return m.askResend(webhook.Resend{To: text})
	})
	p.validate = invalidTarget
	m.list.hold()
	m.askText(p, m.acts.targets)
}

func invalidTarget(text string) error {
	_, err := httpwire.ParseTarget(text)
	return err
}

// askSend sends events; one that was rejected only when the
// person agrees, and more than a few only after a look at their number.
func (m *model) askSend(c chosen, r webhook.Resend) tea.Cmd {
	rejected := c.rejected()
	send := func(m *model) tea.Cmd { return m.sendAll(c, r) }
	switch n := len(c.events); {
	case n == 0:
		m.say(moodDim, "there is nothing to send")
		return nil
	case n == 1 && rejected == 1:
		m.ask(&question{text: c.name + " was rejected. Send it to the app all the same?", yes: send})
		return nil
	case n == 1 || n <= confirmAbove && rejected == 0:
		return send(m)
	case rejected > 0:
		m.askRejected(c, r, rejected)
		return nil
	}
	m.ask(&question{text: "Resend " + c.name + wordsOf(r) + ", in order of arrival?", yes: send})
	return nil
}

// askRejected asks for many events of which some were rejected; the answer
// confirms their number too.
func (m *model) askRejected(c chosen, r webhook.Resend, rejected int) {
	n := len(c.events)
	d := &menu{text: fmt.Sprintf("Resend %s%s, in order of arrival? Rejected for their signature: %s.", c.name, wordsOf(r), format.Count(rejected))}
	if rest := n - rejected; rest > 0 {
		d.choices = append(d.choices, choice{"w", "without", "send " + events(rest) + ", without the rejected", func(m *model) tea.Cmd {
			return m.sendAll(c.withoutRejected(), r)
		}})
	}
	d.choices = append(d.choices, choice{"a", "all", "send all " + format.Count(n) + ", the rejected too", func(m *model) tea.Cmd { return m.sendAll(c, r) }})
	m.ask(d)
}

// wordsOf says how a resend differs from a plain one.
func wordsOf(r webhook.Resend) string {
	switch {
	case r.NewID:
		return " as new events"
	case r.To != "":
		return " to " + format.MaskURLs(r.To)
	}
	return ""
}

// outcomeOf is what came of an attempt in words, and whether it was delivered.
func outcomeOf(a webhook.Attempt) (string, bool) {
	outcome := format.Status(0) + ": " + a.Error
	if a.StatusCode != 0 {
		outcome = format.Answer(a.StatusCode, a.Duration)
	}
	if a.Waited > 0 {
		outcome += ", " + format.Waited(a.Waited)
	}
	return outcome, webhook.Delivered(a.StatusCode)
}

// refresh lets the list be read again as soon as possible.
func (m *model) refresh() { m.list.dirty, m.list.notYet = true, m.now }

// events writes a number of events.
func events(n int) string { return format.Plural(n, "event", "events") }
