package inspector

import (
	"strconv"
	"strings"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// columns are the widths of a row's cells; 0 leaves a cell out.
type columns struct {
	time, id, kind, verdict, hook, size, tries, took, outcome int
}

// kindEnough is how wide the type is before less important cells get room.
const kindEnough = 23

// columnsFor shares a width out for events up to newest; the type takes what
// is left.
func columnsFor(width int, newest webhook.ID) columns {
	c := columns{time: 8, id: max(6, len(newest.String())), verdict: 2, took: 7, outcome: 21}
	if width < 60 {
		c.took, c.outcome = 0, 6
	}
	c.kind = width - c.fixed()
	if width >= 60 {
		for _, more := range []struct {
			cell  *int
			width int
		}{{&c.tries, 2}, {&c.outcome, 23}, {&c.size, 7}, {&c.hook, 8}, {&c.outcome, 29}} {
			cost := more.width - *more.cell
			if *more.cell == 0 {
				cost++
			}
			if c.kind-cost >= kindEnough {
				*more.cell = more.width
				c.kind -= cost
			}
		}
	}
	c.kind = max(4, c.kind)
	return c
}

// fixed is what all cells but the type's take: two columns are the signs of
// selection and mark, one is at the end.
func (c columns) fixed() int {
	n := 3
	for _, w := range []int{c.time, c.id, c.verdict, c.hook, c.size, c.tries, c.took, c.outcome} {
		if w > 0 {
			n += w + 1
		}
	}
	return n
}

// rowsView draws the column names and the visible rows.
func (m *model) rowsView(width, height int) []string {
	l := &m.list
	newest := l.pos.Event
	if l.byTime() {
		newest = l.rows[0].ID
	}
	c := columnsFor(width, newest)
	lines := make([]string, 0, height)
	lines = append(lines, m.styles.mood(moodDim, c.names(l.byTime())))
	last := min(len(l.rows), l.off+height-1)
	for i := l.off; i < last; i++ {
		lines = append(lines, m.row(c, l.rows[i], i == l.sel))
	}
	return lines
}

// names are the names of the columns.
func (c columns) names(byTime bool) string {
	took, outcome := "   took", "  outcome"
	if !byTime {
		took = "  took↓"
	}
	if c.outcome < len(outcome) {
		outcome = ""
	}
	return "  " + cells(
		cell{"time", c.time}, cell{"#", c.id}, cell{"type", c.kind}, cell{"", c.verdict}, cell{"webhook", c.hook},
		cell{"   size", c.size}, cell{" ×", c.tries}, cell{took, c.took}, cell{outcome, c.outcome},
	)
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

// signMarked stands before a marked event.
const signMarked = "*"

// row draws one event.
func (m *model) row(c columns, e webhook.Summary, selected bool) string {
	sign, stateMood := stateSign(e.State(m.now))
	verdict, verdictMood := verdictSign(e.Verdict)
	outcome := sign + " " + outcomeBrief(e, m.now, m.opts.Policy, c.outcome-2)
	if e.Unsuccessful && webhook.Delivered(e.Outcome.Answer.Status) {
		stateMood = moodWarn
	}
	hook := e.WebhookID
	if len(hook) > c.hook {
		hook = hook[:c.hook]
	}
	cursor, mark := " ", " "
	if selected {
		cursor = "▌"
	}
	if e.Marked {
		mark = signMarked
	}
	var b strings.Builder
	b.WriteString(cursor)
	add := func(text string, width int, md mood) {
		if width == 0 {
			return
		}
		text = fit(text, width)
		if !selected {
			text = m.styles.mood(md, text)
		}
		b.WriteString(text)
	}
	add(mark, 1, moodWarn)
	for _, p := range []struct {
		cell
		mood
	}{
		{cell{format.Clock(e.ReceivedAt.In(m.loc)), c.time}, moodDim},
		{cell{e.ID.String(), c.id}, moodPlain},
		{cell{title(e.Event), c.kind}, moodPlain},
		{cell{verdict, c.verdict}, verdictMood},
		{cell{hook, c.hook}, moodDim},
		{cell{fitRight(format.Bytes(e.BodySize), c.size), c.size}, moodDim},
		{cell{fitRight(tries(e.Attempts), c.tries), c.tries}, moodDim},
		{cell{m.rowDuration(e, c.took), c.took}, moodDim},
		{cell{outcome, c.outcome}, stateMood},
	} {
		add(p.text, p.width, p.mood)
		if p.width > 0 {
			b.WriteByte(' ')
		}
	}
	switch {
	case !selected:
		return b.String()
	case m.place == inDetail:
		return m.styles.faded.on(b.String())
	}
	return m.styles.selected.on(b.String())
}

// tries is how often an event was sent to the app.
func tries(n int) string {
	switch {
	case n == 0:
		return ""
	case n > 99:
		return "99"
	}
	return strconv.Itoa(n)
}

// rowDuration is how long the last attempt took, or how long an event has been
// waiting for its answer.
func (m *model) rowDuration(e webhook.Summary, width int) string {
	if e.Attempts == 0 {
		waiting := m.now.Sub(e.ReceivedAt)
		if e.State(m.now) != webhook.StateForwarding || waiting < time.Second {
			return ""
		}
		return fitRight(format.Duration(waiting.Truncate(time.Second)), width)
	}
	text := format.Duration(e.LastDuration)
	if e.Slow && e.LastDuration >= time.Second {
		text += signWarning
	}
	return fitRight(text, width)
}
