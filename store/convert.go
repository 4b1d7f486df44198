package store

import (
	"encoding/binary"
	"net/http"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
)

// Layout 1 did not store decisions, but derived them from the answer, and its
// counters know no ignored and passed events. Everything else is as it is now.

// convert makes a row of layout 1 one of today's.
func (r *row) convert() {
	if !r.flags.has(flagUntrusted) || answerers[r.by] != webhook.ByTaskhook {
		return
	}
	decision := webhook.DecisionNone
	switch {
	case r.status == http.StatusUnauthorized && verdicts[r.verdict] == webhook.Unsigned:
		decision = webhook.RejectedUnsigned
	case r.status == http.StatusUnauthorized:
		decision = webhook.RejectedSignature
	case r.status == http.StatusBadRequest, r.status == http.StatusRequestTimeout:
		decision = webhook.RejectedMalformed
	}
	r.decision = indexOf(decisions, decision)
}

// convert brings a file of layout 1 to today's, as one transaction: a crash
// leaves either. Damaged rows stay as they are.
func convert(tx *bbolt.Tx) error {
	t := &txn{tx: tx, previous: &counters{}}
	untrusted := t.cursor(bucketUntrusted)
	for k, _ := untrusted.First(); k != nil; k, _ = untrusted.Next() {
		id := webhook.ID(firstOf(k))
		r, ok := t.peek(id)
		if !ok {
			continue
		}
		key := rowKey(id)
		if err := t.in(bucketEvents).Put(key, r.encode(key)); err != nil {
			return err
		}
	}
	t.counts = t.recount(t.assigned())
	if err := t.in(bucketMeta).Put(countersKey, t.counts.encode()); err != nil {
		return err
	}
	return t.putSchema()
}

// countPrevious is what a store of layout 1 counts, by today's rules.
func (s *Store) countPrevious() error {
	s.previous = &counters{}
	return s.view(s.life, func(t *txn) error {
		c := t.recount(t.assigned())
		s.previous = &c
		return nil
	})
}

// assigned are the highest ID and Seq that were assigned, as far as the
// counters tell: they stand first in every layout.
func (t *txn) assigned() (lastID, lastSeq uint64) {
	b, err := boltfile.Unseal(countersKey, t.get(bucketMeta, countersKey))
	if err != nil || len(b) < 16 {
		return 0, 0
	}
	return binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
}
