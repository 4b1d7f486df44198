package store

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
)

// schema is the version of the file's layout, to be raised with every change
// that an older Taskhook would misread.
const schema = 1

var schemaKey = []byte("schema")

// Open opens the store at path, for writing unless o.ReadOnly. It makes the
// file and its directory if there are none, sets a damaged file aside (see
// [Store.SetAside]) and marks events that were never answered as interrupted.
//
// The error is a *LockedError when another process has the store open, and
// wraps ErrNewerSchema when a newer Taskhook wrote it, fs.ErrNotExist when
// there is nothing to read, or ErrCorrupt when it is damaged and only to be
// read. The caller closes the Store.
func Open(path string, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Store{opts: o, quotas: newQuotas(o), logger: o.Logger, work: make(chan struct{}, 1)}
	s.life, s.end = context.WithCancel(context.Background())
	file, err := boltfile.Open(path, boltfile.Options{
		ReadOnly: o.ReadOnly, LockTimeout: o.LockTimeout,
		Accept:    func(tx *bbolt.Tx) error { return accept(tx, o.ReadOnly) },
		Committed: s.committed,
		Logger:    o.Logger,
	})
	if err != nil {
		s.end()
		return nil, err
	}
	s.file = file
	if o.ReadOnly {
		return s, nil
	}
	if err := s.prepare(); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, errors.Join(err, s.Close()))
	}
	s.janitor.Go(s.clean)
	return s, nil
}

// committed tells watchers, and the janitor if there is something for it: to
// wake it for each commit would take a tenth of the time of a busy store.
func (s *Store) committed() {
	s.version++
	s.changes.Notify(webhook.Change{Version: s.version})
	if !s.full {
		return
	}
	select {
	case s.work <- struct{}{}:
	default:
	}
}

// accept says whether a bbolt file is a store that this version can use.
func accept(tx *bbolt.Tx, readOnly bool) error {
	t := &txn{tx: tx}
	if first, _ := tx.Cursor().First(); first == nil {
		if readOnly {
			return boltfile.ErrEmpty
		}
		return nil // new: prepare makes the buckets
	}
	if tx.Bucket([]byte(bucketNames[bucketMeta])) == nil {
		return fmt.Errorf("%w: it is no store of taskhook", ErrCorrupt)
	}
	payload, err := boltfile.Unseal(schemaKey, t.in(bucketMeta).Get(schemaKey))
	if err != nil || len(payload) != 4 {
		return fmt.Errorf("%w: the version of its layout: %w", ErrCorrupt, cmp.Or(err, errShape))
	}
	if v := binary.BigEndian.Uint32(payload); v > schema {
		return fmt.Errorf("%w: its layout is version %d, and this taskhook knows those up to %d: update taskhook", ErrNewerSchema, v, schema)
	}
	for b := range buckets {
		t.in(b)
	}
	return nil
}

// prepare makes the buckets of a new file, and settles what was left open.
func (s *Store) prepare() error {
	var fresh, open bool
	err := s.file.View(func(tx *bbolt.Tx) error {
		t := &txn{tx: tx}
		first, _ := tx.Cursor().First()
		if fresh = first == nil; !fresh {
			k, _ := t.in(bucketOpen).Cursor().First()
			open = k != nil
		}
		return nil
	})
	if err == nil && fresh {
		err = s.file.Update(s.life, 0, create)
	}
	for err == nil && open {
		open, err = s.interrupt()
	}
	return err
}

func create(tx *bbolt.Tx) error {
	for _, name := range bucketNames {
		if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	t := &txn{tx: tx}
	record := binary.BigEndian.AppendUint32(make([]byte, boltfile.SumSize), schema)
	if err := t.in(bucketMeta).Put(schemaKey, boltfile.Seal(schemaKey, record)); err != nil {
		return err
	}
	return t.in(bucketMeta).Put(countersKey, t.counts.encode())
}

// interruptAtOnce is how many events one transaction marks.
const interruptAtOnce = 1000

// interrupt marks events that have no answer, and reports whether more may be
// left.
func (s *Store) interrupt() (more bool, err error) {
	var n int
	err = s.update(s.life, 0, func(t *txn) error {
		var ids []webhook.ID
		cur := t.in(bucketOpen).Cursor()
		for k, _ := cur.First(); k != nil && len(ids) < interruptAtOnce; k, _ = cur.Next() {
			ids = append(ids, webhook.ID(firstOf(k)))
		}
		n, more = 0, len(ids) == interruptAtOnce
		for _, id := range ids {
			before, err := t.getRow(id)
			if err != nil {
				s.skipped(err)
				if err := t.in(bucketOpen).Delete(idKey(id)); err != nil {
					return err
				}
				continue
			}
			after := before
			after.flags |= flagInterrupted
			if err := t.change(id, &before, &after); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	s.interrupted += n
	return more, err
}
