package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/store/boltfile"
)

// bucket is one of the file's buckets.
type bucket int

const (
	bucketMeta       bucket = iota
	bucketLocations         // id → Location
	bucketOldTokens         // what bucketTokens was in version 1; see putSchema
	bucketTokens            // id → Token with its hashes
	bucketContacts          // location, id → Contact
	bucketOwners            // contact id → location
	bucketAdded             // location, time added, id → what is searched: the order of lists
	bucketEmails            // location, e-mail, id
	bucketPhones            // location, phone, id
	bucketBusiness          // business, time added, id
	bucketGone              // id of a deleted contact → time added, for cursors
	bucketDeliveries        // number → Delivery
	bucketDue               // time, number: when a webhook is to be sent
	bucketWebhookIDs        // webhookId → number
)

var bucketNames = [...]string{
	"meta", "locations", "tokens", "integrations", "contacts", "owners", "added", "emails", "phones", "business", "gone", "hooks", "due", "hookids",
}

// errAbsent is returned for a record that is not there.
var errAbsent = errors.New("not there")

// txn is a transaction. It keeps the first error of a write, or of a read that
// nothing can do without, and is undone in the end.
type txn struct {
	tx      *bbolt.Tx
	changed []uint64 // numbers of the webhooks that it writes
	err     error
}

// run runs fn in the transaction. What failed first explains all that follows,
// also that fn did not find something.
func (t *txn) run(fn func(t *txn) error) error {
	err := fn(t)
	return cmp.Or(t.err, err)
}

// fail keeps an error unless there is an earlier one; nil is none.
func (t *txn) fail(err error) { t.err = cmp.Or(t.err, err) }

func (t *txn) in(b bucket) *bbolt.Bucket { return t.tx.Bucket([]byte(bucketNames[b])) }

func (t *txn) write(b bucket, key, value []byte) { t.fail(t.in(b).Put(key, value)) }

func (t *txn) delete(b bucket, key []byte) { t.fail(t.in(b).Delete(key)) }

// put writes a record behind a checksum of its key and text.
func (t *txn) put(b bucket, key []byte, v any) {
	text, err := marshal(v)
	t.fail(err)
	t.write(b, key, boltfile.Seal(key, append(make([]byte, boltfile.SumSize), text...)))
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

// each yields the records of a bucket whose keys begin with prefix, in order.
// The bucket must not change meanwhile.
func (t *txn) each(b bucket, prefix []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, record []byte) bool) {
		c := t.in(b).Cursor()
		for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
			if !yield(k, v) {
				return
			}
		}
	}
}

// eachBackward yields the same in the opposite order. prefix is not empty and
// does not end in 0xff.
func (t *txn) eachBackward(b bucket, prefix []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, record []byte) bool) {
		c := t.in(b).Cursor()
		end := bytes.Clone(prefix)
		end[len(end)-1]++ // the first key after all that begin with prefix
		var k, v []byte
		if next, _ := c.Seek(end); next == nil {
			k, v = c.Last()
		} else {
			k, v = c.Prev()
		}
		for ; k != nil && bytes.HasPrefix(k, prefix); k, v = c.Prev() {
			if !yield(k, v) {
				return
			}
		}
	}
}

// key joins parts; none of them has a zero byte but the last.
func key(parts ...string) []byte { return []byte(strings.Join(parts, "\x00")) }

// stampSize is the length of a stamp in bytes.
const stampSize = 8

// stamp writes a time in milliseconds so that texts sort as times do.
func stamp(ms int64) string { return string(number(uint64(ms) ^ 1<<63)) }

func unstamp(b []byte) int64 { return int64(numberOf(b) ^ 1<<63) }
