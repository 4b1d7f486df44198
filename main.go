// Taskhook is a local webhook development proxy for the Taskee Portal API.
package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/taskhook/taskhook/cli"
)

// exitKilled is the exit code of a program that a second signal ended.
const exitKilled = 130

func main() {
	ctx, release := untilInterrupted()
	os.Exit(cli.Run(ctx, os.Args[1:], cli.Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.Getenv, ReleaseSignals: release,
	}))
}

// untilInterrupted returns a context that the first interrupt ends, which asks
// for an orderly end; the second one ends the program at once. After release
// an orderly end is under way, and the next one is the second.
func untilInterrupted() (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancel(context.Background())
	// A reader that has gone is an error of the write, which ends a listener in
	// good order; the system's way would drop the webhooks in hand.
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 2) // both of a quick pair
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	released := make(chan struct{})
	go func() {
		select {
		case <-signals:
		case <-released:
		}
		cancel()
		<-signals
		os.Exit(exitKilled)
	}()
	return ctx, sync.OnceFunc(func() { close(released) })
}
