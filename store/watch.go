package store

import (
	"context"

	"github.com/taskhook/taskhook/webhook"
)

// Watch hints at changes until ctx or the store ends; then the channel is
// closed. Hints that nobody took in time are joined into the newest.
func (s *Store) Watch(ctx context.Context) <-chan webhook.Change {
	return s.changes.Watch(ctx)
}

// Notify hints at a change of something that is read beside the store, such as
// the listener that has it open.
func (s *Store) Notify() {
	s.changes.Notify(webhook.Change{Version: s.version.Add(1)})
}
