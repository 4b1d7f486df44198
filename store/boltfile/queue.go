package boltfile

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/format"
)

const (
	maxBatch      = 512     // writes in one commit
	maxBatchBytes = 8 << 20 // in one commit, beyond its first write

	// queueDelay is how long queued writes wait for an awaited one whose commit
	// they can share.
	queueDelay = 5 * time.Millisecond
	// retryEvery is how often queued writes are tried while the disk cannot be
	// written to.
	retryEvery = time.Second
)

// call is one write, or waits for those before it.
type call struct {
	ctx    context.Context // nil: queued, nobody waits
	size   int
	fn     func(tx *bbolt.Tx) error // nil: a flush
	done   chan error               // of an awaited write; buffers its result
	failed func(error)              // of a queued write
	anyway bool                     // it is made in another file if this one is damaged
}

func (c *call) awaited() bool { return c.done != nil }

// queue holds the writes that no commit has taken yet, in order.
type queue struct {
	mu       sync.Mutex
	calls    []*call
	awaited  int // how many of calls someone waits for
	bytes    int // of the queued among calls
	maxBytes int
	due      time.Time // when queued writes are committed at the latest
	busy     bool      // a commit is under way
	closed   bool
	wake     chan struct{} // buffers one signal: the queue has changed
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// add appends a write. It returns ErrClosed, or an error when too much is
// queued already.
func (q *queue) add(c *call) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return ErrClosed
	case c.awaited():
		q.awaited++
	case q.bytes+c.size > q.maxBytes && q.bytes > 0:
		return fmt.Errorf("more than %s are waiting to be written", format.Bytes(int64(q.maxBytes)))
	default:
		q.bytes += c.size
		if q.due.IsZero() {
			q.due = time.Now().Add(queueDelay)
		}
	}
	q.calls = append(q.calls, c)
	q.signal()
	return nil
}

// putBack returns queued writes, in order, to the front for a later try.
func (q *queue) putBack(calls []*call) {
	if len(calls) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, c := range calls {
		q.bytes += c.size
	}
	q.calls = slices.Insert(q.calls, 0, calls...)
	q.due = time.Now().Add(retryEvery)
}

// next waits for writes that are to be committed now. There are none once the
// queue is closed and empty.
func (q *queue) next() []*call {
	for {
		q.mu.Lock()
		q.busy = false
		var wait time.Duration
		switch {
		case q.awaited > 0 || q.closed:
		case len(q.calls) == 0:
			wait = -1
		default:
			wait = time.Until(q.due)
		}
		if wait == 0 || len(q.calls) > 0 && wait < 0 {
			batch := q.take()
			q.mu.Unlock()
			return batch
		}
		q.mu.Unlock()
		q.sleep(wait)
	}
}

// sleep waits for a change of the queue; below 0 without an end.
func (q *queue) sleep(d time.Duration) {
	if d < 0 {
		<-q.wake
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-q.wake:
	case <-t.C:
	}
}

// take removes the writes of one commit.
func (q *queue) take() []*call {
	n, size := 0, 0
	for n < len(q.calls) && n < maxBatch {
		if size += q.calls[n].size; n > 0 && size > maxBatchBytes {
			break
		}
		if c := q.calls[n]; c.awaited() {
			q.awaited--
		} else {
			q.bytes -= c.size
		}
		n++
	}
	batch := slices.Clone(q.calls[:n])
	q.calls = slices.Delete(q.calls, 0, n)
	q.busy = len(batch) > 0
	q.due = time.Time{}
	if len(q.calls) > 0 {
		q.due = time.Now()
	}
	return batch
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.signal()
}

// idle reports whether no write is waiting or under way.
func (q *queue) idle() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.calls) == 0 && !q.busy && !q.closed
}

func (q *queue) isClosed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}
