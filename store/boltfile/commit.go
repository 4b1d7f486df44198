package boltfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"go.etcd.io/bbolt"
)

// Update runs fn in a write transaction that it may share with others, and
// returns when the commit is on disk. size is about how many bytes fn writes.
//
// fn may run more than once, the last time counting: when another fn of the
// same transaction returns an error, that one is left out and the rest run
// again. fn's own error is returned as it is, and nothing it wrote is kept.
// Once ctx ends, a write that no commit has taken yet is not made. An error of
// the disk is returned to all whose commit it was; the next Update tries
// afresh.
func (f *File) Update(ctx context.Context, size int, fn func(tx *bbolt.Tx) error) error {
	return f.await(&call{ctx: ctx, size: size, fn: fn})
}

// await queues a write and returns when it is on disk.
func (f *File) await(c *call) error {
	if f.opts.ReadOnly {
		return ErrReadOnly
	}
	c.done = make(chan error, 1)
	if err := c.ctx.Err(); err != nil {
		return err
	}
	if err := f.queue.add(c); err != nil {
		return err
	}
	return <-c.done
}

// UpdateAnyway is Update that goes on when it meets damage: the file is set
// aside, another one begun, and fn runs there.
func (f *File) UpdateAnyway(ctx context.Context, size int, fn func(tx *bbolt.Tx) error) error {
	return f.await(&call{ctx: ctx, size: size, fn: fn, anyway: true})
}

// Queue has fn run in a write transaction soon, as Update does, without being
// waited for: in the order of all calls of Queue and Update, and at the latest
// in Close. While the disk refuses, queued writes wait up to
// Options.QueueBytes. failed is called, from another goroutine or at once,
// with the reason why fn's write was given up; it must not block.
func (f *File) Queue(size int, fn func(tx *bbolt.Tx) error, failed func(error)) {
	if f.opts.ReadOnly {
		failed(ErrReadOnly)
		return
	}
	if err := f.queue.add(&call{size: size, fn: fn, failed: failed}); err != nil {
		failed(err)
	}
}

// Flush returns once every write that was queued before is on disk. It costs
// next to nothing when none is queued. The error is that of a commit that the
// disk refused, after which the writes are still queued, ErrClosed, or that of
// ctx.
func (f *File) Flush(ctx context.Context) error {
	if f.opts.ReadOnly || f.queue.idle() {
		return nil
	}
	c := &call{ctx: ctx, done: make(chan error, 1)}
	if err := f.queue.add(c); err != nil {
		return err
	}
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write commits until the queue is closed and empty.
func (f *File) write() {
	for {
		batch := f.queue.next()
		if len(batch) == 0 {
			return
		}
		f.commitAll(batch)
	}
}

// commitAll commits a batch; a write that fails is left out and told.
func (f *File) commitAll(batch []*call) {
	var flushes []*call
	batch = slices.DeleteFunc(batch, func(c *call) bool {
		switch {
		case c.awaited() && c.ctx.Err() != nil:
			c.done <- c.ctx.Err()
			return true
		case c.fn == nil:
			flushes = append(flushes, c)
			return true
		}
		return false
	})
	err := f.commitEach(batch)
	for _, c := range flushes {
		c.done <- err
	}
}

// commitEach commits a batch without the writes that fail. The error is the
// commit's.
func (f *File) commitEach(batch []*call) error {
	for renewed := false; len(batch) > 0; {
		failed, err := f.commit(batch)
		if !renewed && errors.Is(err, ErrCorrupt) && goesOn(batch, failed) {
			if renewed = true; f.renew(err) == nil {
				continue
			}
		}
		if failed < 0 {
			f.finish(batch, err)
			return err
		}
		f.finish(batch[failed:failed+1], err)
		batch = slices.Delete(batch, failed, failed+1)
	}
	return nil
}

// goesOn reports whether writes that met damage are to be made all the same:
// one that failed, or any of those whose commit did.
func goesOn(batch []*call, failed int) bool {
	if failed >= 0 {
		return batch[failed].anyway
	}
	return slices.ContainsFunc(batch, func(c *call) bool { return c.anyway })
}

// finish tells writers what became of their writes. An error of the commit
// leaves the queued ones for a later try.
func (f *File) finish(batch []*call, err error) {
	if err == nil && f.opts.Committed != nil {
		f.opts.Committed()
	}
	unwritten := errors.Is(err, errCommit)
	again := unwritten && !f.queue.isClosed()
	var kept []*call
	for _, c := range batch {
		switch {
		case c.awaited():
			c.done <- err
		case err == nil:
		case again:
			kept = append(kept, c)
		default:
			if unwritten {
				f.lost++
			}
			c.failed(err)
		}
	}
	f.queue.putBack(kept)
	if len(kept) > 0 && !f.waiting {
		f.opts.Logger.Warn("writes wait until the file can be written to again", "path", f.path, "error", err)
	}
	if err == nil || len(kept) > 0 {
		f.waiting = err != nil
	}
}

// errCommit begins a failure that was no fault of the writes.
var errCommit = errors.New("write to the file")

func commitError(err error) error { return fmt.Errorf("%w: %w", errCommit, err) }

// commit runs the writes in one transaction. It returns the index of one that
// failed, or -1 with the commit's error.
func (f *File) commit(batch []*call) (failed int, err error) {
	if err := f.ready(); err != nil {
		return -1, commitError(err)
	}
	var tx *bbolt.Tx
	if err := guard(func() (err error) { tx, err = f.db.Begin(true); return err }); err != nil {
		f.suspect = true
		f.breakOn(err)
		return -1, commitError(err)
	}
	for i, c := range batch {
		if err := guard(func() error { return c.fn(tx) }); err != nil {
			f.logPanic(err)
			if end := guard(tx.Rollback); end != nil {
				f.breakOn(end)
			}
			return i, err
		}
	}
	if err := guard(tx.Commit); err != nil {
		f.suspect = true
		f.logPanic(err)
		f.breakOn(err)
		return -1, commitError(err)
	}
	f.committed()
	return -1, nil
}

// ready makes sure that a commit would reach the file that others will open,
// and begins another one when that is lost.
func (f *File) ready() error {
	why := f.gone()
	if broken := f.broken.Load(); broken != nil && why == nil {
		why = *broken
	}
	if why == nil && f.suspect {
		why = f.reopen()
	}
	switch {
	case why == nil && f.pending != nil:
		return f.begin()
	case why == nil:
		f.suspect = false
	case errors.Is(why, ErrRemoved), errors.Is(why, ErrCorrupt):
		return f.renew(why)
	}
	return why
}

// gone finds out whether the file is still the one that was opened, and has
// what was last written to it.
func (f *File) gone() error {
	if f.file == nil {
		return ErrRemoved
	}
	there, err := os.Stat(f.path)
	if err != nil {
		return ErrRemoved
	}
	open, err := f.file.Stat()
	if err != nil || !os.SameFile(there, open) {
		return ErrRemoved
	}
	if f.suspect {
		return nil // what was written last is not known
	}
	if m, ok := metaAt(f.file, f.meta.at()); !ok || m != f.meta || int64(m.high)*m.pageSize > there.Size() {
		return errOverwritten
	}
	return nil
}

// committed remembers what the file begins with after a commit.
func (f *File) committed() {
	if m, ok := newestMeta(f.file); ok {
		f.meta = m
	}
}

func (f *File) logPanic(err error) {
	var p *panicError
	if errors.As(err, &p) {
		f.opts.Logger.Info("a transaction panicked", "path", f.path, "error", err, "stack", string(p.stack))
	}
}
