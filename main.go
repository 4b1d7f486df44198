// Taskhook is a local webhook development proxy for the Taskee Portal API.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"taskhook/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks for an orderly end; from then on the system's own
	// handling is back, so that a second one ends the program at once.
	context.AfterFunc(ctx, stop)
	os.Exit(cli.Run(ctx, os.Args[1:], cli.Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.Getenv, ReleaseSignals: stop,
	}))
}
