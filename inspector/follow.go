package inspector

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// How a follower paces itself.
const (
	followEvery = 50 * time.Millisecond // between two reads at least
	followPoll  = time.Second           // between two reads at most: hints may be lost
	followDrain = 2 * time.Second       // for what is left when its context ends
)

// follow hands everything stored after from to show, in order, until ctx
// ends; then what is left, calls finish and returns nil. It returns the first
// error of the feed, of show or of finish.
func follow(ctx context.Context, feed Feed, from webhook.Position, show func(context.Context, webhook.Updates) error, finish func(context.Context) error) error {
	// A feed without hints is only slower.
	hints, err := feed.Watch(ctx)
	if err != nil {
		hints = nil
	}
	poll := time.NewTicker(followPoll)
	defer poll.Stop()
	for {
		if from, err = readUpdates(ctx, feed, from, show); err != nil && ctx.Err() == nil {
			return err
		}
		if !pause(ctx, followEvery) {
			break
		}
		select {
		case <-ctx.Done():
		case _, open := <-hints:
			if !open {
				hints = nil
			}
		case <-poll.C:
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), followDrain)
	defer cancel()
	if _, err = readUpdates(last, feed, from, show); err != nil {
		return err
	}
	return finish(last)
}

// readUpdates prints all updates and returns the position after it.
func readUpdates(ctx context.Context, feed Feed, from webhook.Position, show func(context.Context, webhook.Updates) error) (webhook.Position, error) {
	for {
		updates, err := feed.Updates(ctx, from)
		if err != nil {
			return from, fmt.Errorf("read new events: %w", err)
		}
		if err := show(ctx, updates); err != nil {
			return from, err
		}
		from = updates.Position
		if !updates.More {
			return from, nil
		}
	}
}

// pause waits and reports whether ctx still lives.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// present returns the position of what is stored now.
func present(ctx context.Context, feed Feed) (webhook.Position, error) {
	page, err := webhook.ReadPage(ctx, feed, webhook.Query{Limit: 1})
	if err != nil {
		return webhook.Position{}, fmt.Errorf("read the newest event: %w", err)
	}
	return page.Position, nil
}

// inOrder walks through updates with each attempt as early as its event allows.
func inOrder(updates webhook.Updates, event func(webhook.Summary) error, attempt func(webhook.Attempted) error) error {
	events := updates.Events
	for _, a := range updates.Attempts {
		for len(events) > 0 && events[0].ID <= a.EventID {
			if err := event(events[0]); err != nil {
				return err
			}
			events = events[1:]
		}
		if err := attempt(a); err != nil {
			return err
		}
	}
	for _, e := range events {
		if err := event(e); err != nil {
			return err
		}
	}
	return nil
}

// write gives w one piece of output; nothing is written for nothing.
func write(w io.Writer, p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if _, err := w.Write(p); err != nil {
		return fmt.Errorf("write events: %w", err)
	}
	return nil
}
