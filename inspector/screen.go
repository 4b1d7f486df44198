package inspector

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"
)

// tickEvery is how often the screen looks for changes.
const tickEvery = 66 * time.Millisecond

// Screen shows a feed on the terminal until the person quits or ctx ends; both
// return nil, with the terminal as it was. It returns an error when there is
// no terminal to draw on, and after a panic.
func Screen(ctx context.Context, feed Feed, actions Actions, o Options) error {
	ctx, cancel := context.WithCancel(ctx)
	b := &background{ctx: ctx}
	var helpers sync.WaitGroup
	defer func() {
		cancel()
		b.close()
		helpers.Wait()
	}()

	program := tea.NewProgram(newModel(feed, actions, b, time.Now(), o), o.program()...)
	var changed atomic.Bool
	changed.Store(true)
	helpers.Go(func() { watch(ctx, feed, &changed) })
	helpers.Go(func() { tick(ctx, program, &changed) })
	if _, err := program.Run(); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("show the screen: %w", err)
	}
	return nil
}

func (o *Options) program() []tea.ProgramOption {
	// Signals are main's: it ends ctx.
	opts := []tea.ProgramOption{tea.WithoutSignalHandler()}
	if o.Input != nil {
		opts = append(opts, tea.WithInput(o.Input))
	}
	if o.Output != nil {
		opts = append(opts, tea.WithOutput(o.Output))
	}
	return opts
}

// watch turns hints into one flag, however many there are.
func watch(ctx context.Context, feed Feed, changed *atomic.Bool) {
	for {
		// A feed that cannot be watched now may be later; until then the
		// screen reads every second.
		if hints, err := feed.Watch(ctx); err == nil {
			for range hints {
				changed.Store(true)
			}
		}
		if !pause(ctx, time.Second) {
			return
		}
	}
}

// tick sends the time, and whether something has changed, until ctx ends.
func tick(ctx context.Context, program *tea.Program, changed *atomic.Bool) {
	t := time.NewTicker(tickEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			program.Quit()
			return
		case now := <-t.C:
			program.Send(tickMsg{now, changed.Swap(false)})
		}
	}
}
