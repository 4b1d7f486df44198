package store

import "context"

// Flush returns once everything that was queued before can be read. It costs
// next to nothing when nothing is queued. An error of the disk leaves it queued.
func (s *Store) Flush(ctx context.Context) error { return s.file.Flush(ctx) }
