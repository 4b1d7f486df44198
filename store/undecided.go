package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

const (
	// firstBatch is how many events jq is given at first: who waits for a list
	// wants its first rows soon.
	firstBatch = 8
	// batchTime is how long jq may take over a batch before the next is smaller.
	batchTime = 100 * time.Millisecond
	// giveUpAfter is how many events jq may be too much for, if there is none that
	// it decides: then it is the expression.
	giveUpAfter = 50
)

// undecided are the events of a scan that jq decides, with those that come after
// them in its order. jq takes its time and no transaction waits for it: one that
// lasts keeps the file from growing, and senders from being answered.
type undecided struct {
	queue   []queued
	pending []*filter.Pending // those of the queue that are open
	size    int               // bytes of their bodies
	batch   int               // so many are decided at a time; 0: none were yet
	behind  webhook.ID        // where the scan stood before the first of the queue

	decided int
	tooMuch int
	leftOut func(id webhook.ID, why error) // is given the events jq is too much for; nil: nobody
}

// queued is an event that waits for its turn.
type queued struct {
	id      webhook.ID
	pending *filter.Pending // nil: it fits
}

// enough reports whether there is to be no other in this batch.
func (u *undecided) enough() bool {
	return len(u.pending) >= max(firstBatch, u.batch) || u.size >= scanBytes
}

// follow notes where the scan stands, as long as nothing is queued.
func (u *undecided) follow(cursor webhook.ID) {
	if len(u.queue) == 0 {
		u.behind = cursor
	}
}

// add queues an event that is pending, or that fits and has to wait for its
// turn. It reports whether it did.
func (u *undecided) add(id webhook.ID, p *filter.Pending) bool {
	if p != nil {
		p.Keep()
		u.pending, u.size = append(u.pending, p), u.size+p.Size()
	} else if len(u.queue) == 0 {
		return false
	}
	u.queue = append(u.queue, queued{id, p})
	return true
}

// position is the last event that the scan is through with.
func (sc *scan) position() webhook.ID {
	if len(sc.undecided.queue) > 0 {
		return sc.undecided.behind
	}
	return sc.cursor
}

// decide has jq decide the batch.
func (sc *scan) decide(ctx context.Context) error {
	u := &sc.undecided
	if len(u.pending) == 0 {
		return nil
	}
	began := time.Now()
	if err := sc.filter.Decide(ctx, u.pending); err != nil {
		return err
	}
	u.batch = max(firstBatch, u.batch) * 2
	if time.Since(began) > batchTime {
		u.batch = max(1, u.batch/4)
	}
	u.batch, u.size = min(u.batch, scanRows), 0
	u.pending = u.pending[:0]
	return nil
}

// deliver finds what fits of the queue, as far as that is wanted.
func (sc *scan) deliver(ctx context.Context) error {
	u := &sc.undecided
	if len(u.queue) == 0 {
		return nil
	}
	return sc.store.view(ctx, func(t *txn) error {
		for sc.paused = false; len(u.queue) > 0 && !sc.paused; u.queue = u.queue[1:] {
			one := u.queue[0]
			u.behind = one.id
			fits, err := u.fits(one)
			if err != nil {
				return err
			}
			if !fits {
				continue
			}
			r, err := t.getRow(one.id)
			if err == nil {
				err = sc.found(t, one.id, &r)
			}
			if err != nil && !errors.Is(err, webhook.ErrNotFound) { // not deleted meanwhile
				sc.skip(one.id, err)
			}
		}
		return nil
	})
}

// fits reports whether an event fits that has been decided. The error ends the
// scan.
func (u *undecided) fits(one queued) (bool, error) {
	if one.pending == nil {
		return true, nil
	}
	fits, why := one.pending.Selected()
	if why == nil {
		u.decided++
		return fits, nil
	}
	if u.tooMuch++; u.decided == 0 && u.tooMuch >= giveUpAfter {
		return false, fmt.Errorf("%w, for each of the %d events that it was tried on", why, u.tooMuch)
	}
	if u.leftOut != nil {
		u.leftOut(one.id, why)
	}
	return false, nil
}
