package inspector

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"taskhook/webhook"
	"taskhook/webhook/export"
)

// messageTime is how long a message stands that is not an error; an error
// stands until it is dismissed.
const messageTime = 6 * time.Second

// messageMost is how many lines a message may take.
const messageMost = 3

// message is what the last action came to.
type message struct {
	text  string
	mood  mood
	until time.Time // zero: until it is dismissed
}

func (m *model) say(md mood, text string) {
	m.message = message{text: text, mood: md}
	if md != moodBad {
		m.message.until = m.now.Add(messageTime)
	}
}

// expire takes back a message whose time is over.
func (m *model) expire() bool {
	if m.message.text == "" || m.message.until.IsZero() || m.now.Before(m.message.until) {
		return false
	}
	m.message = message{}
	return true
}

// messageLines draws the question, the message, or what hinders reading.
func (m *model) messageLines() []string {
	msg := m.message
	switch {
	case m.place == inConfirm:
		msg = message{text: m.question(), mood: moodWarn}
	case msg.text == "" && m.readErr != nil:
		msg = message{text: "cannot read events, trying again: " + m.readErr.Error(), mood: moodBad}
	case msg.text == "":
		return nil
	}
	text := export.Clean(clip(msg.text, messageMost*m.width))
	lines := wrap(text, m.width-2, messageMost, true)
	for i, l := range lines {
		lines[i] = " " + m.styles.mood(msg.mood, l)
	}
	return lines
}

// resentMsg is the outcome of a resend.
type resentMsg struct {
	id     webhook.ID
	resent webhook.Resent
	err    error
}

// askResend sends the selected event again; one that was refused for its
// signature only when the person agrees.
func (m *model) askResend() tea.Cmd {
	e, ok := m.selection()
	if !ok {
		return nil
	}
	m.list.hold()
	r := webhook.Resend{EventID: e.ID}
	if e.State(m.now) == webhook.StateRefused {
		r.Unverified = true
		m.asked, m.before, m.place = r, m.place, inConfirm
		return nil
	}
	return m.resend(r)
}

func (m *model) question() string {
	return m.asked.EventID.String() + " was refused for its signature. Send it to the app all the same? y/n"
}

// answer settles the question.
func (m *model) answer(yes bool) tea.Cmd {
	m.place = m.before
	if !yes {
		return nil
	}
	return m.resend(m.asked)
}

func (m *model) resend(r webhook.Resend) tea.Cmd {
	m.say(moodDim, "sending "+r.EventID.String()+" …")
	m.message.until = time.Time{}
	return m.background.do(func(ctx context.Context) tea.Msg {
		res, err := m.actions.Resend(ctx, r)
		return resentMsg{r.EventID, res, err}
	})
}

// resentSays turns the outcome of a resend into words.
func (m *model) resentSays(msg resentMsg) {
	a := msg.resent.Attempt
	switch {
	case errors.Is(msg.err, context.Canceled):
	case msg.err != nil:
		m.say(moodBad, fmt.Sprintf("%s was not sent: %v", msg.id, msg.err))
	default:
		outcome, md := fmt.Sprintf("%d in %s", a.StatusCode, brief(a.Duration)), moodGood
		switch {
		case a.StatusCode == 0:
			outcome, md = "no response: "+a.Error, moodBad
		case !webhook.Accepted(a.StatusCode):
			md = moodBad
		}
		sign := signGood
		if md == moodBad {
			sign = signBad
		}
		parts := append([]string{fmt.Sprintf("%s %s resent: %s, %s", sign, msg.id, outcome, msg.resent.State)}, msg.resent.Notes...)
		m.say(md, strings.TrimSuffix(sentences(append(parts, a.Hint)...), "."))
	}
	m.list.dirty, m.list.notYet = true, time.Time{}
}
