package store

import "context"

// Flush returns once everything that was queued before is on disk.
func (s *Store) Flush(ctx context.Context) error {
	// Writes are committed in order: an empty one comes after all of them.
	return s.update(ctx, 0, func(*txn) error { return nil })
}
