package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

const (
	// A chunk has at most so many events, and ends with the event that makes it
	// so many bytes.
	chunkEvents = 500
	chunkBytes  = 1 << 20

	// progressEvery is how often a search that finds nothing says so.
	progressEvery = 100 * time.Millisecond
)

// Read implements [webhook.Reader].
func (s *Store) Read(ctx context.Context, q webhook.Query) iter.Seq2[webhook.Chunk, error] {
	return func(yield func(webhook.Chunk, error) bool) {
		if err := s.read(ctx, q, yield); err != nil {
			yield(webhook.Chunk{}, err)
		}
	}
}

// read is Read without the error at its end.
func (s *Store) read(ctx context.Context, q webhook.Query, yield func(webhook.Chunk, error) bool) error {
	f, err := filter.Parse(q.Filter)
	if err != nil {
		return fmt.Errorf("understand the filter: %w", err)
	}
	c := chunker{parts: q.Parts, limit: q.Limit}
	err = s.view(ctx, func(t *txn) error {
		c.Position = t.position()
		return nil
	})
	if err != nil {
		return err
	}
	if q.Order == webhook.OrderDuration {
		return s.readSlowest(ctx, f, q, &c, yield)
	}
	sc := s.newScan(f, q, c.Position.Event)
	sc.skipped, sc.damaged, sc.undecided.leftOut = c.skip, c.note, c.leaveOut
	sc.found = func(t *txn, id webhook.ID, r *row) error {
		err := c.add(t, id, r)
		sc.paused = c.full()
		return err
	}
	for yielded := time.Now(); ; {
		if err := sc.step(ctx); err != nil {
			return err
		}
		last := sc.done() || c.complete()
		if !last && c.empty() && time.Since(yielded) < progressEvery {
			continue
		}
		if !sc.done() {
			c.Next = sc.position()
		}
		if !yield(c.chunk(), nil) || last {
			return nil
		}
		yielded = time.Now()
	}
}

// position is where the store stands.
func (t *txn) position() webhook.Position {
	c, err := t.readCounters()
	if err != nil {
		c = counters{LastID: t.last(kindRow), LastSeq: t.last(kindLog)}
	}
	return webhook.Position{Event: webhook.ID(c.LastID), Attempt: c.LastSeq}
}

// chunker collects the next chunk of a Read.
type chunker struct {
	webhook.Chunk
	parts webhook.Parts
	limit int // events in all chunks; 0: no limit
	total int // events so far
	size  int // bytes of the chunk
}

// add reads an event.
func (c *chunker) add(t *txn, id webhook.ID, r *row) error {
	record, err := t.read(id, r, c.parts)
	if err != nil {
		return err
	}
	c.Records = append(c.Records, record)
	c.total++
	c.size += overhead + len(record.Body)
	for _, a := range record.History {
		c.size += overhead + len(a.Body)
		if a.Sent != nil {
			c.size += len(a.Sent.Body)
		}
	}
	return nil
}

// skip notes an event that cannot be read.
func (c *chunker) skip(id webhook.ID, err error) {
	d := &webhook.DamagedError{ID: id, Reason: err.Error()}
	errors.As(err, &d)
	c.Damaged = append(c.Damaged, *d)
}

// note notes what a damaged page costs.
func (c *chunker) note(d webhook.DamagedError) { c.Damaged = append(c.Damaged, d) }

// leaveOut notes an event that jq is too much for.
func (c *chunker) leaveOut(id webhook.ID, why error) {
	c.LeftOut = append(c.LeftOut, webhook.LeftOut{ID: id, Reason: why.Error()})
}

func (c *chunker) empty() bool {
	return len(c.Records) == 0 && len(c.Damaged) == 0 && len(c.LeftOut) == 0
}

// full reports whether the chunk is to be yielded.
func (c *chunker) full() bool {
	return len(c.Records) >= chunkEvents || c.size >= chunkBytes || c.complete()
}

// complete reports whether the limit is reached.
func (c *chunker) complete() bool { return c.limit > 0 && c.total >= c.limit }

// chunk returns the chunk and begins the next one.
func (c *chunker) chunk() webhook.Chunk {
	out := c.Chunk
	c.Chunk, c.size = webhook.Chunk{Position: out.Position}, 0
	return out
}

// read reads an event with some of its parts; r is its row.
func (t *txn) read(id webhook.ID, r *row, parts webhook.Parts) (webhook.Record, error) {
	sum, err := t.summary(id, r, parts.Payload)
	if err != nil {
		return webhook.Record{}, err
	}
	record := webhook.Record{Summary: sum}
	if parts.Payload {
		if record.Body, err = t.body(id, r); err != nil {
			return webhook.Record{}, err
		}
	}
	if parts.Attempts {
		record.History, err = t.attempts(id)
	}
	return record, err
}
