package store

import (
	"context"
	"fmt"

	"github.com/taskhook/taskhook/store/boltfile"
)

// Setting returns a stored setting, "" if there is none.
func (s *Store) Setting(name string) (string, error) {
	var value string
	err := s.view(context.Background(), func(t *txn) error {
		record := t.in(bucketSettings).Get([]byte(name))
		if record == nil {
			return nil
		}
		payload, err := boltfile.Unseal([]byte(name), record)
		if err != nil {
			return fmt.Errorf("the stored setting %q is damaged: %w", name, err)
		}
		value = string(payload)
		return nil
	})
	return value, err
}

// SetSetting stores a setting, and returns when it is on disk.
func (s *Store) SetSetting(ctx context.Context, name, value string) error {
	return s.update(ctx, len(value), func(t *txn) error {
		record := append(make([]byte, boltfile.SumSize), value...)
		return t.in(bucketSettings).Put([]byte(name), boltfile.Seal([]byte(name), record))
	})
}
