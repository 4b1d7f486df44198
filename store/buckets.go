package store

import (
	"cmp"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
)

// bucket names a bucket of the file. IDs in keys are eight bytes, big-endian:
// the order of keys is that of arrival. No value is empty, so that a leaf page
// that is taken for a branch leads nowhere.
type bucket int

const (
	bucketMeta      bucket = iota // "schema" and "counters"
	bucketSettings                // name → text
	bucketEvents                  // tables and records, see kind
	bucketLarge                   // as bucketEvents: records that are too long for that
	bucketOpen                    // ID → 1: no answer yet
	bucketRetries                 // time of the retry, ID → 1
	bucketUntrusted               // ID → 1: kept by a quota of its own
	buckets                       // how many there are
)

var bucketNames = [buckets]string{
	"meta", "settings", "events", "large", "open", "pending", "strangers",
}

// present is the value of index entries.
var present = []byte{1}

// appendFill fills the pages of buckets whose new keys come last, in each of
// their tables.
const appendFill = 0.95

// txn is a transaction with the buckets that it has used: one that writes, or
// a snapshot that is only read, whatever is damaged in it.
type txn struct {
	tx     *bbolt.Tx // nil: of a snapshot
	opened [buckets]*bbolt.Bucket
	snap   *boltfile.Snapshot
	trees  [buckets]*boltfile.Tree
	counts counters // of a writing transaction, as newest
	newest *newest
	// orphaned: nobody has the file open for writing, so who has no answer
	// will get none.
	orphaned bool
	// previous is what a store of an older layout counts, which is only read
	// and whose rows are therefore converted as they are decoded; else nil.
	previous *counters
}

// decode decodes a row as this transaction sees it. The error wraps
// webhook.ErrDamaged.
func (t *txn) decode(r *row, key, value []byte) error {
	if err := r.decode(key, value); err != nil {
		return damaged(webhook.ID(numberOf(key)), err)
	}
	if t.previous != nil {
		r.convert()
	}
	if t.orphaned && r.status == 0 && r.flags&(flagSenderGone|flagBrokenOff) == 0 {
		r.flags |= flagInterrupted
	}
	return nil
}

// cursor walks over the entries of a bucket.
type cursor interface {
	First() (key, value []byte)
	Last() (key, value []byte)
	Next() (key, value []byte)
	Prev() (key, value []byte)
	Seek(key []byte) (k, v []byte)
}

// tree returns a bucket of a snapshot; nil: it cannot be found.
func (t *txn) tree(b bucket) *boltfile.Tree {
	if t.trees[b] == nil {
		t.trees[b] = t.snap.Tree(bucketNames[b])
	}
	return t.trees[b]
}

// get reads an entry, nil if there is none.
func (t *txn) get(b bucket, key []byte) []byte {
	if t.snap == nil {
		return t.in(b).Get(key)
	}
	return t.tree(b).Get(key)
}

func (t *txn) cursor(b bucket) cursor {
	if t.snap == nil {
		return t.in(b).Cursor()
	}
	return t.tree(b).Cursor()
}

// in returns a bucket to write to. A file without it is damaged.
func (t *txn) in(b bucket) *bbolt.Bucket {
	if t.opened[b] == nil {
		t.opened[b] = t.tx.Bucket([]byte(bucketNames[b]))
		if t.opened[b] == nil {
			panic(fmt.Errorf("%w: it has no bucket %s", boltfile.ErrCorrupt, bucketNames[b]))
		}
		if b == bucketEvents || b == bucketLarge {
			t.opened[b].FillPercent = appendFill
		}
	}
	return t.opened[b]
}

// text reads a sealed text, "" if there is none.
func (t *txn) text(b bucket, key []byte) (string, error) {
	record := t.get(b, key)
	if record == nil {
		return "", nil
	}
	payload, err := boltfile.Unseal(key, record)
	return string(payload), err
}

// putText stores a text that text reads.
func (t *txn) putText(b bucket, key []byte, text string) error {
	return t.in(b).Put(key, boltfile.Seal(key, append(make([]byte, boltfile.SumSize), text...)))
}

// getRow reads the row of an event. The error wraps webhook.ErrNotFound or
// webhook.ErrDamaged.
func (t *txn) getRow(id webhook.ID) (row, error) {
	var r row
	key := rowKey(id)
	b := t.get(bucketEvents, key)
	if b == nil {
		return r, cmp.Or(t.lost(id), notFound(id))
	}
	err := t.decode(&r, key, b)
	return r, err
}

// peek reads a row; it reports false for one that is gone or damaged.
func (t *txn) peek(id webhook.ID) (row, bool) {
	r, err := t.getRow(id)
	return r, err == nil
}

// has reports whether there is an event, damaged or not.
func (t *txn) has(id webhook.ID) bool { return t.get(bucketEvents, rowKey(id)) != nil }

// change replaces the stored row before, nil for a new one, by after, nil to
// remove it, and with it everything that follows from a row: the counters, and
// the indexes of those that are open, retrying or untrusted.
func (t *txn) change(id webhook.ID, before, after *row) error {
	if before != nil {
		t.counts.add(before, -1)
	}
	if after != nil {
		t.counts.add(after, 1)
	}
	for _, b := range [...]bucket{bucketOpen, bucketUntrusted, bucketRetries} {
		if err := t.move(b, before.entry(b, id), after.entry(b, id)); err != nil {
			return err
		}
	}
	key := rowKey(id)
	if after == nil {
		return t.in(bucketEvents).Delete(key)
	}
	return t.in(bucketEvents).Put(key, after.encode(key))
}

// amend changes the stored row before.
func (t *txn) amend(id webhook.ID, before row, change func(*row)) error {
	after := before
	change(&after)
	return t.change(id, &before, &after)
}

// entry is the key of a row's entry in an index; nil: it has none. r may be nil.
func (r *row) entry(b bucket, id webhook.ID) []byte {
	switch {
	case r == nil:
	case b == bucketRetries && r.class() == classRetrying:
		return pairKey(retryTime(r.retry), uint64(id))
	case b == bucketOpen && r.class() == classForwarding, b == bucketUntrusted && r.flags.has(flagUntrusted):
		return idKey(id)
	}
	return nil
}

// move replaces one entry of an index by another; nil is none.
func (t *txn) move(b bucket, from, to []byte) error {
	if string(from) == string(to) {
		return nil
	}
	if from != nil {
		if err := t.in(b).Delete(from); err != nil {
			return err
		}
	}
	if to == nil {
		return nil
	}
	return t.in(b).Put(to, present)
}
