package inspector

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// How a follower paces itself.
const (
	followEvery = 50 * time.Millisecond // between two reads at least
	followDrain = 2 * time.Second       // for what is left when its context ends
)

// follower is what follow hands updates to.
type follower interface {
	// print prints updates, and what else there is to say by now.
	print(ctx context.Context, updates webhook.Updates) error
	// due is how long it may take until there is something to say without an
	// update; 0: there is nothing to wait for.
	due(now time.Time) time.Duration
	// finish says what is left.
	finish(ctx context.Context) error
}

// follow hands everything stored after from to f, in order, until ctx ends or
// the feed gives no more hints; then what is left, and returns nil. Between
// hints it sleeps, unless something is due. It returns the first error of the
// feed or of f.
func follow(ctx context.Context, feed Feed, from webhook.Position, f follower) error {
	hints, err := feed.Watch(ctx)
	if err != nil {
		return fmt.Errorf("watch for new events: %w", err)
	}
	for {
		if from, err = readUpdates(ctx, feed, from, f); err != nil && ctx.Err() == nil {
			return err
		}
		if retry.Sleep(ctx, followEvery) != nil || !awaitHint(hints, f.due(time.Now())) {
			break
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), followDrain)
	defer cancel()
	if _, err = readUpdates(last, feed, from, f); err != nil {
		return err
	}
	return f.finish(last)
}

// awaitHint waits for a hint, at most as long as something is due, and reports
// whether there will be more.
func awaitHint(hints <-chan webhook.Change, due time.Duration) bool {
	var now <-chan time.Time
	if due > 0 {
		timer := time.NewTimer(due)
		defer timer.Stop()
		now = timer.C
	}
	select {
	case _, open := <-hints:
		return open
	case <-now:
		return true
	}
}

// readUpdates prints all updates and returns the position after it.
func readUpdates(ctx context.Context, feed Feed, from webhook.Position, f follower) (webhook.Position, error) {
	for {
		updates, err := feed.Updates(ctx, from)
		if err != nil {
			return from, fmt.Errorf("read new events: %w", err)
		}
		if err := f.print(ctx, updates); err != nil {
			return from, err
		}
		from = updates.Position
		if !updates.More {
			return from, nil
		}
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
