package store

import (
	"context"
	"errors"
	"slices"

	"github.com/taskhook/taskhook/webhook"
)

// deleteAtOnce is how many events one transaction deletes: few enough that a
// write that shares it waits a few milliseconds at most.
const deleteAtOnce = 64

// Delete deletes events with everything stored of them, and returns how many
// were deleted, also with an error.
func (s *Store) Delete(ctx context.Context, ids []webhook.ID) (int, error) {
	total := 0
	for some := range slices.Chunk(ids, deleteAtOnce) {
		n := 0
		err := s.update(ctx, len(some)*overhead, func(t *txn) error {
			n = 0
			for _, id := range some {
				there, err := t.delete(id)
				if err != nil {
					return err
				}
				if there {
					n++
				}
			}
			return nil
		})
		if err != nil {
			return total, err
		}
		total += n
	}
	return total, nil
}

// delete deletes an event and reports whether it was there.
func (t *txn) delete(id webhook.ID) (bool, error) {
	r, err := t.getRow(id)
	switch {
	case errors.Is(err, webhook.ErrNotFound):
		return false, nil
	case err != nil:
		return true, t.deleteDamaged(id)
	}
	if err := t.unlink(id, &r); err != nil {
		return true, err
	}
	if err := t.change(id, &r, nil); err != nil {
		return true, err
	}
	t.newest.drop(id, &r)
	return true, t.deleteRecords(id)
}

// deleteDamaged deletes an event whose row cannot be read. An entry for it in
// bucketRetries cannot be found: it is left, and ignored. Everything is
// recounted.
func (t *txn) deleteDamaged(id webhook.ID) error {
	if err := t.in(bucketEvents).Delete(rowKey(id)); err != nil {
		return err
	}
	for _, b := range [...]bucket{bucketOpen, bucketUntrusted} {
		if err := t.in(b).Delete(idKey(id)); err != nil {
			return err
		}
	}
	if err := t.deleteRecords(id); err != nil {
		return err
	}
	t.newest.forget()
	t.counts = t.recount(t.counts.LastID, t.counts.LastSeq)
	return nil
}

// deleteRecords deletes what has an event's ID at the front of its key.
func (t *txn) deleteRecords(id webhook.ID) error {
	if id == 0 {
		return nil // a damaged key; the tables stay
	}
	for _, b := range [...]bucket{bucketEvents, bucketLarge} {
		var keys [][]byte
		cur := t.cursor(b)
		for k, _ := cur.Seek(idKey(id)); k != nil && firstOf(k) == uint64(id); k, _ = cur.Next() {
			keys = append(keys, slices.Clone(k))
		}
		for _, k := range keys {
			if err := t.in(b).Delete(k); err != nil {
				return err
			}
			if seq := numberOf(k); seq != 0 {
				if err := t.in(bucketEvents).Delete(tableKey(kindLog, seq)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
