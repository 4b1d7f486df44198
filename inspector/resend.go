package inspector

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// openResend is a resend in progress. It lasts as long as the app takes: somebody
// may sit at a breakpoint.
type openResend struct {
	id        webhook.ID
	cancel    context.CancelFunc
	cancelled bool
}

// resend sends one event.
func (m *model) resend(r webhook.Resend) tea.Cmd {
	ctx, cancel := context.WithCancel(m.background.ctx)
	running := &openResend{id: r.EventID, cancel: cancel}
	m.acts.resends = append(m.acts.resends, running)
	m.say(moodDim, "sending "+r.EventID.String()+" …; "+m.keys.CancelResend.Help().Key+" cancels")
	m.showFor(0)
	return m.background.do(func(context.Context) tea.Msg {
		defer cancel()
		res, err := m.actions.Resend(ctx, r)
		return resentMsg{running, r.Edited != nil, res, err}
	})
}

// cancelResend gives up the last resend that the app has not answered.
func (m *model) cancelResend() {
	if n := len(m.acts.resends); n > 0 {
		last := m.acts.resends[n-1]
		last.cancelled = true
		last.cancel()
	}
}

// resentMsg is the outcome of a resend.
type resentMsg struct {
	*openResend
	edited bool
	resent webhook.Resent
	err    error
}

// apply turns the outcome of a resend into words.
func (msg resentMsg) apply(m *model) tea.Cmd {
	m.acts.resends = slices.DeleteFunc(m.acts.resends, func(r *openResend) bool { return r == msg.openResend })
	cmd := m.finishDraft(msg)
	_, delivered := outcomeOf(msg.resent.Attempt)
	switch {
	case msg.cancelled && !delivered:
		m.say(moodWarn, fmt.Sprintf("%s: cancelled; your app may have got it", msg.id)+m.draftWords(msg.id))
	case errors.Is(msg.err, context.Canceled):
	case msg.err != nil:
		m.say(moodBad, fmt.Sprintf("%s was not sent: %v", msg.id, msg.err)+m.draftWords(msg.id))
	default:
		m.say(msg.words(m))
	}
	m.refresh()
	return cmd
}

// words say what the app answered.
func (msg resentMsg) words(m *model) (mood, string) {
	outcome, ok := outcomeOf(msg.resent.Attempt)
	sign, md := signGood, moodGood
	if !ok {
		sign, md = signBad, moodBad
	}
	state := format.StateAfter(msg.resent.Attempt, msg.resent.State)
	parts := append([]string{fmt.Sprintf("%s %s resent: %s, %s", sign, msg.id, outcome, state)}, m.noteTexts(msg.resent.Notes)...)
	return md, strings.TrimSuffix(sentences(append(parts, msg.resent.Attempt.Hint)...), ".")
}

// noteTexts are notes about a resend with the keys that help.
func (m *model) noteTexts(notes []string) []string {
	all := slices.Clone(notes)
	for i, note := range notes {
		switch note {
		case webhook.NoteSameID:
			all[i] += "; " + m.keys.AsNew.Help().Key + " resends it as new"
		case webhook.NoteSameSignature:
			all[i] += "; choose dev for the signature"
		}
	}
	return all
}
