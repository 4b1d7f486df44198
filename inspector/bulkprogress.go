package inspector

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/format"
)

// quietFor is how long work goes on before it is shown: what is done sooner
// does not flicker.
const quietFor = 200 * time.Millisecond

// progress is the dialog of work in the background. The work counts, and looks
// whether it is to stop; the screen draws what it finds.
type progress struct {
	title  string
	total  int // 0: not known
	began  time.Time
	cancel context.CancelFunc // set: esc ends the work at once, not after its present step
	// finishes says that work that is cancelled still ends its present step;
	// the dialog waits for it, and for x as well as for esc.
	finishes bool
	cut      func()            // set: called at the first esc, so that a present step that hangs ends
	held     []tea.KeyPressMsg // pressed while nothing was shown

	done      atomic.Int64
	delivered atomic.Int64 // counted by work that does so
	failed    atomic.Int64
	stopped   atomic.Bool
	drawn     struct {
		done, delivered, failed int64
		shown                   bool
	}
}

var (
	keyStop = bind("esc", "stop", "esc")
	keyEnd  = bind("esc/x", "stop", "esc", "x")
	keyAway = bind("esc", "leave it behind", "esc")
)

func (p *progress) stop() key.Binding {
	if p.finishes {
		return keyEnd
	}
	return keyStop
}

func (p *progress) quiet(now time.Time) bool { return now.Sub(p.began) < quietFor }

// moved reports whether it would be drawn differently than it was.
func (p *progress) moved(now time.Time) bool {
	return p.done.Load() != p.drawn.done || p.failed.Load() != p.drawn.failed || p.drawn.shown == p.quiet(now)
}

// press implements dialog. The first esc stops the work, which takes as long
// as its present step; a second one does not wait for that.
func (p *progress) press(m *model, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	switch {
	case key.Matches(msg, p.stop()):
		again := p.stopped.Swap(true)
		if p.cut != nil && !again {
			p.cut()
		}
		if p.cancel != nil {
			p.cancel()
		}
		return nil, again || p.cancel != nil && !p.finishes
	case p.quiet(m.now):
		p.held = append(p.held, msg)
	}
	return nil, false
}

func (p *progress) lines(m *model, width, height int) []string {
	d := &p.drawn
	d.done, d.delivered, d.failed, d.shown = p.done.Load(), p.delivered.Load(), p.failed.Load(), !p.quiet(m.now)
	if !d.shown {
		return nil
	}
	text := p.title + ": " + format.Count(int(d.done))
	if p.total > 0 {
		text += " of " + format.Count(p.total)
	}
	if d.delivered > 0 {
		text += ", " + signGood + " " + format.Count(int(d.delivered)) + " delivered"
	}
	if d.failed > 0 {
		text += ", " + signBad + " " + format.Count(int(d.failed)) + " failed"
	}
	if p.stopped.Load() {
		text += ", stopping …"
	}
	lines := m.paragraph(moodPlain, text, width, max(1, height-1))
	if p.total > 0 && height > 1 {
		lines = append(lines, m.bar(int(d.done), p.total, min(width, 60)))
	}
	return lines
}

// bar is a bar of some width with its percentage.
func (m *model) bar(done, total, width int) string {
	const figure = 5
	room := max(1, width-figure)
	full := min(room, room*done/max(1, total))
	percent := fitRight(format.Count(100*min(done, total)/max(1, total))+"%", figure)
	return m.styles.accent.on(strings.Repeat("█", full)) + m.styles.rule.on(strings.Repeat("░", room-full)) + percent
}

func (p *progress) keys() []key.Binding {
	if p.stopped.Load() {
		return []key.Binding{keyAway}
	}
	return []key.Binding{p.stop()}
}

// work runs f in the background behind a progress dialog. What f returns is
// given to apply, with the dialog closed; left says that the person did not
// wait for it.
func (m *model) work(p *progress, f func(ctx context.Context) func(m *model, left bool) tea.Cmd) tea.Cmd {
	p.began = m.now
	m.ask(p)
	return m.background.do(func(ctx context.Context) tea.Msg {
		return workMsg{p, f(ctx)}
	})
}

// workMsg is the end of some work.
type workMsg struct {
	progress *progress
	end      func(m *model, left bool) tea.Cmd
}

// apply implements result. Keys pressed before anything was shown act now,
// unless the work has a question to ask.
func (msg workMsg) apply(m *model) tea.Cmd {
	open := m.leave(msg.progress)
	cmds := []tea.Cmd{msg.end(m, !open)}
	for _, k := range msg.progress.held {
		if !open || m.place == inDialog {
			break
		}
		m.keys.enable(m.situation())
		cmds = append(cmds, m.press(k))
	}
	return tea.Batch(cmds...)
}
