package inspector

import (
	"context"
	"errors"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// markChange is a mark that the person set or took away: it stands in the row at
// once, and until a page was read after the store had it.
type markChange struct {
	on   bool
	kept bool // the store has it
	at   int  // list.asked by then
}

// remark writes marks into rows that were read by a request, and forgets those
// that the rows must have by themselves.
func (l *list) remark(rows []webhook.Summary, number int) {
	for id, w := range l.marks {
		if w.kept && number > w.at {
			delete(l.marks, id)
		}
	}
	if len(l.marks) == 0 {
		return
	}
	for i := range rows {
		if w, ok := l.marks[rows[i].ID]; ok {
			rows[i].Marked = w.on
		}
	}
}

// setMark marks one event in the rows.
func (l *list) setMark(id webhook.ID, w markChange) {
	if l.marks == nil {
		l.marks = map[webhook.ID]markChange{}
	}
	l.marks[id] = w
	for i := range l.rows {
		if l.rows[i].ID == id {
			l.rows[i].Marked = w.on
		}
	}
}

// markedMsg says what became of a mark.
type markedMsg struct {
	id  webhook.ID
	on  bool
	err error
}

// toggleMark marks the selected event, or takes its mark away.
func (m *model) toggleMark() tea.Cmd {
	e, ok := m.selection()
	if !ok {
		return nil
	}
	m.list.hold()
	on := !e.Marked
	m.list.setMark(e.ID, markChange{on: on})
	return m.background.do(func(ctx context.Context) tea.Msg {
		return markedMsg{e.ID, on, m.actions.Mark(ctx, []webhook.ID{e.ID}, on)}
	})
}

// apply implements result.
//
//nolint:unparam // as the interface wants it
func (msg markedMsg) apply(m *model) tea.Cmd {
	l := &m.list
	now, known := l.marks[msg.id]
	switch {
	case errors.Is(msg.err, context.Canceled), known && now.on != msg.on: // pressed again since
	case msg.err != nil:
		delete(l.marks, msg.id)
		for i := range l.rows {
			if l.rows[i].ID == msg.id {
				l.rows[i].Marked = !msg.on
			}
		}
		m.say(moodBad, fmt.Sprintf("cannot mark %s: %v", msg.id, msg.err))
	case known:
		now.kept, now.at = true, l.asked
		l.marks[msg.id] = now
	}
	l.dirty = true
	return nil
}

// unmarkedMsg says how many marks were removed.
type unmarkedMsg struct {
	n   int
	err error
}

// unmarkAll removes the marks of all events.
func (m *model) unmarkAll() tea.Cmd {
	return m.background.do(func(ctx context.Context) tea.Msg {
		n, err := unmarkAll(ctx, m.feed, m.actions)
		return unmarkedMsg{n, err}
	})
}

func unmarkAll(ctx context.Context, feed Feed, actions Actions) (n int, err error) {
	for chunk, err := range feed.Read(ctx, markedQuery()) {
		if err != nil {
			return n, err
		}
		if len(chunk.Records) == 0 {
			continue
		}
		ids := make([]webhook.ID, len(chunk.Records))
		for i, r := range chunk.Records {
			ids[i] = r.ID
		}
		if err := actions.Mark(ctx, ids, false); err != nil {
			return n, err
		}
		n += len(ids)
	}
	return n, nil
}

// apply implements result.
//
//nolint:unparam // as the interface wants it
func (msg unmarkedMsg) apply(m *model) tea.Cmd {
	l := &m.list
	l.marks = nil
	switch {
	case errors.Is(msg.err, context.Canceled):
	case msg.err != nil:
		m.say(moodBad, fmt.Sprintf("cannot remove all marks: %v", msg.err))
	default:
		for i := range l.rows {
			l.rows[i].Marked = false
		}
		m.say(moodDim, format.Plural(msg.n, "mark", "marks")+" removed")
	}
	l.dirty = true
	return nil
}
