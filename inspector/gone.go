package inspector

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// listenerMsg brings the listener's description.
type listenerMsg struct {
	listener webhook.Listener
	err      error
}

// apply implements result. A listener that cannot be asked is gone until it,
// or another one on the same store, answers.
//
//nolint:unparam // as the interface wants it
func (msg listenerMsg) apply(m *model) tea.Cmd {
	m.asking = false
	switch {
	case errors.Is(msg.err, context.Canceled):
		return nil
	case msg.err != nil:
		if m.goneAt.IsZero() {
			m.goneAt = m.now
		}
		return nil
	}
	before := m.listener
	m.listener = msg.listener
	m.list.stored = msg.listener.Counts.Events
	if m.goneAt.IsZero() {
		return nil
	}
	gone := m.now.Sub(m.goneAt)
	m.goneAt = time.Time{}
	m.list.dirty, m.list.notYet, m.list.retryAt = true, time.Time{}, time.Time{}
	text := signGood + " the listener answers again after " + format.Duration(gone.Truncate(time.Second))
	if !msg.listener.StartedAt.Equal(before.StartedAt) {
		text = signGood + " the listener was restarted " + format.ShortTime(msg.listener.StartedAt.In(m.loc), m.now)
	}
	m.say(moodGood, text)
	return nil
}

// feedError says why nothing can be read, "" if it can.
func (m *model) feedError() string {
	switch {
	case m.readErr == nil && m.goneAt.IsZero():
		return ""
	case !m.goneAt.IsZero():
		text := "the listener has been gone since " + format.Clock(m.goneAt.In(m.loc)) + "; reconnecting"
		if m.readErr != nil {
			text += ": " + m.readErr.Error()
		}
		return text
	}
	return "cannot read events, trying again: " + m.readErr.Error()
}
