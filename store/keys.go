package store

import (
	"bytes"
	"encoding/binary"
	"iter"
	"slices"

	"github.com/taskhook/taskhook/webhook"
)

// A key of bucketEvents is an ID, a kind and, with some kinds, a number. What
// belongs to one event stands together, and the tables, which are read across
// events, stand before all events under the ID 0, which no event has. The time
// of a commit is that of its scattered pages: so it dirties one for all
// records of an event, and few branches.

// kind says what a key leads to. A salvage brings back those that parseEntry
// knows.
type kind byte

const (
	kindRow     kind = iota + 1 // table: the ID → row
	kindLog                     // table: the Seq of an attempt → ID of its event
	kindEvent                   // the event without its body
	kindBody                    // the body as received; its checksum is in the row
	kindReason                  // the answer's reason, if any
	kindAttempt                 // one for each Seq, as the next two
	kindReply                   // what was captured of the app's answer
	kindSent                    // what was really sent, if that was not the event
)

const (
	idSize       = 8
	recordSize   = idSize + 1
	numberedSize = recordSize + 8
)

func idKey(id webhook.ID) []byte { return binary.BigEndian.AppendUint64(nil, uint64(id)) }

// recordKey is the key of an event's record, and what those with a number
// begin with.
func recordKey(id webhook.ID, k kind) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, numberedSize), uint64(id)), byte(k))
}

// attemptKey is the key of a record of an attempt.
func attemptKey(id webhook.ID, k kind, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(recordKey(id, k), seq)
}

// tableKey is the key of an entry of a table.
func tableKey(k kind, number uint64) []byte { return attemptKey(0, k, number) }

func rowKey(id webhook.ID) []byte { return tableKey(kindRow, uint64(id)) }

// numberOf is the number in a key, 0 if it has none.
func numberOf(key []byte) uint64 {
	if len(key) != numberedSize {
		return 0
	}
	return binary.BigEndian.Uint64(key[recordSize:])
}

// pairKey is the key of an index entry: a time, then an ID.
func pairKey(first, second uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(make([]byte, 0, 16), first), second)
}

// firstOf and secondOf take such a key apart, firstOf any that begins with an
// ID; a damaged one gives 0.
func firstOf(key []byte) uint64 {
	if len(key) < idSize {
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

// retryTime orders times before 1970 too.
func retryTime(nanos int64) uint64 { return uint64(nanos) ^ 1<<63 }

// nanosOf is the time that retryTime made a key of.
func nanosOf(key uint64) int64 { return int64(key ^ 1<<63) }

// up yields the entries of a table from a number on.
func (t *txn) up(k kind, from uint64) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		cur, prefix := t.cursor(bucketEvents), recordKey(0, k)
		for key, v := cur.Seek(tableKey(k, from)); bytes.HasPrefix(key, prefix); key, v = cur.Next() {
			if !yield(key, v) {
				return
			}
		}
	}
}

// down yields the entries of a table below a number, the last first; 0: all.
func (t *txn) down(k kind, below uint64) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		cur, prefix := t.cursor(bucketEvents), recordKey(0, k)
		seek := tableKey(k, below)
		if below == 0 {
			seek = recordKey(0, k+1)
		}
		for key, v := before(cur, seek); bytes.HasPrefix(key, prefix); key, v = cur.Prev() {
			if !yield(key, v) {
				return
			}
		}
	}
}

// before moves a cursor to the last entry below a key.
func before(cur cursor, key []byte) (k, v []byte) {
	if k, _ := cur.Seek(key); k == nil {
		return cur.Last()
	}
	return cur.Prev()
}

// last is the highest number in a table, 0 if it is empty.
func (t *txn) last(k kind) uint64 {
	for key := range t.down(k, 0) {
		return numberOf(key)
	}
	return 0
}

// maxInline is how long a body, a reply or a sent request may be to be stored
// beside the event's other records, in bytes. A longer one would be written
// again with each change of these.
const maxInline = 4 << 10

// putRecord stores a record that may be long.
func (t *txn) putRecord(key, record []byte) error {
	if len(record) <= maxInline {
		return t.in(bucketEvents).Put(key, record)
	}
	if err := t.in(bucketLarge).Put(key, record); err != nil || len(record) < spaced {
		return err
	}
	for i := range byte(spacers) {
		if err := t.in(bucketLarge).Put(append(slices.Clip(key), i), present); err != nil {
			return err
		}
	}
	return nil
}

// A page of bbolt is not split while it has four entries or fewer, however long
// they are, and what is added to a page writes all of it anew, through memory.
// So behind a long record stand spacers: they have it end up in a page of its
// own, and the next one beside them alone. They are deleted with their event.
const (
	spaced  = 64 << 10 // the length of a record from which it has spacers, in bytes
	spacers = 4
)

// record reads what putRecord stored; nil: nothing.
func (t *txn) record(key []byte) []byte {
	if record := t.get(bucketEvents, key); record != nil {
		return record
	}
	return t.get(bucketLarge, key)
}

// all yields every entry of a bucket.
func (t *txn) all(b bucket) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		cur := t.cursor(b)
		for k, v := cur.First(); k != nil; k, v = cur.Next() {
			if !yield(k, v) {
				return
			}
		}
	}
}
