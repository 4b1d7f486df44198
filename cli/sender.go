package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/sandbox"
	"github.com/taskhook/taskhook/webhook"
)

// What plays the platform on this machine tells the listener what the platform
// would not: when it will send an event again, or that it never will.

// findSent returns the ID of the event that was just sent to a listener; 0: it
// has none such.
func findSent(ctx context.Context, b control.Backend, webhookID string, body []byte) (webhook.ID, error) {
	name := webhookID
	if name == "" {
		name = "latest"
	}
	id, err := b.Find(ctx, name)
	if err == nil && webhookID == "" {
		var r webhook.Record
		if r, err = webhook.ReadRecord(ctx, b, id, webhook.Parts{Payload: true}); !bytes.Equal(r.Body, body) {
			id = 0 // another came meanwhile
		}
	}
	if errors.Is(err, webhook.ErrNotFound) {
		return 0, nil
	}
	return id, err
}

// announce tells a listener how long after an answer of 429 an event is sent
// again. One that does not hear it expects what the platform would do.
func announce(ctx context.Context, b control.Backend, body []byte, retryIn time.Duration) {
	_ = b.Announce(ctx, webhook.Announcement{Sum: sha256.Sum256(body), RetryIn: retryIn})
}

// tellSchedules has a sandbox tell the project's running listener when it sends
// again.
func (a *app) tellSchedules(dir string, o *sandbox.Options) {
	ask := func(ctx context.Context, do func(context.Context, *control.Client)) {
		ctx, cancel := context.WithTimeout(ctx, listenerTimeout)
		defer cancel()
		client, err := control.Dial(dir)
		if err != nil {
			return
		}
		do(ctx, client)
		_ = client.Close()
	}
	o.Announce = func(ctx context.Context, body []byte, retryIn time.Duration) {
		ask(ctx, func(ctx context.Context, c *control.Client) { announce(ctx, c, body, retryIn) })
	}
	o.Rescheduled = func(ctx context.Context, webhookID string, at time.Time) {
		ask(ctx, func(ctx context.Context, c *control.Client) {
			if id, err := findSent(ctx, c, webhookID, nil); err == nil && id != 0 {
				_ = c.ExpectRetry(ctx, id, at)
			}
		})
	}
}
