package store

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"taskhook/store/boltfile"
	"taskhook/webhook"
)

// bucket names a bucket of the file. IDs in keys are eight bytes, big-endian:
// the order of keys is that of arrival. No value is empty, so that a leaf page
// that is taken for a branch leads nowhere.
type bucket int

const (
	bucketMeta      bucket = iota // "schema" and "counters"
	bucketSettings                // name → text
	bucketRows                    // ID → row
	bucketEvents                  // ID → record, without body
	bucketBodies                  // ID → body as received; its checksum is in the row
	bucketReasons                 // ID → the answer's reason, if any
	bucketAttempts                // ID, Seq → record
	bucketReplies                 // ID, Seq → what was captured of the app's answer
	bucketSent                    // ID, Seq → what was really sent, if that was not the event
	bucketLog                     // Seq → ID
	bucketHooks                   // hash of the webhookId, ID → linked or stranger
	bucketTypes                   // hash of the type, ID → 1
	bucketOpen                    // ID → 1: no answer yet
	bucketPending                 // time of the retry, ID → 1
	bucketStrangers               // ID → 1: turned away before it was trusted
	buckets                       // how many there are
)

var bucketNames = [buckets]string{
	"meta", "settings", "rows", "events", "bodies", "reasons", "attempts", "replies", "sent",
	"log", "webhookIds", "types", "open", "pending", "strangers",
}

// The values of index entries.
var (
	present  = []byte{1}
	stranger = []byte{2} // in bucketHooks: links no redelivery
)

// appendFill fills the pages of buckets that grow at their end.
const appendFill = 0.95

func appends(b bucket) bool { return b >= bucketRows && b <= bucketLog }

// txn is a transaction with the buckets it has come to.
type txn struct {
	tx     *bbolt.Tx
	opened [buckets]*bbolt.Bucket
	counts counters // of a writing transaction
}

// in returns a bucket. A file without it is damaged.
func (t *txn) in(b bucket) *bbolt.Bucket {
	if t.opened[b] == nil {
		t.opened[b] = t.tx.Bucket([]byte(bucketNames[b]))
		if t.opened[b] == nil {
			panic(fmt.Errorf("%w: it has no bucket %s", boltfile.ErrCorrupt, bucketNames[b]))
		}
		if appends(b) {
			t.opened[b].FillPercent = appendFill
		}
	}
	return t.opened[b]
}

func idKey(id webhook.ID) []byte { return binary.BigEndian.AppendUint64(nil, uint64(id)) }

// pairKey is the key of an index entry: a hash, a time or an ID, then an ID or
// a Seq.
func pairKey(first, second uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(make([]byte, 0, 16), first), second)
}

// firstOf and secondOf take a key apart; a damaged one gives 0.
func firstOf(key []byte) uint64 {
	if len(key) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(key)
}

func secondOf(key []byte) uint64 {
	if len(key) != 16 {
		return 0
	}
	return binary.BigEndian.Uint64(key[8:])
}

// pendingTime orders times before 1970 too.
func pendingTime(nanos int64) uint64 { return uint64(nanos) ^ 1<<63 }

// getRow reads the row of an event. The error wraps webhook.ErrNotFound or
// ErrDamaged.
func (t *txn) getRow(id webhook.ID) (row, error) {
	var r row
	key := idKey(id)
	b := t.in(bucketRows).Get(key)
	if b == nil {
		return r, notFound(id)
	}
	if err := r.decode(key, b); err != nil {
		return r, damaged(id, err)
	}
	return r, nil
}

// peek reads a row that may be gone or damaged: then it reports false.
func (t *txn) peek(id webhook.ID) (row, bool) {
	r, err := t.getRow(id)
	return r, err == nil
}

// before moves a cursor to the last entry below a key.
func before(cur *bbolt.Cursor, key []byte) (k, v []byte) {
	if k, _ := cur.Seek(key); k == nil {
		return cur.Last()
	}
	return cur.Prev()
}

// change stores a row and everything that follows from it: what it counts as,
// and whether it is open, pending or a stranger. before is what is stored now;
// nil: nothing. after nil removes it.
func (t *txn) change(id webhook.ID, before, after *row) error {
	if before != nil {
		t.counts.add(before, -1)
	}
	if after != nil {
		t.counts.add(after, 1)
	}
	for _, m := range [...]struct {
		in  bucket
		key func(*row) []byte
	}{
		{bucketOpen, func(r *row) []byte { return only(r.class() == classForwarding, idKey(id)) }},
		{bucketStrangers, func(r *row) []byte { return only(r.flags.has(flagStranger), idKey(id)) }},
		{bucketPending, func(r *row) []byte {
			return only(r.class() == classPending, pairKey(pendingTime(r.retry), uint64(id)))
		}},
	} {
		var from, to []byte
		if before != nil {
			from = m.key(before)
		}
		if after != nil {
			to = m.key(after)
		}
		if err := t.move(m.in, from, to); err != nil {
			return err
		}
	}
	key := idKey(id)
	if after == nil {
		return t.in(bucketRows).Delete(key)
	}
	return t.in(bucketRows).Put(key, after.encode(key))
}

func only(is bool, key []byte) []byte {
	if !is {
		return nil
	}
	return key
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
