package inspector

import (
	"context"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/format"
)

const (
	logLines = 1000        // read of the log
	logEvery = time.Second // between two reads
	logWrap  = 20          // lines that one of the log may take
)

// logView shows the newest lines of the listener's log.
type logView struct {
	text    []string // as read
	lines   []string // wrapped to width
	width   int
	off     int
	height  int
	follow  bool // the last line stays visible
	loading bool
	loaded  bool
	readAt  time.Time
	err     error
}

// logMsg brings the log.
type logMsg struct {
	lines []string
	err   error
}

// openLog shows the log from its end.
func (m *model) openLog() {
	m.before, m.place = m.place, inLog
	m.log.follow, m.log.readAt = true, time.Time{}
}

// loadLog reads the log while it is shown.
func (m *model) loadLog() tea.Cmd {
	l := &m.log
	if m.place != inLog || l.loading || m.now.Sub(l.readAt) < logEvery {
		return nil
	}
	l.loading, l.readAt = true, m.now
	return m.background.do(func(ctx context.Context) tea.Msg {
		lines, err := m.feed.Log(ctx, logLines)
		for i, s := range lines {
			lines[i] = format.Clean(clip(s, 4<<10))
		}
		return logMsg{lines, err}
	})
}

// apply implements result.
//
//nolint:unparam // as the interface wants it
func (msg logMsg) apply(m *model) tea.Cmd {
	l := &m.log
	l.loading, l.err = false, msg.err
	if msg.err == nil {
		l.text, l.loaded, l.width = msg.lines, true, 0
	}
	return nil
}

// layout wraps the log to a size.
func (l *logView) layout(width, height int) {
	l.height = height
	if l.width != width {
		l.width = width
		l.lines = l.lines[:0]
		for _, s := range l.text {
			l.lines = append(l.lines, wrap(s, width, logWrap, false)...)
		}
	}
	l.scroll(0)
}

func (l *logView) scroll(by int) {
	last := max(0, len(l.lines)-l.height)
	if by < 0 {
		l.follow = false
	}
	l.off = max(0, min(l.off+by, last))
	if l.follow || by > 0 && l.off == last {
		l.follow, l.off = true, last
	}
}

func (m *model) logLayout(height int) {
	if m.place == inLog {
		m.log.layout(m.width-2, max(1, height-1))
	}
}

func (m *model) logView(h int) []string {
	l, s := &m.log, &m.styles
	right := piece{"live", moodDim}
	if !l.follow {
		right.text = "paused"
	}
	lines := []string{m.edges(s.title, " Log", right)}
	switch {
	case l.err != nil:
		lines = append(lines, indented(m.paragraph(moodBad, "cannot read the log: "+l.err.Error(), m.width-2, messageMost))...)
	case !l.loaded:
		lines = append(lines, s.mood(moodDim, " reading …"))
	case len(l.text) == 0:
		lines = append(lines, s.mood(moodDim, " The log is empty."))
	}
	for _, text := range l.lines[min(l.off, len(l.lines)):min(len(l.lines), l.off+l.height)] {
		if len(lines) < h {
			lines = append(lines, " "+text)
		}
	}
	return lines
}

func (m *model) pressLog(msg tea.KeyPressMsg) {
	k, l := &m.keys, &m.log
	switch {
	case key.Matches(msg, k.Log), key.Matches(msg, k.Back):
		m.place = m.before
	case key.Matches(msg, k.Up):
		l.scroll(-1)
	case key.Matches(msg, k.Down):
		l.scroll(1)
	case key.Matches(msg, k.PageUp):
		l.scroll(-max(1, l.height-1))
	case key.Matches(msg, k.PageDown):
		l.scroll(max(1, l.height-1))
	case key.Matches(msg, k.Top):
		l.scroll(-len(l.lines) - 1)
	case key.Matches(msg, k.Bottom):
		l.scroll(len(l.lines) + 1)
	}
}
