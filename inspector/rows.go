package inspector

import (
	"strings"
	"time"

	"taskhook/webhook"
)

// columns are the widths of a row's cells; 0 leaves a cell out.
type columns struct {
	time, id, kind, verdict, hook, status, took, state int
}

// columnsFor shares a width out for events up to newest; the type takes what
// is left.
func columnsFor(width int, newest webhook.ID) columns {
	c := columns{time: 8, id: 6, verdict: 2, status: 4, took: 6, state: 16}
	switch {
	case width < 60:
		c.took, c.state = 0, 1
	case width >= 96:
		c.hook, c.state = 8, 24
	case width >= 76:
		c.state = 18
	}
	c.id = max(c.id, len(newest.String()))
	cells := 0
	for _, w := range []int{c.time, c.id, c.verdict, c.hook, c.status, c.took, c.state} {
		if w > 0 {
			cells += w + 1
		}
	}
	c.kind = max(4, width-cells-2) // one for the cursor, one at the end
	return c
}

// rowsView draws the column names and the visible rows.
func (m *model) rowsView(width, height int) []string {
	c := columnsFor(width, m.list.rows[0].ID)
	lines := make([]string, 0, height)
	lines = append(lines, m.styles.mood(moodDim, c.names()))
	l := &m.list
	last := min(len(l.rows), l.off+height-1)
	for i := l.off; i < last; i++ {
		lines = append(lines, m.row(c, l.rows[i], i == l.sel))
	}
	return lines
}

func (c columns) names() string {
	state := "state"
	if c.state == 1 {
		state = ""
	}
	return " " + cells(
		cell{"time", c.time}, cell{"#", c.id}, cell{"type", c.kind}, cell{"ok", c.verdict},
		cell{"webhook", c.hook}, cell{"code", c.status}, cell{" took", c.took}, cell{state, c.state})
}

type cell struct {
	text  string
	width int
}

func cells(row ...cell) string {
	var b strings.Builder
	for _, c := range row {
		if c.width > 0 {
			b.WriteString(fit(c.text, c.width))
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// row draws one event.
func (m *model) row(c columns, e webhook.Summary, selected bool) string {
	sign, stateMood := stateSign(e.State(m.now))
	mark, verdictMood := verdictSign(e.Verdict)
	code, codeMood := m.rowStatus(e)
	state := sign
	if c.state > 1 {
		state += " " + stateBrief(e, m.now, m.opts.Policy, c.state-2)
	}
	hook := e.WebhookID
	if len(hook) > c.hook {
		hook = hook[:c.hook]
	}
	parts := []struct {
		cell
		mood
	}{
		{cell{e.ReceivedAt.In(m.loc).Format("15:04:05"), c.time}, moodDim},
		{cell{e.ID.String(), c.id}, moodPlain},
		{cell{title(e.Event), c.kind}, moodPlain},
		{cell{mark, c.verdict}, verdictMood},
		{cell{hook, c.hook}, moodDim},
		{cell{code, c.status}, codeMood},
		{cell{rowDuration(e, c.took), c.took}, moodDim},
		{cell{state, c.state}, stateMood},
	}
	var b strings.Builder
	if selected {
		b.WriteString("▌")
	} else {
		b.WriteByte(' ')
	}
	for _, p := range parts {
		if p.width == 0 {
			continue
		}
		text := fit(p.text, p.width)
		if !selected {
			text = m.styles.mood(p.mood, text)
		}
		b.WriteString(text)
		b.WriteByte(' ')
	}
	switch {
	case !selected:
		return b.String()
	case m.place == inDetail:
		return m.styles.faded.on(b.String())
	}
	return m.styles.selected.on(b.String())
}

// rowStatus is the app's last status, or what Taskhook answered itself.
func (m *model) rowStatus(e webhook.Summary) (string, mood) {
	switch {
	case e.Attempts > 0 && e.Unsuccessful:
		return statusText(e.LastStatus) + signWarning, moodWarn
	case e.Attempts > 0:
		return statusText(e.LastStatus), statusMood(e.LastStatus)
	case e.Answer.Status != 0:
		return statusText(e.Answer.Status), moodDim
	}
	return "", moodPlain
}

func rowDuration(e webhook.Summary, width int) string {
	if e.Attempts == 0 {
		return ""
	}
	text := brief(e.LastDuration)
	if e.Slow && e.LastDuration >= time.Second {
		text += signWarning
	}
	return fitRight(text, width)
}
