package inspector

import (
	"strings"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// label is how wide the names of the header's lines are.
const label = 8

// headerFull is the least height of a window that has the whole header.
const headerFull = 18

// unfolded reports whether the header has all its lines: until the first event,
// then when the person asks for them.
func (m *model) unfolded() bool {
	room := m.height >= headerFull && m.place != inHelp && m.place != inLog && (m.wide() || m.place != inDetail)
	return room && m.headerOpen != (m.listener.Counts.Events == 0 && !m.list.narrowed() && len(m.list.rows) == 0)
}

// headerView draws what is known of the listener.
func (m *model) headerView() []string {
	s := &m.styles
	var lines []string
	if m.unfolded() {
		l := m.listener
		lines = []string{
			m.headerLine("webhook", m.webhookURL(), m.tunnelWords(true)),
			m.headerLine("local", l.Local, m.reachWords()),
			m.headerLine("target", format.MaskURLs(l.Target), m.healthWords(l.Health)),
		}
		lines = append(lines, m.routeLines()...)
		lines = append(lines, m.headerLine("verify", verifyWords(l.Verify, m.width >= 70), signWords(l.Sign)))
		lines = append(lines, m.skipLines()...)
		lines = append(lines, m.tallyLine())
	} else {
		lines = []string{m.folded()}
	}
	if t := m.listener.Degraded; t != "" {
		text, _ := cut(" "+signWarning+" answering 429: "+t, m.width)
		lines = append(lines, s.mood(moodBad, text))
	}
	lines = append(lines, m.noticeLines()...)
	if m.unfolded() {
		lines = append(lines, s.rule.on(strings.Repeat("─", m.width)))
	}
	return lines
}

// folded is the header as one line: the webhook URL, and as much of the rest as has
// room, what is wrong first.
func (m *model) folded() string {
	name := m.webhookURL()
	if m.listener.Tunnel.URL == "" {
		name = m.listener.LocalWebhookURL()
	}
	if name == "" && m.listener.Version != "" {
		name = noListenerWords(m.resendTarget())
	}
	c := m.listener.Counts
	failed := piece{}
	if c.Failed > 0 {
		failed = piece{signBad + " " + format.Count(c.Failed) + " failed", moodBad}
	}
	warned := piece{}
	if c.Unsuccessful > 0 {
		warned = piece{signWarning + " " + format.Count(c.Unsuccessful) + " success:false", moodWarn}
	}
	// In the order of their place.
	parts := []headPart{
		{m.tunnelWords(m.wide()), 2}, {m.targetBrief(), 3}, {rate("last hour", c.LastHour.Delivered, c.LastHour.Failed), 5}, {warned, 4}, {failed, 1},
	}
	for i, p := range parts {
		if p.mood == moodBad && p.text != failed.text {
			parts[i].rank = 0
		}
	}
	least, _ := cut(name, max(14, m.width/3))
	_, used := cut(least, m.width)
	return m.headEdges(name, fitting(parts, m.width-used-3))
}

// headPart is a piece of the folded header; those of the highest rank are the
// first to be left out.
type headPart struct {
	piece
	rank int
}

// fitting picks the parts that fit into a width, in their order.
func fitting(parts []headPart, width int) []piece {
	kept := make([]bool, len(parts))
	for rank := range len(parts) + 1 {
		for i, p := range parts {
			_, w := cut(p.text, 1<<10)
			if p.rank != rank || w == 0 || w+3 > width && (p.mood != moodBad || width < 12) {
				continue
			}
			kept[i] = true
			width -= w + 3
		}
	}
	var right []piece
	for i, p := range parts {
		if kept[i] {
			right = append(right, p.piece)
		}
	}
	return right
}

// noListenerWords says that only what is stored is shown.
func noListenerWords(target string) string {
	text := "stored events: no listener runs"
	if target != "" {
		text += "; resends go to " + target
	}
	return text
}

// headEdges writes the name at the left edge and pieces at the right; the name
// gives way down to a third of the window.
func (m *model) headEdges(name string, right []piece) string {
	const gap = " · "
	total := 0
	for i, p := range right {
		if i > 0 {
			total += len(gap) - 1
		}
		_, w := cut(p.text, m.width)
		total += w
	}
	name, used := cut(" "+name, max(min(14, m.width/2), m.width/3, m.width-total-3))
	room := m.width - used - 3
	var b strings.Builder
	b.WriteString(m.styles.accent.on(name))
	b.WriteString(spaces(m.width - 1 - used - min(total, room)))
	for i, p := range right {
		if i > 0 {
			b.WriteString(m.styles.mood(moodDim, gap))
			room -= len(gap) - 1
		}
		text, w := cut(p.text, room)
		room -= w
		b.WriteString(m.styles.mood(p.mood, text))
	}
	return b.String()
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

// webhookURL is what to paste into the platform's settings.
func (m *model) webhookURL() string {
	t := m.listener.Tunnel
	switch {
	case t.URL != "":
		return m.listener.WebhookURL()
	case t.State == webhook.TunnelConnecting, t.State == webhook.TunnelReconnecting:
		return "not reachable yet"
	case m.listener.Local == "":
		return "…" // the listener has not been asked yet
	}
	return "none: local only"
}

// tunnelWords says whether the public can reach the listener, or that the
// listener itself cannot be reached from here.
func (m *model) tunnelWords(long bool) piece {
	t := m.listener.Tunnel
	why := sentences(t.Code, t.Message)
	switch {
	case !m.goneAt.IsZero() && long:
		return piece{signDown + " listener gone since " + format.ShortTime(m.goneAt.In(m.loc), m.now) + ", reconnecting", moodBad}
	case !m.goneAt.IsZero():
		return piece{signDown + " listener gone", moodBad}
	case t.State == webhook.TunnelOnline:
		text := signUp + " online"
		if t.Latency > 0 {
			text += " " + format.Duration(t.Latency)
		}
		return piece{text, moodGood}
	case t.State == webhook.TunnelConnecting:
		return piece{join(signDown+" connecting", why), moodWarn}
	case t.State == webhook.TunnelReconnecting && !long:
		return piece{signDown + " reconnecting", moodBad}
	case t.State == webhook.TunnelReconnecting:
		since := ""
		if !t.Since.IsZero() {
			since = " since " + format.ShortTime(t.Since.In(m.loc), m.now)
		}
		return piece{join(signDown+" reconnecting"+since, why), moodBad}
	case t.URL != "" || m.listener.Local == "":
		return piece{} // another tunnel is in front, of which nothing is known
	}
	return piece{signNone + " no tunnel", moodDim}
}

func (m *model) reachWords() piece { return piece{m.listener.Tunnel.Reach, moodDim} }

func (m *model) healthWords(h webhook.Health) piece {
	since := ""
	if !h.Since.IsZero() {
		since = " since " + format.ShortTime(h.Since.In(m.loc), m.now)
	}
	text := " " + format.HealthWord(h) + since
	switch {
	case !h.Known:
		return piece{signNone + text, moodDim}
	case h.Up && h.Besides != "":
		return piece{join(signUp+text, h.Besides), moodWarn}
	case h.Up:
		return piece{signUp + text, moodGood}
	}
	return piece{join(signDown+text, h.Error), moodBad}
}

// signWords says that the app gets other signatures than came.
func signWords(sign webhook.Sign) piece {
	if sign == webhook.SignDev {
		return piece{"signed anew: dev", moodDim}
	}
	return piece{}
}

func verifyWords(mode string, long bool) string {
	if !long {
		return mode
	}
	switch mode {
	case "enforce":
		return "enforce: 401 unless signed"
	case "warn":
		return "warn: marked and forwarded"
	case "off":
		return "off: signatures are not looked at"
	}
	return mode
}

// rate is how many of those that have an outcome were delivered.
func rate(when string, good, bad int) piece {
	n := good + bad
	if n == 0 {
		return piece{}
	}
	md := moodDim
	if bad > 0 {
		md = moodWarn
	}
	return piece{when + " " + format.Count(n) + ", " + percent(good, n) + " ok", md}
}

// percent never rounds up to all, nor down to none.
func percent(part, whole int) string {
	switch tenths := 1000 * part / max(1, whole); {
	case part == whole:
		return "100%"
	case tenths >= 990:
		return "99." + string(rune('0'+min(9, tenths-990))) + "%"
	case tenths < 10 && part > 0:
		return "under 1%"
	default:
		return format.Count(tenths/10) + "%"
	}
}

// tallyLine sums up the last hour and the store, what is wrong at the right.
func (m *model) tallyLine() string {
	c, s := m.listener.Counts, &m.styles
	failed := piece{mood: moodDim}
	var parts []string
	if c.Failed > 0 {
		parts, failed.mood = append(parts, signBad+" "+format.Count(c.Failed)+" failed"), moodBad
	}
	if c.Unsuccessful > 0 {
		parts = append(parts, format.Count(c.Unsuccessful)+" success:false")
		if failed.mood == moodDim {
			failed.mood = moodWarn
		}
	}
	if c.Retrying > 0 {
		parts = append(parts, format.Count(c.Retrying)+" retrying")
	}
	if c.Rejected > 0 {
		parts = append(parts, format.Count(c.Rejected)+" rejected")
	}
	failed.text = strings.Join(parts, " · ")
	all := format.Plural(c.Events, "event", "events")
	if r := rate("", c.Delivered, c.Failed); r.text != "" {
		all += ", " + percent(c.Delivered, c.Delivered+c.Failed) + " ok"
	}
	hour := rate("last hour", c.LastHour.Delivered, c.LastHour.Failed).text
	if hour != "" {
		all += " · " + hour
	}
	right, w := cut(failed.text, m.width-label-2)
	left, used := cut(all, m.width-label-4-w)
	return " " + s.mood(moodDim, fit("total", label)) + left + spaces(m.width-label-2-used-w) + s.mood(failed.mood, right)
}

func join(head, why string) string {
	if why == "" {
		return head
	}
	return head + ": " + format.Clean(clip(why, 200))
}
