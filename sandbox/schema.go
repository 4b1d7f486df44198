package sandbox

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/store/boltfile"
)

// schema is the version of the file's layout, to be raised with every change
// that an older Taskhook would misread. Version 1 did not say which it is.
const schema = 2

var schemaKey = []byte("schema")

// ErrNewerSchema is returned when a newer Taskhook wrote the file.
var ErrNewerSchema = errors.New("the sandbox was written by a newer taskhook")

// accept says whether a bbolt file is a sandbox that this version can use.
func accept(tx *bbolt.Tx) error {
	if first, _ := tx.Cursor().First(); first == nil {
		return nil // new
	}
	t := &txn{tx: tx}
	if t.in(bucketMeta) == nil {
		return fmt.Errorf("%w: it is not a sandbox of taskhook", boltfile.ErrCorrupt)
	}
	v, err := t.schema()
	if err == nil && v > schema {
		err = fmt.Errorf("%w: its layout is version %d, and this taskhook knows those up to %d", ErrNewerSchema, v, schema)
	}
	return err
}

// schema reads the version of the file's layout.
func (t *txn) schema() (int, error) {
	v := 1
	if err := t.get(bucketMeta, schemaKey, &v); err != nil && !errors.Is(err, errAbsent) {
		return 0, err
	}
	return v, nil
}

// prepare fills a new file, and converts one of an older layout.
func (s *Sandbox) prepare(ctx context.Context) error {
	err := s.update(ctx, func(t *txn) error {
		for _, name := range bucketNames {
			if _, err := t.tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		v, err := t.schema()
		if err != nil {
			return err
		}
		if t.in(bucketMeta).Get(metaKey) == nil {
			t.putSchema()
			return s.create(t)
		}
		s.offset.Store(int64(t.meta().Offset))
		if v != schema {
			s.convert(t)
			t.putSchema()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.loadKeys()
}

// putSchema writes the version of the layout. Version 1 does not look for one,
// so a record among its private integrations stops it: it cannot read the time
// in it, and reports it as it is.
func (t *txn) putSchema() {
	notice := map[string]string{"createdAt": "this sandbox was written by a newer taskhook: update taskhook"}
	t.put(bucketMeta, schemaKey, schema)
	t.put(bucketOldTokens, schemaKey, notice)
}

// convert converts a file of version 1: private integrations get a bucket of
// their own, the order of lists gets what is searched, and the log its rates and
// today's states.
func (s *Sandbox) convert(t *txn) {
	for k, record := range t.each(bucketOldTokens, nil) {
		t.write(bucketTokens, k, record)
	}
	for k := range t.each(bucketTokens, nil) {
		t.delete(bucketOldTokens, k)
	}
	for k, record := range t.each(bucketContacts, nil) {
		var c Contact
		if err := decode(k, record, &c); err != nil {
			s.logger.Error("a contact is damaged and left out", "error", err)
			continue
		}
		t.write(bucketAdded, c.addedKey(), []byte(c.words()))
	}
	s.convertLog(t)
}

// convertLog counts the webhooks of the log, and renames the state pending.
func (s *Sandbox) convertLog(t *txn) {
	var rates Rates
	var retrying []Delivery
	for k, record := range t.each(bucketDeliveries, nil) {
		var d Delivery
		if err := decode(k, record, &d); err != nil {
			s.logger.Error("a webhook is damaged and left out", "error", err)
			continue
		}
		if d.State == "pending" {
			d.State = StateRetrying
			retrying = append(retrying, d)
		}
		rates.add(d.State, 1)
	}
	for _, d := range retrying {
		t.put(bucketDeliveries, number(d.Number), d)
	}
	t.put(bucketMeta, ratesKey, rates)
}
