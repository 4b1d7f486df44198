package inspector

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"taskhook/webhook"
	"taskhook/webhook/export"
)

// tab is one page of the detail.
type tab int

const (
	tabPayload tab = iota
	tabHeaders
	tabAttempts
	tabCount
)

// detailEvery is how often the detail follows the newest event; a pane that
// changes faster cannot be read.
const detailEvery = 300 * time.Millisecond

// shown is an event as the detail shows it, laid out for a width. Its body is
// only in the lines.
type shown struct {
	event    webhook.Event
	summary  webhook.Summary // of the event, when it was read
	attempts []webhook.Attempt
	width    int
	lines    [tabCount][]line
	err      error
}

// detailMsg brings an event that the detail asked for.
type detailMsg struct{ shown }

// detail shows one event.
type detail struct {
	shown
	tab     tab
	offset  [tabCount]int
	height  int // visible lines of a tab
	want    int // width to lay out for
	loading bool
	readAt  time.Time
}

// stale reports whether what is shown is not the event e as it is now.
func (d *detail) stale(e webhook.Summary, now time.Time, follow bool) bool {
	switch {
	case d.loading || d.want <= 0:
		return false
	case follow && now.Sub(d.readAt) < detailEvery, d.err != nil && d.event.ID == e.ID && now.Sub(d.readAt) < time.Second:
		return false
	}
	return d.event.ID != e.ID || d.width != d.want || d.err != nil ||
		len(d.attempts) != e.Attempts || d.event.Answer.Status != e.Answer.Status
}

// load reads an event and lays it out.
func (d *detail) load(e webhook.Summary, now time.Time, b *background, feed Feed, o *Options) tea.Cmd {
	d.loading, d.readAt = true, now
	width := d.want
	return b.do(func(ctx context.Context) tea.Msg {
		s := shown{summary: e, width: width}
		s.event, s.err = feed.Event(ctx, e.ID)
		if s.err == nil || errors.Is(s.err, webhook.ErrPruned) {
			s.attempts, s.err = feed.Attempts(ctx, e.ID)
		}
		s.event.ID = e.ID
		if s.err == nil {
			s.lines = [tabCount][]line{
				tabPayload:  payloadLines(s.event, width),
				tabHeaders:  headerLines(s.event, width),
				tabAttempts: attemptLines(s, width, o),
			}
		}
		s.event.Body = nil
		for i := range s.attempts {
			s.attempts[i].Body, s.attempts[i].Sent = nil, nil
		}
		return detailMsg{s}
	})
}

func (d *detail) apply(msg detailMsg) {
	d.loading = false
	if msg.event.ID != d.event.ID {
		d.offset = [tabCount]int{}
	}
	d.shown = msg.shown
	d.scroll(0)
}

// scroll moves the visible lines.
func (d *detail) scroll(by int) {
	o := &d.offset[d.tab]
	*o = max(0, min(*o+by, len(d.lines[d.tab])-d.height))
}

func (d *detail) turn(by int) {
	d.tab = (d.tab + tab(by) + tabCount) % tabCount
	d.scroll(0)
}

// subject is the event that the detail is about: the selected one or, while
// the newest changes faster than a person reads, the one read last.
func (m *model) subject() (webhook.Summary, bool) {
	e, ok := m.selection()
	last := m.detail.summary
	if !ok || !m.list.follow || last.ID == 0 || last.ID == e.ID {
		return e, ok
	}
	if i := m.list.indexOf(last.ID); m.list.rows[i].ID == last.ID {
		return m.list.rows[i], true
	}
	return last, true
}

// detailHead are the lines above a tab's own: which event, what became of it,
// what its signature says, and the tabs.
func (m *model) detailHead(e webhook.Summary, width int) []string {
	s := &m.styles
	sign, stateMood := stateSign(e.State(m.now))
	state := sign + " " + stateLong(e.Outcome, e.Try, m.now, m.opts.Policy, m.loc)
	first, w := cut(e.ID.String()+" "+title(e.Event), max(8, width-2-len(sign+string(e.State(m.now)))))
	rest, _ := cut(state, width-w-2)
	lines := []string{s.title.on(first) + "  " + s.mood(stateMood, rest)}
	lines = append(lines, m.verdictLines(e, width)...)
	if story := m.storyOf(e); story != "" {
		for _, text := range wrap(export.Clean(clip(story, 2*width)), width, 2, true) {
			lines = append(lines, s.mood(moodDim, text))
		}
	}
	return append(lines, m.tabs(width))
}

// detailView draws the detail of e: at most height lines of at most width cells.
func (m *model) detailView(e webhook.Summary, width, height int) []string {
	d, s := &m.detail, &m.styles
	lines := m.detailHead(e, width)
	switch {
	case d.event.ID != e.ID && m.now.Sub(d.readAt) < detailEvery: // no flicker
	case d.event.ID != e.ID:
		lines = append(lines, s.mood(moodDim, "reading …"))
	case d.err != nil:
		text, _ := cut("cannot read "+e.ID.String()+": "+d.err.Error(), width)
		lines = append(lines, s.mood(moodBad, text))
	default:
		all := d.lines[d.tab]
		from := min(d.offset[d.tab], len(all))
		for _, l := range all[from:min(len(all), from+d.height)] {
			if d.width > width { // laid out for a wider window; the next layout is on its way
				l.text, _ = cut(l.text, width)
			}
			lines = append(lines, s.line(l))
		}
	}
	return lines[:min(len(lines), height)]
}

// verdictMost is how many lines the reason of a verdict may take.
const verdictMost = 4

func (m *model) verdictLines(e webhook.Summary, width int) []string {
	v := e.Verdict
	sign, verdictMood := verdictSign(v)
	text := sign + " " + string(v.Status)
	if v.Key != "" {
		text += ": signed by " + v.Key
		if v.Scheme != "" {
			text += " (" + v.Scheme + ")"
		}
	}
	if why := sentences(v.Reason, v.Next); why != "" {
		text += ": " + why
	}
	text = export.Clean(clip(text, width*verdictMost))
	lines := wrap(text, width, verdictMost, true)
	for i, l := range lines {
		lines[i] = m.styles.mood(verdictMood, l)
	}
	return lines
}

// storyOf says in one line what came before an event and what comes next.
func (m *model) storyOf(e webhook.Summary) string {
	var parts []string
	if next := stateNext(e.State(m.now)); next != "" {
		parts = append(parts, next)
	}
	if e.RedeliveryOf != 0 {
		text := "try " + strconv.Itoa(e.Try) + ", came before as " + e.RedeliveryOf.String()
		if e.Altered {
			text += " with other bytes"
		}
		parts = append(parts, text)
	}
	if e.RedeliveredAs != 0 {
		parts = append(parts, "came again as "+e.RedeliveredAs.String())
	}
	if e.WebhookID != "" {
		parts = append(parts, e.WebhookID)
	}
	return strings.Join(parts, " · ")
}

func (m *model) tabs(width int) string {
	d, s := &m.detail, &m.styles
	names := [tabCount]string{"Payload", "Headers", "Attempts"}
	if n := len(d.attempts); n > 0 {
		names[tabAttempts] = fmt.Sprintf("Attempts %d", n)
	}
	var b strings.Builder
	w := 0
	for i, name := range names {
		// The brackets tell the open tab without colour.
		text := " " + name + " "
		p := s.tab
		if tab(i) == d.tab {
			text, p = "["+name+"]", s.tabOn
		}
		b.WriteString(p.on(text))
		w += len(text)
	}
	if n, from := len(d.lines[d.tab]), d.offset[d.tab]; n > d.height && d.height > 0 {
		at := fmt.Sprintf("%d%%", 100*from/max(1, n-d.height))
		if gap := width - w - len(at); gap > 0 {
			b.WriteString(spaces(gap) + s.mood(moodDim, at))
		}
	}
	return b.String()
}
