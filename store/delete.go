package store

import (
	"context"
	"errors"
	"slices"

	"taskhook/webhook"
)

// deleteAtOnce is how many events one transaction deletes: few enough that a
// write which shares it waits no more than some milliseconds.
const deleteAtOnce = 64

// Delete deletes events with all that is stored of them, and returns how many
// there were. When it returns an error, that many are deleted all the same.
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
	key := idKey(id)
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
	if r.typeHash != 0 {
		if err := t.in(bucketTypes).Delete(pairKey(r.typeHash, uint64(id))); err != nil {
			return true, err
		}
	}
	if r.hookHash != 0 {
		if err := t.in(bucketHooks).Delete(pairKey(r.hookHash, uint64(id))); err != nil {
			return true, err
		}
	}
	return true, t.deleteRecords(id, key)
}

// deleteDamaged deletes an event whose row does not say what it was: index
// entries that lead to it stay behind and are passed over, and all is counted
// anew.
func (t *txn) deleteDamaged(id webhook.ID) error {
	key := idKey(id)
	for _, b := range [...]bucket{bucketRows, bucketOpen, bucketStrangers} {
		if err := t.in(b).Delete(key); err != nil {
			return err
		}
	}
	if err := t.deleteRecords(id, key); err != nil {
		return err
	}
	t.counts = t.recount(t.counts.LastID, t.counts.LastSeq)
	return nil
}

// deleteRecords deletes what has an event's ID at the front of its key.
func (t *txn) deleteRecords(id webhook.ID, key []byte) error {
	for _, b := range [...]bucket{bucketEvents, bucketBodies, bucketReasons} {
		if err := t.in(b).Delete(key); err != nil {
			return err
		}
	}
	var keys [][]byte
	cur := t.in(bucketAttempts).Cursor()
	for k, _ := cur.Seek(key); k != nil && firstOf(k) == uint64(id); k, _ = cur.Next() {
		keys = append(keys, slices.Clone(k))
	}
	for _, k := range keys {
		for _, b := range [...]bucket{bucketAttempts, bucketReplies, bucketSent} {
			if err := t.in(b).Delete(k); err != nil {
				return err
			}
		}
		if err := t.in(bucketLog).Delete(idKey(webhook.ID(secondOf(k)))); err != nil {
			return err
		}
	}
	return nil
}
