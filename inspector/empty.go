package inspector

import "taskhook/webhook/export"

// emptyView is the page without events: what to do for a first one.
func (m *model) emptyView() []string {
	b := &lineBuilder{width: m.width - 4}
	b.blank()
	switch {
	case !m.list.loaded:
		b.add(lookDim, "reading …")
	case m.list.text != "":
		b.add(lookTitle, "Nothing matches "+export.Clean(m.list.text))
		b.add(lookDim, "esc shows all events again")
	case m.listener.Tunnel.URL != "":
		b.add(lookTitle, "No events yet. In Taskee's OAuth app:")
		b.add(lookText, "1 Advanced Settings → Auth: scopes")
		b.add(lookText, "2 → Webhook: toggle events, paste")
		b.add(lookGood, "  "+export.Clean(m.listener.Tunnel.URL))
		b.blank()
		b.add(lookText, "Or try it, in another terminal:")
		b.add(lookGood, "  taskhook trigger ContactCreate")
	default:
		b.add(lookTitle, "No events yet.")
		b.add(lookText, "Try it, in another terminal:")
		b.add(lookGood, "  taskhook trigger ContactCreate")
		b.blank()
		b.add(lookDim, "Without a tunnel Taskee cannot reach this machine; programs on it can, at "+export.Clean(m.listener.Local))
	}
	lines := make([]string, len(b.lines))
	for i, l := range b.lines {
		lines[i] = "  " + m.styles.line(l)
	}
	return lines
}
