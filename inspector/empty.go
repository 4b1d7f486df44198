package inspector

import "github.com/taskhook/taskhook/format"

// emptyView is the page without events: what to do for a first one.
func (m *model) emptyView() []string {
	b := &lineBuilder{width: max(10, m.width-4)}
	l := &m.list
	b.blank()
	switch {
	case !l.loaded && l.narrowed():
		b.add(lookTitle, "Filtering …")
		b.add(lookDim, "esc shows all events again")
	case !l.loaded:
		b.add(lookDim, "reading …")
	case l.narrowed():
		what := l.text
		if l.marked && what == "" {
			what = "is:marked"
		} else if l.marked {
			what += " among the marked events"
		}
		b.add(lookTitle, "Nothing matches "+format.Clean(what))
		b.add(lookDim, "esc shows all events again")
	case m.listener.Tunnel.URL != "":
		m.firstSteps(b)
	default:
		b.add(lookTitle, "No events yet.")
		b.add(lookText, "Try it, in another terminal:")
		b.add(lookGood, "  taskhook trigger ContactCreate")
		b.blank()
		b.add(lookDim, "Without a tunnel Taskee cannot reach this machine; programs on it can, at")
		b.add(lookDim, "  "+format.Clean(m.listener.LocalWebhookURL()))
		b.blank()
		for _, line := range m.opts.TunnelHints {
			b.add(lookDim, line)
		}
	}
	lines := make([]string, len(b.lines))
	for i, l := range b.lines {
		lines[i] = "  " + m.styles.line(l)
	}
	return lines
}

// firstSteps says what to paste where.
func (m *model) firstSteps(b *lineBuilder) {
	b.add(lookTitle, "No events yet. In Taskee's OAuth app:")
	b.add(lookText, "1 Advanced Settings → Auth: scopes")
	b.add(lookText, "2 → Webhook: toggle events, paste")
	b.add(lookGood, "  "+format.Clean(m.listener.WebhookURL()))
	if m.height >= headerFull {
		b.add(lookDim, "  c copies it")
		b.add(lookText, "3 install the app for a location, and change something there")
		b.blank()
	}
	b.add(lookText, "Or try it, in another terminal:")
	b.add(lookGood, "  taskhook trigger ContactCreate")
	for _, a := range m.apps() {
		if a.down() {
			b.blank()
			b.add(lookWarn, "Your app does not answer at "+format.Clean(format.MaskURLs(a.target))+": start it.")
		}
	}
}
