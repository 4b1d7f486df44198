//go:build unix

package inspector

import (
	"context"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	tea "charm.land/bubbletea/v2"
)

// stopProcess stops the process with its group, and returns when it goes on.
func stopProcess(ctx context.Context) {
	goesOn := make(chan os.Signal, 1)
	signal.Notify(goesOn, syscall.SIGCONT)
	defer signal.Stop(goesOn)
	_ = syscall.Kill(0, syscall.SIGTSTP)
	select {
	case <-goesOn:
	case <-ctx.Done():
	}
}

// surviveTerminal has the process survive what it does to a terminal that is not
// its own, and useTerminal takes that back.
func surviveTerminal() { signal.Ignore(syscall.SIGTTIN, syscall.SIGTTOU) }

func useTerminal() { signal.Reset(syscall.SIGTTIN, syscall.SIGTTOU) }

// watchStops tells the screen when others have stopped the process and it goes
// on: the terminal is not as the screen left it, and may not be its own.
func watchStops(ctx context.Context, program *tea.Program, away *atomic.Bool) {
	goesOn := make(chan os.Signal, 1)
	signal.Notify(goesOn, syscall.SIGCONT)
	defer signal.Stop(goesOn)
	for {
		select {
		case <-ctx.Done():
			return
		case <-goesOn:
		}
		if !away.Load() {
			surviveTerminal()
			program.Send(continuedMsg{})
		}
	}
}
