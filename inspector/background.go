package inspector

import (
	"context"
	"sync"

	tea "charm.land/bubbletea/v2"
)

// background runs the screen's reads and actions off the Update goroutine and
// waits for them in the end. A frame never waits for one.
type background struct {
	ctx context.Context // of the screen

	mu     sync.Mutex
	closed bool
	work   sync.WaitGroup
}

// do makes a command of f; after close it does nothing.
func (b *background) do(f func(ctx context.Context) tea.Msg) tea.Cmd {
	return func() tea.Msg {
		if !b.begin() {
			return nil
		}
		defer b.work.Done()
		return f(b.ctx)
	}
}

func (b *background) begin() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.work.Add(1)
	}
	return !b.closed
}

// close waits for what runs; its context must have ended.
func (b *background) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.work.Wait()
}
