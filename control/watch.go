package control

import (
	"context"
	"time"

	"github.com/taskhook/taskhook/notify"
	"github.com/taskhook/taskhook/webhook"
)

// hint is a step of a watch.
type hint struct {
	Change *webhook.Change // nil: a heartbeat
}

// watchSteps makes a step of each hint of the backend. The first is a heartbeat:
// the client must know that nothing will be missed from then on.
func watchSteps(b Backend) steps[struct{}, hint, complete] {
	return func(ctx context.Context, _ struct{}, tell func(hint)) (complete, error) {
		changes, err := b.Watch(ctx)
		if err != nil {
			return complete{}, err
		}
		beat := time.NewTicker(heartbeat)
		defer beat.Stop()
		for next := (hint{}); ; {
			tell(next)
			select {
			case <-ctx.Done():
				return complete{}, ctx.Err()
			case <-beat.C:
				next = hint{}
			case c, ok := <-changes:
				if !ok {
					return complete{}, nil
				}
				next = hint{&c}
			}
		}
	}
}

// Watch implements [Backend]: hints until ctx or the listener ends, or c is
// closed; then the channel is closed. To watch on is the caller's part.
func (c *Client) Watch(ctx context.Context) (<-chan webhook.Change, error) {
	ctx, cancel := context.WithCancel(ctx)
	unbind := context.AfterFunc(c.life, cancel)
	var changes notify.Hub[webhook.Change]
	hints := changes.Watch(ctx)
	begun := make(chan error, 1) // the first thing that is known of the watch
	tellOnce := func(err error) {
		select {
		case begun <- err:
		default:
		}
	}
	c.watches.Go(func() {
		defer changes.Close()
		defer cancel()
		defer unbind()
		_, err := follow[hint, complete](ctx, c, silence, pathWatch, struct{}{}, func(h hint) bool {
			tellOnce(nil)
			if h.Change != nil {
				changes.Notify(*h.Change)
			}
			return true
		})
		tellOnce(err)
	})
	if err := <-begun; err != nil {
		return nil, err
	}
	return hints, nil
}
