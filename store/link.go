package store

import (
	"net/http"

	"github.com/taskhook/taskhook/webhook"
)

// An event that was answered 429 and came again shares the outcome of its
// redelivery: its row is superseded and counts as nothing itself, the last row
// of the chain has the number of all that share its outcome.

// maxShare bounds a chain. The platform sends an event at most seven times; a
// sender that goes on for ever must not make every step longer.
const maxShare = 64

// link tells the earlier event that it came again.
func (t *txn) link(id webhook.ID, r *row) error {
	if r.earlier == 0 {
		return nil
	}
	before, err := t.getRow(r.earlier)
	if err != nil {
		return err
	}
	if err := t.amend(r.earlier, before, func(r *row) { r.later = id }); err != nil {
		return err
	}
	return t.supersede(r.earlier)
}

// supersede has an event share the outcome of its redelivery, if it was
// answered 429.
func (t *txn) supersede(id webhook.ID) error {
	before, err := t.getRow(id)
	if err != nil || before.later == 0 {
		return err
	}
	if before.status != http.StatusTooManyRequests || before.share >= maxShare || before.flags.has(flagSuperseded) {
		return nil
	}
	if _, ok := t.peek(before.later); !ok {
		return nil // it has no outcome to share
	}
	if err := t.amend(id, before, func(r *row) { r.flags |= flagSuperseded }); err != nil {
		return err
	}
	return t.along(before.later, func(r *row) {
		r.share += before.share
		r.flags |= before.flags & flagDeliveredLater
	})
}

// along changes an event and all whose outcome it shares, in order.
func (t *txn) along(id webhook.ID, change func(*row)) error {
	for id != 0 {
		before, ok := t.peek(id)
		if !ok {
			return nil // the chain ends where it is damaged
		}
		if err := t.amend(id, before, change); err != nil || !before.flags.has(flagSuperseded) {
			return err
		}
		id = before.later
	}
	return nil
}

// deliveredLater carries on that an event was delivered after its answer: it is
// one webhook, and those that follow stand for it too.
func (t *txn) deliveredLater(r row) error {
	if !r.flags.has(flagSuperseded) {
		return nil
	}
	return t.along(r.later, func(r *row) { r.flags |= flagDeliveredLater })
}

// unlink takes an event that will be deleted out of its chain: the one before
// it is followed by the one after it.
func (t *txn) unlink(id webhook.ID, r *row) error {
	if r.flags.has(flagSuperseded) {
		if err := t.along(r.later, func(later *row) { later.share -= min(r.share, later.share-1) }); err != nil {
			return err
		}
	}
	if r.later != 0 {
		if err := t.edit(r.later, func(later *row) { later.earlier = r.earlier }); err != nil {
			return err
		}
	}
	if r.earlier == 0 {
		return nil
	}
	ours := false
	err := t.edit(r.earlier, func(earlier *row) {
		if ours = earlier.later == id; ours {
			earlier.later = r.later
			earlier.flags &^= flagSuperseded
		}
	})
	if err != nil || !ours {
		return err
	}
	return t.supersede(r.earlier)
}

// edit changes a row that may be gone or damaged.
func (t *txn) edit(id webhook.ID, change func(*row)) error {
	before, ok := t.peek(id)
	if !ok {
		return nil
	}
	return t.amend(id, before, change)
}

// chainEnd is the row whose outcome an event shares, and its ID.
func (t *txn) chainEnd(id webhook.ID, r row) (webhook.ID, row) {
	for range 4 * maxShare {
		if !r.flags.has(flagSuperseded) {
			break
		}
		next, ok := t.peek(r.later)
		if !ok {
			break
		}
		id, r = r.later, next
	}
	return id, r
}
