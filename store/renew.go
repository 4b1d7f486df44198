package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
)

// renewed fills a file that took the place of one that was lost while it was
// open. Its numbers go on from those that were assigned: who follows the store
// sees no number twice, and what is brought back later fits in.
func (s *Store) renewed(tx *bbolt.Tx, r boltfile.Renewal) error {
	s.newest.forget()
	version, err := accept(tx)
	if err != nil {
		return err
	}
	switch {
	case version == 0:
		err = create(tx, s.assigned)
	case version < schema:
		err = convert(tx)
	}
	if err != nil {
		return err
	}
	t := &txn{tx: tx}
	c, err := t.readCounters()
	if err != nil {
		c = t.recount(0, 0)
	}
	c.LastID, c.LastSeq = max(c.LastID, uint64(s.assigned.Event)), max(c.LastSeq, s.assigned.Attempt)
	if err := t.in(bucketMeta).Put(countersKey, c.encode()); err != nil {
		return err
	}
	s.logger.Warn(s.lostText(r))
	return nil
}

// lostText says what became of a store that was lost while it was open.
func (s *Store) lostText(r boltfile.Renewal) string {
	text := "the store was removed or replaced while in use"
	if !errors.Is(r.Why, boltfile.ErrRemoved) {
		text = "the store was damaged while in use: " + strings.TrimPrefix(r.Why.Error(), boltfile.ErrCorrupt.Error()+": ")
	}
	if r.Saved == "" {
		return text + "; events are stored in the one that is there now"
	}
	return fmt.Sprintf("%s; another one was begun, and what is left of it is kept as %s; %s", text, filepath.Base(r.Saved), salvageHint(r.Saved))
}

// salvageHint is the command that brings back what is intact in a file.
func salvageHint(path string) string {
	return "to bring back what is intact: taskhook store salvage " + format.ShellQuote(path) + " --data-dir " + format.ShellQuote(filepath.Dir(path))
}

// beginAbove has the numbers of a new store begin above those of what is kept of
// earlier ones, so that these can be brought back later.
func (s *Store) beginAbove() {
	for _, path := range Kept(s.path) {
		p, err := highest(s.life, path)
		if err != nil {
			s.logger.Info("the numbers of an earlier store cannot be read", "path", path, "error", err)
		}
		s.assigned.Event, s.assigned.Attempt = max(s.assigned.Event, p.Event), max(s.assigned.Attempt, p.Attempt)
	}
}

// highest finds the highest numbers that can be read anywhere in a file.
func highest(ctx context.Context, path string) (webhook.Position, error) {
	var p webhook.Position
	s, err := boltfile.OpenScanner(path)
	if err != nil {
		return p, err
	}
	_, err = s.Run(ctx, func(one boltfile.Entry) error {
		switch e := parseEntry(one.Key, one.Value); e.kind {
		case kindRow, kindEvent, kindReason:
			p.Event = max(p.Event, e.id)
		case kindAttempt, kindReply, kindSent:
			p.Event, p.Attempt = max(p.Event, e.id), max(p.Attempt, e.seq)
		case kindCounters:
			p.Event, p.Attempt = max(p.Event, webhook.ID(e.counts.LastID)), max(p.Attempt, e.counts.LastSeq)
		}
		return nil
	})
	return p, errors.Join(err, s.Close())
}
