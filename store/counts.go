package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"iter"
	"math"
	"time"

	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
)

// counters are updated in every transaction, so that nothing has to be counted
// later.
type counters struct {
	LastID  uint64 // never falls, also when the newest event is deleted
	LastSeq uint64
	Events  int64
	Bytes   int64 // that events take, untrusted ones apart

	Untrusted      int64 // events
	UntrustedBytes int64

	Class [classes]int64

	Unsuccessful int64 // delivered, with a body that says otherwise
}

var countersKey = []byte("counters")

// add counts a row in (n 1) or out (n -1).
func (c *counters) add(r *row, n int64) {
	c.Events += n
	if r.flags.has(flagUntrusted) {
		c.Untrusted += n
		c.UntrustedBytes += n * int64(r.stored)
	} else {
		c.Bytes += n * int64(r.stored)
	}
	class := r.class()
	c.Class[class] += n * int64(r.share)
	if class == classDelivered && r.flags.has(flagUnsuccessful) {
		c.Unsuccessful += n
	}
}

func (c *counters) encode() []byte {
	b, err := binary.Append(make([]byte, boltfile.SumSize), binary.BigEndian, c)
	if err != nil {
		panic(err) // counters have a fixed size
	}
	return boltfile.Seal(countersKey, b)
}

// readCounters reads the counters; a damaged record is an error.
func (t *txn) readCounters() (counters, error) {
	var c counters
	if t.previous != nil {
		return *t.previous, nil
	}
	b, err := boltfile.Unseal(countersKey, t.get(bucketMeta, countersKey))
	if err != nil {
		return c, err
	}
	if len(b) < countersSize { // an earlier version counted less
		return t.recount(t.assigned()), nil
	}
	return decodeCounters(b)
}

var countersSize = binary.Size(counters{})

// decodeCounters leaves what an earlier version did not count at zero.
func decodeCounters(b []byte) (counters, error) {
	var c counters
	if missing := countersSize - len(b); missing > 0 {
		b = append(bytes.Clone(b), make([]byte, missing)...)
	}
	_, err := binary.Decode(b, binary.BigEndian, &c)
	return c, err
}

// recount counts all events, when the counters are damaged or a damaged row was
// deleted. The highest ID and Seq are at least lastID and lastSeq.
func (t *txn) recount(lastID, lastSeq uint64) counters {
	c := counters{LastID: max(lastID, t.last(kindRow)), LastSeq: max(lastSeq, t.last(kindLog))}
	for k, v := range t.up(kindRow, 0) {
		var r row
		if t.decode(&r, k, v) != nil {
			c.Events++
			continue
		}
		c.add(&r, 1)
	}
	return c
}

// Counts sums up the store at this moment.
func (s *Store) Counts(ctx context.Context) (webhook.Counts, error) {
	var out webhook.Counts
	err := s.view(ctx, func(t *txn) error {
		c, err := t.readCounters()
		if err != nil {
			c = t.recount(0, 0)
		}
		t.countOverdue(&c, time.Now())
		out = webhook.Counts{
			Events:       int(c.Events - c.Class[classPassed]),
			Delivered:    int(c.Class[classDelivered]),
			Retrying:     int(c.Class[classRetrying]),
			Failed:       int(c.Class[classFailed]),
			Rejected:     int(c.Class[classRejected]),
			Ignored:      int(c.Class[classIgnored]),
			Unsuccessful: int(c.Unsuccessful),
		}
		return nil
	})
	out.Bytes = s.file.Size()
	if err == nil {
		out.LastHour, err = s.lastHour(ctx)
	}
	return out, err
}

// countOverdue counts the retrying events whose retry is overdue as what they
// are by now. They soon leave bucketRetries, see markOverdue.
func (t *txn) countOverdue(c *counters, now time.Time) {
	for id := range t.overdue(now) {
		r, err := t.getRow(id)
		if err != nil || r.class() != classRetrying {
			continue
		}
		n := int64(r.share)
		c.Class[classRetrying] -= n
		r.flags |= flagOverdue
		c.Class[r.class()] += n
	}
}

// overdueAt divides the times in bucketRetries: those before it are overdue.
func overdueAt(now time.Time) uint64 { return retryTime(nanos(now.Add(-webhook.OverdueAfter))) }

// overdue yields the retrying events whose retry is overdue, soonest first.
func (t *txn) overdue(now time.Time) iter.Seq[webhook.ID] { return t.retries(0, overdueAt(now)-1) }

// upcoming yields the retrying events whose retry is not overdue, soonest first.
func (t *txn) upcoming(now time.Time) iter.Seq[webhook.ID] {
	return t.retries(overdueAt(now), math.MaxUint64)
}

// retries yields the entries of bucketRetries of these times.
func (t *txn) retries(from, to uint64) iter.Seq[webhook.ID] {
	return func(yield func(webhook.ID) bool) {
		cur := t.cursor(bucketRetries)
		for k, _ := cur.Seek(pairKey(from, 0)); k != nil && firstOf(k) <= to; k, _ = cur.Next() {
			if !yield(webhook.ID(secondOf(k))) {
				return
			}
		}
	}
}

// NextRetry is when the platform is expected to send the first of the retrying
// events again; zero: none is retrying.
func (s *Store) NextRetry(ctx context.Context) (time.Time, error) {
	var next time.Time
	err := s.view(ctx, func(t *txn) error {
		for id := range t.upcoming(time.Now()) {
			r, _ := t.peek(id)
			next = fromNanos(r.retry)
			break
		}
		return nil
	})
	return next, err
}

// Retrying returns the events that the platform will send again, the soonest
// first.
func (s *Store) Retrying(ctx context.Context) ([]webhook.Summary, error) {
	var out []webhook.Summary
	err := s.view(ctx, func(t *txn) error {
		for id := range t.upcoming(time.Now()) {
			if err := ctx.Err(); err != nil {
				return err
			}
			sum, err := t.summarize(id)
			if err != nil {
				s.skipped(err)
				continue
			}
			out = append(out, sum)
		}
		return nil
	})
	return out, err
}
