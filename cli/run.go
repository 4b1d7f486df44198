package cli

import (
	"context"
	"errors"
	"syscall"

	"github.com/taskhook/taskhook/inspector"
	"github.com/taskhook/taskhook/listener"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// openListener opens a listener as the flags say.
func (a *app) openListener(ctx context.Context, o *listenOptions) (*listener.Listener, error) {
	dir, err := a.directory()
	if err != nil {
		return nil, err
	}
	o.complete(a, dir)
	if o.Proxy.Sign == webhook.SignDev {
		if _, err := o.Proxy.Signer(); err != nil {
			return nil, err // before anything is opened
		}
	}
	if a.env("GOGC") == "" {
		tuneGC(ctx)
	}
	l, err := listener.Open(ctx, o.Options)
	if err != nil {
		return nil, a.openError(err)
	}
	return l, nil
}

// runListener shows what a listener receives until ctx ends, the person leaves
// the screen, or the listener ends by itself.
func (a *app) runListener(ctx context.Context, l *listener.Listener, o *listenOptions) error {
	if err := a.banner(context.WithoutCancel(ctx), l, o); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	// A screen closes at once when ctx ends; lines go on until what was in
	// progress has ended, so that they tell all of it.
	lines, endLines := context.WithCancel(context.WithoutCancel(ctx))
	defer endLines()
	if o.output.value == "screen" {
		a.screen.Store(l.Logger())
	}
	shown := make(chan error, 1)
	go func() {
		if o.output.value == "screen" {
			shown <- a.showScreen(ctx, l, l.Dir(), l.Logger())
		} else {
			shown <- a.showLines(lines, l, o)
		}
		// From here on the next signal ends the program at once.
		a.releaseSignals()
		stop()
	}()
	err := l.Run(ctx)
	endLines()
	shownErr := <-shown
	if errors.Is(shownErr, context.Canceled) {
		shownErr = nil
	}
	if errors.Is(shownErr, syscall.EPIPE) {
		a.note("nobody reads the output any more: stopping")
	}
	var summaryErr error
	if o.output.value == "screen" {
		summaryErr = a.summarize(l, o)
	}
	return errors.Join(shownErr, err, summaryErr, a.nameRetrying(l, o))
}

// showLines writes what a listener receives until ctx ends.
func (a *app) showLines(ctx context.Context, l *listener.Listener, o *listenOptions) error {
	from := l.Start()
	switch o.output.value {
	case "json":
		return inspector.JSONLines(ctx, a.stdout, &steady{Feed: l, app: a}, from)
	case "plain":
		return inspector.Plain(ctx, a.stdout, &steady{Feed: l, app: a}, inspector.PlainOptions{Color: a.colorful(a.stdout), Policy: taskee.Policy(), From: &from})
	}
	<-ctx.Done()
	return nil
}
