package inspector

import (
	"strings"

	"taskhook/webhook"
	"taskhook/webhook/export"
)

// label is how wide the names of the header's lines are.
const label = 8

// headerFull is the least height of a window that has the whole header.
const headerFull = 18

// headerView draws what is known of the listener: some lines in a window that
// has room for them, else one.
func (m *model) headerView() []string {
	if m.height < headerFull || m.place == inHelp || m.place == inDetail && !m.wide() {
		return m.folded()
	}
	l, s := m.listener, &m.styles
	lines := []string{
		m.headerLine("public", m.publicURL(), m.tunnelWords()),
		m.headerLine("local", l.Local, m.reachWords()),
		m.headerLine("target", l.Target, m.healthWords()),
		m.headerLine("verify", verifyWords(l.Verify, m.wide()), m.countWords()),
	}
	if l.Trouble != "" {
		text, _ := cut(" "+signWarning+" answering 429: "+l.Trouble, m.width)
		lines = append(lines, s.mood(moodBad, text))
	}
	return append(lines, s.rule.on(strings.Repeat("─", m.width)))
}

// folded is the header as one line: what may be wrong, and the lost events.
func (m *model) folded() []string {
	name := m.publicURL()
	if m.listener.Tunnel.URL == "" {
		name = m.listener.Local
	}
	right := m.tunnelWords()
	if m.listener.Trouble != "" {
		right = piece{signWarning + " answering 429: " + m.listener.Trouble, moodBad}
	} else if n := m.listener.Counts.Lost; n > 0 {
		right = piece{signBad + " " + count(n) + " lost", moodBad}
	}
	if right.mood == moodBad { // then the name gives way
		name, _ = cut(name, max(12, m.width-4-len(right.text)))
	}
	return []string{m.edges(m.styles.accent, " "+name, right)}
}

// piece is a text with its mood.
type piece struct {
	text string
	mood mood
}

func (m *model) headerLine(name, value string, right piece) string {
	s := &m.styles
	value, used := cut(value, m.width-label-2)
	note, w := cut(right.text, m.width-label-2-used-2)
	return " " + s.mood(moodDim, fit(name, label)) + s.accent.on(value) +
		spaces(m.width-label-2-used-w) + s.mood(right.mood, note)
}

// edges writes one text at the left edge and one at the right; the right one
// gives way.
func (m *model) edges(p paint, left string, right piece) string {
	left, used := cut(left, m.width-1)
	note, w := cut(right.text, m.width-used-3)
	return p.on(left) + spaces(m.width-1-used-w) + m.styles.mood(right.mood, note)
}

func (m *model) publicURL() string {
	t := m.listener.Tunnel
	switch {
	case t.URL != "":
		return t.URL
	case t.State == webhook.TunnelConnecting, t.State == webhook.TunnelReconnecting:
		return "not reachable yet"
	}
	return "none: local only"
}

func (m *model) tunnelWords() piece {
	t := m.listener.Tunnel
	why := sentences(t.Code, t.Message)
	switch t.State {
	case webhook.TunnelOnline:
		text := signUp + " online"
		if t.Latency > 0 {
			text += " " + brief(t.Latency)
		}
		return piece{text, moodGood}
	case webhook.TunnelConnecting:
		return piece{join(signDown+" connecting", why), moodWarn}
	case webhook.TunnelReconnecting:
		return piece{join(signDown+" reconnecting"+m.since(t), why), moodBad}
	}
	if m.listener.Tunnel.URL != "" {
		return piece{} // another tunnel is in front, of which nothing is known
	}
	return piece{signNone + " no tunnel", moodDim}
}

func (m *model) since(t webhook.Tunnel) string {
	if t.Since.IsZero() {
		return ""
	}
	return " since " + clock(t.Since, m.now, m.loc)
}

func (m *model) reachWords() piece { return piece{m.listener.Tunnel.Reach, moodDim} }

func (m *model) healthWords() piece {
	h := m.listener.Health
	since := ""
	if !h.Since.IsZero() {
		since = " since " + clock(h.Since, m.now, m.loc)
	}
	switch {
	case !h.Known:
		return piece{}
	case h.Up:
		return piece{signUp + " answers", moodGood}
	}
	return piece{join(signDown+" down"+since, h.Error), moodBad}
}

func verifyWords(mode string, long bool) string {
	if !long {
		return mode
	}
	switch mode {
	case "enforce":
		return "enforce: 401 unless signed"
	case "flag":
		return "flag: marked and forwarded"
	case "off":
		return "off: signatures are not looked at"
	}
	return mode
}

// countWords sums up the store, what is wrong first.
func (m *model) countWords() piece {
	c := m.listener.Counts
	var parts []string
	add := func(n int, what string) {
		if n > 0 {
			parts = append(parts, count(n)+" "+what)
		}
	}
	p := piece{mood: moodDim}
	if c.Lost > 0 {
		parts, p.mood = append(parts, signBad+" "+count(c.Lost)+" lost"), moodBad
	}
	add(c.Pending, "pending")
	add(c.Refused, "refused")
	what := "events"
	if c.Events == 1 {
		what = "event"
	}
	parts = append(parts, count(c.Events)+" "+what)
	p.text = strings.Join(parts, " · ")
	return p
}

func join(head, why string) string {
	if why == "" {
		return head
	}
	return head + ": " + export.Clean(clip(why, 200))
}
