package inspector

import (
	"context"
	"io"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"
)

// foregroundEvery is how often a screen in the background looks whether it has
// the terminal again: a shell that brings back what is running tells nobody.
const foregroundEvery = 250 * time.Millisecond

// suspend stops the process, as ctrl+z does with others.
func (m *model) suspend() tea.Cmd { return m.giveUp(true) }

// continuedMsg says that the process goes on after somebody else has stopped it.
type continuedMsg struct{}

// apply implements result.
func (continuedMsg) apply(m *model) tea.Cmd { return m.giveUp(false) }

// giveUp gives the terminal up until it belongs to this process. In the background
// of a shell all but the screen goes on meanwhile.
func (m *model) giveUp(stop bool) tea.Cmd {
	s := &suspension{ctx: m.background.ctx, foreground: m.opts.Foreground, stop: stop, away: &m.away}
	return tea.Exec(s, func(error) tea.Msg { return tea.ResumeMsg{} })
}

// suspension runs while the terminal belongs to others.
type suspension struct {
	ctx        context.Context // of the screen
	foreground func() bool     // nil: always
	stop       bool            // the process first
	away       *atomic.Bool    // says that it runs
	words      io.Writer
}

// Run implements tea.ExecCommand.
func (s *suspension) Run() error {
	s.away.Store(true)
	defer s.away.Store(false)
	if s.stop {
		stopProcess(s.ctx)
	}
	if s.foreground == nil || s.foreground() {
		useTerminal()
		return nil
	}
	surviveTerminal()
	_, _ = io.WriteString(s.words, "taskhook goes on in the background; the screen comes back with: fg\r\n")
	t := time.NewTicker(foregroundEvery)
	defer t.Stop()
	for !s.foreground() {
		select {
		case <-s.ctx.Done():
			return nil // the screen ends from here
		case <-t.C:
		}
	}
	useTerminal()
	return nil
}

// SetStdin implements tea.ExecCommand.
func (s *suspension) SetStdin(io.Reader) {}

// SetStdout implements tea.ExecCommand.
func (s *suspension) SetStdout(io.Writer) {}

// SetStderr implements tea.ExecCommand.
func (s *suspension) SetStderr(w io.Writer) { s.words = w }
