package sandbox

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/store/boltfile"
)

// bucket is one of the file's buckets.
type bucket int

const (
	bucketMeta      bucket = iota
	bucketLocations        // id → Location
	bucketTokens           // id → Token with its hashes
	bucketContacts         // location, id → Contact
	bucketOwners           // contact id → location
	bucketAdded            // location, time added, id: the order of lists
	bucketEmails           // location, e-mail, id
	bucketPhones           // location, phone, id
	bucketBusiness         // business, time added, id
	bucketGone             // id of a deleted contact → time added, for cursors
	bucketHooks            // number → Hook
	bucketDue              // time, number: when a webhook is to be sent
	bucketHookIDs          // webhookId → number
)

var bucketNames = [...]string{
	"meta", "locations", "tokens", "contacts", "owners", "added", "emails", "phones", "business", "gone", "hooks", "due", "hookids",
}

// errAbsent is returned for a record that is not there.
var errAbsent = errors.New("not there")

// txn is a transaction.
type txn struct {
	tx    *bbolt.Tx
	hooks []hookState // webhooks that it writes, in order
}

// hookState is what became of a webhook; "": it is forgotten.
type hookState struct {
	number uint64
	state  State
}

func (t *txn) in(b bucket) *bbolt.Bucket { return t.tx.Bucket([]byte(bucketNames[b])) }

// put writes a record behind a checksum of its key and text.
func (t *txn) put(b bucket, key []byte, v any) error {
	// Without HTML escaping: what was sent as raw JSON stays as it was.
	var plain bytes.Buffer
	plain.Write(make([]byte, boltfile.SumSize))
	enc := json.NewEncoder(&plain)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	return t.in(b).Put(key, boltfile.Seal(key, bytes.TrimSuffix(plain.Bytes(), []byte("\n"))))
}

// get reads a record, or errAbsent; a damaged one is boltfile.ErrCorrupt.
func (t *txn) get(b bucket, key []byte, v any) error {
	record := t.in(b).Get(key)
	if record == nil {
		return errAbsent
	}
	return decode(key, record, v)
}

func decode(key, record []byte, v any) error {
	text, err := boltfile.Unseal(key, record)
	if err != nil {
		return fmt.Errorf("%w: the record %q: %w", boltfile.ErrCorrupt, key, err)
	}
	return json.Unmarshal(text, v)
}

// each yields a bucket's records whose keys begin so, in order.
func (t *txn) each(b bucket, prefix []byte) func(yield func(key, record []byte) bool) {
	return func(yield func(key, record []byte) bool) {
		c := t.in(b).Cursor()
		for k, v := c.Seek(prefix); k != nil && hasPrefix(k, prefix); k, v = c.Next() {
			if !yield(k, v) {
				return
			}
		}
	}
}

func hasPrefix(k, prefix []byte) bool {
	return len(k) >= len(prefix) && string(k[:len(prefix)]) == string(prefix)
}

// key joins parts; none of them has a zero byte but the last.
func key(parts ...string) []byte {
	var k []byte
	for i, p := range parts {
		if i > 0 {
			k = append(k, 0)
		}
		k = append(k, p...)
	}
	return k
}

// stamp writes a time in milliseconds so that texts sort as times do.
func stamp(ms int64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(ms)^1<<63)
	return string(b[:])
}

func unstamp(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ 1<<63) }

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
