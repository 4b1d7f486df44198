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
// that an older Taskhook would misread; convert brings older ones to it.
const schema = 2

var schemaKey = []byte("schema")

// Open opens the store at path, for writing unless o.ReadOnly. It makes the
// file and its directory if there are none, converts one of an older version,
// sets a damaged one aside (see [Store.SetAside]) and marks events that were
// never answered as interrupted.
//
// The error is a *LockedError when another process has the store open, and
// wraps ErrNewerSchema when a newer Taskhook wrote it, fs.ErrNotExist when
// there is nothing to read, ErrEmpty, or [boltfile.ErrCorrupt] when it is damaged and only
// to be read. The caller closes the Store.
func Open(path string, o Options) (*Store, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Store{path: path, opts: o, quotas: newQuotas(o), logger: o.Logger, work: make(chan struct{}, 1)}
	s.skips.logged, s.types.known = map[string]bool{}, map[uint64]string{}
	s.life, s.end = context.WithCancel(context.Background())
	file, err := boltfile.Open(path, boltfile.Options{
		ReadOnly: o.ReadOnly, LockTimeout: o.LockTimeout,
		Accept:    func(tx *bbolt.Tx) (err error) { s.schema, err = accept(tx); return err },
		Renewed:   s.renewed,
		Committed: s.committed,
		Logger:    o.Logger,
	})
	if err != nil {
		s.end()
		return nil, err
	}
	s.file = file
	if o.ReadOnly {
		if err := s.acceptToRead(); err != nil {
			return nil, fmt.Errorf("open %s: %w", path, errors.Join(err, s.Close()))
		}
	}
	if err := s.prepare(); err != nil {
		return nil, fmt.Errorf("open %s: %w", path, errors.Join(err, s.Close()))
	}
	if !o.ReadOnly {
		s.startClock()
		s.janitor.Go(s.clean)
	}
	return s, nil
}

// committed tells watchers, and the janitor if there is something for it, or if
// it rests: to wake it for each commit would take a tenth of the time of a busy
// store.
func (s *Store) committed() {
	s.Notify()
	wake := s.full || s.resting.Load() && s.resting.CompareAndSwap(true, false)
	if !wake {
		return
	}
	select {
	case s.work <- struct{}{}:
	default:
	}
}

// accept says whether a bbolt file is a store that this version can use, and
// returns the version of its layout, 0 for a new file.
func accept(tx *bbolt.Tx) (version uint32, err error) {
	t := &txn{tx: tx}
	if first, _ := tx.Cursor().First(); first == nil {
		return 0, nil
	}
	if tx.Bucket([]byte(bucketNames[bucketMeta])) == nil {
		return 0, errForeign
	}
	if version, err = t.layout(); err != nil {
		return 0, err
	}
	for b := range buckets {
		t.in(b)
	}
	return version, nil
}

// errForeign is the error of a bbolt file of another program.
var errForeign = fmt.Errorf("%w: it is not a store of taskhook", boltfile.ErrCorrupt)

// layout reads the version of the file's layout.
func (t *txn) layout() (version uint32, err error) {
	payload, err := boltfile.Unseal(schemaKey, t.get(bucketMeta, schemaKey))
	if err != nil || len(payload) < 4 {
		return 0, fmt.Errorf("%w: the version of its layout: %w", boltfile.ErrCorrupt, cmp.Or(err, errShape))
	}
	if version = binary.BigEndian.Uint32(payload); version > schema {
		return 0, fmt.Errorf("%w: its layout is version %d, and this taskhook knows those up to %d", ErrNewerSchema, version, schema)
	}
	return version, nil
}

// acceptToRead says whether a file can be read, damaged or not. Where its
// version cannot be read, it is taken for today's.
func (s *Store) acceptToRead() error {
	return s.view(s.life, func(t *txn) (err error) {
		if t.snap.Empty() {
			return boltfile.ErrEmpty
		}
		s.schema, err = t.layout()
		if !errors.Is(err, boltfile.ErrCorrupt) {
			return err
		}
		s.schema = schema
		for b := range buckets {
			if key, _ := t.cursor(b).First(); key != nil {
				return nil
			}
		}
		return errForeign
	})
}

// prepare makes the buckets of a new file, converts an old one, and marks what
// was left without an answer.
func (s *Store) prepare() error {
	if s.schema == 0 && !s.opts.ReadOnly {
		s.beginAbove()
	}
	switch {
	case s.opts.ReadOnly && s.schema < schema:
		return s.countPrevious()
	case s.opts.ReadOnly:
		return nil
	case s.schema == 0:
		return s.file.Update(s.life, 0, func(tx *bbolt.Tx) error { return create(tx, s.assigned) })
	case s.schema < schema:
		if err := s.file.Update(s.life, 0, convert); err != nil {
			return fmt.Errorf("convert it from layout %d: %w", s.schema, err)
		}
		s.logger.Info("the store was converted", "from", s.schema, "to", schema)
	}
	err := s.view(s.life, func(t *txn) error {
		s.assigned = t.position()
		return nil
	})
	return errors.Join(err, s.interrupt())
}

// create makes the buckets of a new file, whose numbers begin above others.
func create(tx *bbolt.Tx, above webhook.Position) error {
	for _, name := range bucketNames {
		if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	t := &txn{tx: tx, counts: counters{LastID: uint64(above.Event), LastSeq: above.Attempt}}
	if err := t.putSchema(); err != nil {
		return err
	}
	return t.in(bucketMeta).Put(countersKey, t.counts.encode())
}

func (t *txn) putSchema() error {
	record := binary.BigEndian.AppendUint32(make([]byte, boltfile.SumSize), schema)
	return t.in(bucketMeta).Put(schemaKey, boltfile.Seal(schemaKey, record))
}

// interruptAtOnce is how many events one transaction marks.
const interruptAtOnce = 1000

// interrupt marks the events that have no answer.
func (s *Store) interrupt() error {
	for {
		var ids []webhook.ID
		err := s.view(s.life, func(t *txn) error {
			cur := t.cursor(bucketOpen)
			for k, _ := cur.First(); k != nil && len(ids) < interruptAtOnce; k, _ = cur.Next() {
				ids = append(ids, webhook.ID(firstOf(k)))
			}
			return nil
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		n := 0
		err = s.update(s.life, 0, func(t *txn) (err error) {
			n, err = t.interrupt(ids, s.skipped)
			return err
		})
		if err != nil {
			return err
		}
		s.interrupted += n
	}
}

// interrupt marks events, and returns how many could be.
func (t *txn) interrupt(ids []webhook.ID, skipped func(error)) (n int, err error) {
	for _, id := range ids {
		before, err := t.getRow(id)
		if err == nil {
			n++
			err = t.amend(id, before, func(r *row) { r.flags |= flagInterrupted })
		} else {
			skipped(err)
			err = t.in(bucketOpen).Delete(idKey(id))
		}
		if err != nil {
			return 0, err
		}
	}
	return n, nil
}
