package inspector

import (
	"context"
	"runtime/debug"
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

// do makes a command of f; after close it does nothing. A panic ends the
// screen in order, so that its words stand on the terminal it leaves behind.
func (b *background) do(f func(ctx context.Context) tea.Msg) tea.Cmd {
	return func() (msg tea.Msg) {
		if !b.begin() {
			return nil
		}
		defer b.work.Done()
		defer func() {
			if r := recover(); r != nil {
				msg = newCrash(r)
			}
		}()
		return f(b.ctx)
	}
}

// crash is a panic outside of Update and View.
type crash struct {
	value any
	stack []byte
}

func newCrash(value any) crash { return crash{value, debug.Stack()} }

// apply implements result.
func (c crash) apply(m *model) tea.Cmd {
	m.crash = &c
	return tea.Quit
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
