package store

import (
	"context"
	"net/http"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// ExpectRetry notes when the sender of an event means to send it again; zero:
// never. Only an event that was answered 429 is changed. The error wraps
// webhook.ErrNotFound for an unknown one.
func (s *Store) ExpectRetry(ctx context.Context, id webhook.ID, at time.Time) error {
	return s.update(ctx, rowSize, func(t *txn) error {
		before, err := t.getRow(id)
		if err != nil || before.status != http.StatusTooManyRequests || before.retry == nanos(at) {
			return err
		}
		return t.amend(id, before, func(r *row) {
			r.retry = nanos(at)
			r.flags &^= flagOverdue
		})
	})
}
