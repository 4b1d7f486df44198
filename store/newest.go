package store

import (
	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/webhook"
)

// newest knows the newest event of each webhookId, untrusted ones left out: the
// one that a redelivery follows. On disk it would be an index that each event
// enters at a random place, a page of its own in every commit.
//
// It is of the committing goroutine alone, and no more than a cache: it is
// read from the rows when it is first needed, and again after a transaction
// that may not be what the file holds. The zero value is ready.
type newest struct {
	ids       map[uint64]webhook.ID // by hookHash; nil: not read
	tx        *bbolt.Tx             // the last that used it
	committed bool                  // that one was
}

// begin is called before each write.
func (n *newest) begin(tx *bbolt.Tx) {
	if n.tx == tx {
		return
	}
	if !n.committed {
		n.forget()
	}
	n.tx, n.committed = tx, false
	tx.OnCommit(func() { n.committed = true })
}

// forget drops what is known: it is read from the rows when it is needed again.
func (n *newest) forget() { n.ids = nil }

// newestWith is the newest event with the hash of a webhookId, 0 if there is
// none, and makes id the newest.
func (t *txn) newestWith(hookHash uint64, id webhook.ID) webhook.ID {
	if t.newest.ids == nil {
		t.newest.ids = t.readNewest()
	}
	before := t.newest.ids[hookHash]
	t.newest.ids[hookHash] = id
	return before
}

func (t *txn) readNewest() map[uint64]webhook.ID {
	ids := map[uint64]webhook.ID{}
	var r row
	for k, v := range t.up(kindRow, 0) {
		if r.decode(k, v) == nil && r.hookHash != 0 && !r.flags.has(flagUntrusted) {
			ids[r.hookHash] = webhook.ID(numberOf(k))
		}
	}
	return ids
}

// add knows an event that is brought back.
func (n *newest) add(id webhook.ID, r *row) {
	if n.ids != nil && r.hookHash != 0 && !r.flags.has(flagUntrusted) {
		n.ids[r.hookHash] = max(n.ids[r.hookHash], id)
	}
}

// drop takes an event out that is deleted: the one before it is the newest
// again.
func (n *newest) drop(id webhook.ID, r *row) {
	switch {
	case n.ids == nil || n.ids[r.hookHash] != id:
	case r.earlier != 0:
		n.ids[r.hookHash] = r.earlier
	default:
		delete(n.ids, r.hookHash)
	}
}
