//go:build unix

package inspector

import (
	"context"
	"os"
	"os/signal"
	"syscall"
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

// inBackground has the process survive what it does to a terminal that is not
// its own, until end.
func (s *suspension) inBackground() (end func()) {
	signal.Ignore(syscall.SIGTTIN, syscall.SIGTTOU)
	return func() {
		if s.ctx.Err() == nil { // else the screen ends from here
			signal.Reset(syscall.SIGTTIN, syscall.SIGTTOU)
		}
	}
}
