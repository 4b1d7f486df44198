package store

import (
	"context"
	"fmt"
)

// Setting returns a stored setting, "" if there is none.
func (s *Store) Setting(name string) (value string, err error) {
	err = s.view(context.Background(), func(t *txn) error {
		if value, err = t.text(bucketSettings, []byte(name)); err != nil {
			return fmt.Errorf("the stored setting %q is damaged: %w", name, err)
		}
		return nil
	})
	return value, err
}

// SetSetting stores a setting, and returns when it is on disk.
func (s *Store) SetSetting(ctx context.Context, name, value string) error {
	return s.update(ctx, len(value), func(t *txn) error {
		return t.putText(bucketSettings, []byte(name), value)
	})
}
