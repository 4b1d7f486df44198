package inspector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/retry"
)

// tickEvery is how often the screen looks for changes.
const tickEvery = 66 * time.Millisecond

// framesPerSecond bounds how long a frame waits for the terminal; frames that
// are the same cost nothing.
const framesPerSecond = 120

// Screen shows a feed on the terminal until the person quits or ctx ends; both
// return nil, with the terminal as it was. An error that the person has not
// dismissed by then is written to the standard error. Screen returns an error
// when there is no terminal to draw on, and after a panic, whose stack it has
// written there as well.
func Screen(ctx context.Context, feed Feed, actions Actions, o Options) error {
	return show(ctx, feed, actions, o)
}

func show(ctx context.Context, feed Feed, actions Actions, o Options, more ...tea.ProgramOption) error {
	ctx, cancel := context.WithCancel(ctx)
	b := &background{ctx: ctx}
	var helpers sync.WaitGroup
	defer func() {
		cancel()
		b.close()
		helpers.Wait()
	}()

	m := newModel(feed, actions, b, time.Now(), o)
	program := tea.NewProgram(m, append(o.program(), more...)...)
	var changed atomic.Bool
	changed.Store(true)
	help := func(f func()) {
		helpers.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					program.Send(newCrash(r))
				}
			}()
			f()
		})
	}
	help(func() { watch(ctx, feed, &changed) })
	help(func() { tick(ctx, program, &changed) })
	help(func() { watchStops(ctx, program, &m.away) })
	_, err := program.Run()
	return m.lastWords(err, cmp.Or[io.Writer](o.Errors, os.Stderr))
}

// lastWords says what has to be seen after the screen is gone.
func (m *model) lastWords(err error, w io.Writer) error {
	switch {
	case m.crash != nil:
		if _, werr := w.Write(m.crash.stack); werr != nil {
			return werr
		}
		return fmt.Errorf("show the screen: panic: %v", m.crash.value)
	case err != nil && !errors.Is(err, context.Canceled):
		return fmt.Errorf("show the screen: %w", err)
	}
	if msg := m.message; msg.mood == moodBad && msg.text != "" {
		if _, err := fmt.Fprintln(w, "taskhook: "+format.Clean(msg.text)); err != nil {
			return err
		}
	}
	return nil
}

func (o *Options) program() []tea.ProgramOption {
	// Signals are main's: it ends ctx.
	opts := []tea.ProgramOption{tea.WithoutSignalHandler(), tea.WithFPS(framesPerSecond)}
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
		if retry.Sleep(ctx, time.Second) != nil {
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
