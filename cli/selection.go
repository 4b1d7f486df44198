package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/taskhook/taskhook/control"
	"github.com/taskhook/taskhook/webhook"
)

// each calls do for every event that q selects. It warns of those that are left
// out: damaged ones, and those that the filter cannot decide.
func (a *app) each(ctx context.Context, r webhook.Reader, q webhook.Query, do func(webhook.Record) error) error {
	for chunk, err := range r.Read(ctx, q) {
		if err != nil {
			return interrupted(err)
		}
		a.warnOfMissing(chunk)
		for _, record := range chunk.Records {
			if err := do(record); err != nil {
				return err
			}
		}
	}
	return nil
}

// interrupted says what to do when the listener stops in the middle of a read.
func interrupted(err error) error {
	if errors.Is(err, control.ErrNoListener) {
		return withHint(err, "run the command again: it reads the store itself when no listener runs")
	}
	return err
}

// warnOfMissing says which events are left out.
func (a *app) warnOfMissing(chunk webhook.Chunk) {
	for _, d := range inRows(chunk.Damaged) {
		a.damaged = true
		switch {
		case d.ID == 0:
			a.warn("the store is damaged: %s", d.Reason)
		case d.Last != 0:
			a.warn("%s to %s are left out, as far as they were there: %s", d.ID, d.Last, d.Reason)
		default:
			a.warn("%s is left out: it is damaged in the store: %s", d.ID, d.Reason)
		}
	}
	a.warnOfLeftOut(chunk.LeftOut)
}

// warnOfLeftOut says which events a filter could not decide.
func (a *app) warnOfLeftOut(all []webhook.LeftOut) {
	for _, l := range all {
		a.warn("%s", l)
	}
}

// inRows joins events in a row that are damaged for one reason.
func inRows(all []webhook.DamagedError) []webhook.DamagedError {
	var rows []webhook.DamagedError
	for _, d := range all {
		if n := len(rows) - 1; n >= 0 && d.ID != 0 && d.Last == 0 && rows[n].Reason == d.Reason {
			first, last := rows[n].ID, max(rows[n].ID, rows[n].Last)
			switch d.ID {
			case last + 1:
				rows[n].Last = d.ID
				continue
			case first - 1:
				rows[n].ID, rows[n].Last = d.ID, last
				continue
			}
		}
		rows = append(rows, d)
	}
	return rows
}

// errLeftOut ends a command that went on without what is damaged.
func errLeftOut() error {
	return withHint(errors.New("the store is damaged, and what cannot be read is left out"), "see: taskhook store check")
}

// findAll turns the names of events into their IDs.
func findAll(ctx context.Context, b *backend, names []string) ([]webhook.ID, error) {
	var ids []webhook.ID
	for _, name := range names {
		id, err := b.Find(ctx, name)
		if errors.Is(err, webhook.ErrNotFound) {
			return nil, withHint(fmt.Errorf("there is no event %q", name), "see: taskhook events list")
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// interruptible is a writer to a pipe that may be full: it gives a write up
// when ctx ends, and is not used after that.
type interruptible struct {
	ctx context.Context // of one command
	w   io.Writer
}

func (i interruptible) Write(p []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := i.w.Write(p)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return r.n, r.err
	case <-i.ctx.Done():
		return 0, i.ctx.Err() // the write ends with the program
	}
}
