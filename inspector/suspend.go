package inspector

import (
	"context"
	"io"
	"time"

	tea "charm.land/bubbletea/v2"
)

// foregroundEvery is how often a screen in the background looks whether it has
// the terminal again: a shell that brings back what is running tells nobody.
const foregroundEvery = 250 * time.Millisecond

// suspend stops the process, as ctrl+z does with others. Where it goes on in the
// background all but the screen goes on; that waits for the terminal.
func (m *model) suspend() tea.Cmd {
	return tea.Exec(&suspension{ctx: m.background.ctx, foreground: m.opts.Foreground}, func(error) tea.Msg { return tea.ResumeMsg{} })
}

// suspension runs while the terminal belongs to others.
type suspension struct {
	ctx        context.Context // of the screen
	foreground func() bool     // nil: always
	words      io.Writer
}

// Run implements tea.ExecCommand.
func (s *suspension) Run() error {
	stopProcess(s.ctx)
	if s.foreground == nil || s.foreground() {
		return nil
	}
	defer s.inBackground()()
	_, _ = io.WriteString(s.words, "taskhook goes on in the background; the screen comes back with: fg\r\n")
	t := time.NewTicker(foregroundEvery)
	defer t.Stop()
	for !s.foreground() {
		select {
		case <-s.ctx.Done():
			return nil
		case <-t.C:
		}
	}
	return nil
}

// SetStdin implements tea.ExecCommand.
func (s *suspension) SetStdin(io.Reader) {}

// SetStdout implements tea.ExecCommand.
func (s *suspension) SetStdout(io.Writer) {}

// SetStderr implements tea.ExecCommand.
func (s *suspension) SetStderr(w io.Writer) { s.words = w }
