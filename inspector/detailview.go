package inspector

import (
	"strconv"
	"strings"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// detailTall is the least height of a window in which the detail says all
// about its event above the tabs; in a lower one the tabs have to do.
const detailTall = 16

// verdictMost is how many lines the reason of a verdict may take.
const verdictMost = 4

// detailHead are the lines above a tab's own: which event, what became of it,
// what its signature says, and the tabs.
func (m *model) detailHead(e webhook.Summary, width int) []string {
	s := &m.styles
	sign, stateMood := stateSign(e.State(m.now))
	state := sign + " " + stateLong(e.Outcome, e.Try, m.now, m.opts.Policy, m.loc)
	first, w := cut(e.ID.String()+" "+title(e.Event), max(8, width-2-len(sign+string(e.State(m.now)))))
	rest, _ := cut(state, width-w-2)
	lines := []string{s.title.on(first) + "  " + s.mood(stateMood, rest)}
	if m.height < detailTall {
		lines = append(lines, m.verdictLines(e, width, 1)...)
		return append(lines, m.tabs(width))
	}
	lines = append(lines, m.verdictLines(e, width, verdictMost)...)
	if story := m.storyOf(e); story != "" {
		for _, text := range wrap(format.Clean(clip(story, 2*width)), width, 2, true) {
			lines = append(lines, s.mood(moodDim, text))
		}
	}
	return append(lines, m.tabs(width))
}

// detailView draws the detail of e: at most height lines of at most width cells.
func (m *model) detailView(e webhook.Summary, width, height int) []string {
	d, s := &m.detail, &m.styles
	lines := m.detailHead(e, width)
	v := d.pane()
	switch p := v.page; {
	case p == nil || p.spec.id != e.ID:
		if m.now.Sub(d.readAt) >= detailEvery { // no flicker
			lines = append(lines, s.mood(moodDim, "reading …"))
		}
	case p.err != nil:
		text, _ := cut("cannot read "+e.ID.String()+": "+p.err.Error(), width)
		lines = append(lines, s.mood(moodBad, text))
	default:
		room := min(d.rowsHeight(), height-len(lines))
		for i := v.offset; i < min(v.count(), v.offset+room); i++ {
			lines = append(lines, m.paneRow(v, i, width))
		}
		if d.hasFoot() && len(lines) < height {
			for len(lines) < height-1 {
				lines = append(lines, "")
			}
			lines = append(lines, m.paneFoot(v, width))
		}
	}
	return lines[:min(len(lines), height)]
}

// paneFoot says where the cursor is, and what was found or what the
// page is.
func (m *model) paneFoot(v *pane, width int) string {
	d, s := &m.detail, &m.styles
	right := piece{v.page.note, moodDim}
	if d.search.text != "" {
		right = piece{d.search.words(v.page), moodWarn}
	}
	left := v.path
	if v.page.json {
		left = pathName(left)
	}
	note, w := cut(right.text, max(width/2, width-len(left)-2))
	left, used := cutLeft(left, width-w-2)
	if w > 0 {
		note = spaces(width-used-w) + s.mood(right.mood, note)
	}
	return s.mood(moodDim, left) + note
}

// verdictLines says what the signature says, in at most some lines.
func (m *model) verdictLines(e webhook.Summary, width, most int) []string {
	v := e.Verdict
	sign, verdictMood := verdictSign(v)
	text := sign + " " + format.Verdict(v)
	if why := sentences(v.Reason, v.Next); why != "" {
		text += ": " + why
	}
	if most == 1 {
		text, _ = cut(text, width)
		return []string{m.styles.mood(verdictMood, text)}
	}
	text = format.Clean(clip(text, width*most))
	lines := wrap(text, width, most, true)
	for i, l := range lines {
		lines[i] = m.styles.mood(verdictMood, l)
	}
	return lines
}

// storyOf says in one line what came before an event and what comes next.
func (m *model) storyOf(e webhook.Summary) string {
	var parts []string
	if next := format.StateNext(e.State(m.now)); next != "" {
		parts = append(parts, next)
	}
	if e.RedeliveryOf != 0 {
		text := "send " + strconv.Itoa(e.Try) + ", redelivery of " + e.RedeliveryOf.String()
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

// tabLabels are the tabs as they are written. The brackets tell the open one
// without colour; where there is no room the others are short.
func (m *model) tabLabels(width int) [tabCount]string {
	d := &m.detail
	names := tabNames
	if e, ok := m.subject(); ok && e.Attempts > 0 {
		names[tabAttempts] += " " + strconv.Itoa(e.Attempts)
	}
	if tabsWidth(names) > width {
		names = tabNames
		for most := 4; most >= 3 && tabsWidth(names) > width; most-- {
			for i, name := range tabNames {
				if tab(i) != d.tab && len(name) > 4 {
					names[i] = name[:most]
				}
			}
		}
	}
	for i, name := range names {
		if tab(i) == d.tab {
			names[i] = "[" + name + "]"
		} else {
			names[i] = " " + name + " "
		}
	}
	return names
}

func tabsWidth(names [tabCount]string) int {
	w := 0
	for _, name := range names {
		w += len(name) + 2
	}
	return w
}

func (m *model) tabs(width int) string {
	d, s := &m.detail, &m.styles
	var b strings.Builder
	w := 0
	for i, label := range m.tabLabels(width) {
		label, n := cut(label, width-w)
		p := s.tab
		if tab(i) == d.tab {
			p = s.tabOn
		}
		b.WriteString(p.on(label))
		w += n
	}
	v := d.pane()
	if n, h := v.count(), d.rowsHeight(); n > h && d.height > 0 {
		at := strconv.Itoa(100*v.offset/max(1, n-h)) + "%"
		if gap := width - w - len(at); gap > 0 {
			b.WriteString(spaces(gap) + s.mood(moodDim, at))
		}
	}
	return b.String()
}

// clickDetail acts on a click at a cell of the detail, counted from its upper
// left corner, and reports whether anything is there.
func (m *model) clickDetail(x, y int) bool {
	e, ok := m.subject()
	if !ok {
		return false
	}
	d := &m.detail
	row := y - len(m.detailHead(e, m.detailWidth()))
	if row == -1 {
		at := 0
		for i, label := range m.tabLabels(m.detailWidth()) {
			if x >= at && x < at+len(label) {
				d.turnTo(tab(i))
				return true
			}
			at += len(label)
		}
		return false
	}
	v := d.pane()
	if row < 0 || row >= d.rowsHeight() || v.offset+row >= v.count() {
		return false
	}
	if v.page.json {
		again := v.cursor == v.offset+row
		v.cursor = v.offset + row
		v.clamp(d.rowsHeight())
		if again {
			v.toggle(d.rowsHeight())
		}
	}
	return true
}
