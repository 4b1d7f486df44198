package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

// Event returns an event with headers and body. The error wraps
// webhook.ErrNotFound, or webhook.ErrDamaged.
func (s *Store) Event(ctx context.Context, id webhook.ID) (webhook.Event, error) {
	var e webhook.Event
	err := s.view(ctx, func(t *txn) error {
		r, err := t.getRow(id)
		if err != nil {
			return err
		}
		if e, err = t.event(id, &r, true); err != nil {
			return err
		}
		e.Body, err = t.body(id, &r)
		return err
	})
	return e, err
}

// body reads an event's body; nil: it was not kept.
func (t *txn) body(id webhook.ID, r *row) ([]byte, error) {
	if r.flags.has(flagNoBody) {
		return nil, nil
	}
	body := t.record(recordKey(id, kindBody))
	if boltfile.Checksum(body) != r.bodySum {
		return nil, damaged(id, fmt.Errorf("the body: %w", boltfile.ErrChecksum))
	}
	return append([]byte{}, body...), nil
}

// Summary returns an event as lists show it. The error wraps
// webhook.ErrNotFound, or webhook.ErrDamaged.
func (s *Store) Summary(ctx context.Context, id webhook.ID) (webhook.Summary, error) {
	var sum webhook.Summary
	err := s.view(ctx, func(t *txn) error {
		var err error
		sum, err = t.summarize(id)
		return err
	})
	return sum, err
}

func (t *txn) summarize(id webhook.ID) (webhook.Summary, error) {
	r, err := t.getRow(id)
	if err != nil {
		return webhook.Summary{}, err
	}
	return t.summary(id, &r, false)
}

// event reads an event's record and what its row adds.
func (t *txn) event(id webhook.ID, r *row, headers bool) (webhook.Event, error) {
	e := webhook.Event{
		ID: id, BodySize: r.bodySize, NoBody: r.flags.has(flagNoBody),
		RedeliveryOf: r.earlier, Try: int(r.try), Altered: r.flags.has(flagAltered),
		Duplicate: r.flags.has(flagDuplicate), Decision: decisions[r.decision],
		PossiblyDeleted: r.flags.has(flagPossiblyDeleted),
	}
	payload, err := t.eventRecord(id)
	if err != nil {
		return e, err
	}
	if err := readEvent(payload, &e, headers); err != nil {
		return e, damaged(id, err)
	}
	if headers && r.flags.has(flagRowLost) {
		e.Notes = append(e.Notes, "brought back from a damaged store without its state, so that its body could not be checked")
	}
	e.Answer = r.answer()
	e.Answer.Reason, err = t.reason(id)
	return e, err
}

var errMissing = errors.New("its record is missing")

func (t *txn) eventRecord(id webhook.ID) ([]byte, error) {
	key := recordKey(id, kindEvent)
	record := t.get(bucketEvents, key)
	if record == nil {
		return nil, damaged(id, errMissing)
	}
	payload, err := boltfile.Unseal(key, record)
	if err != nil {
		return nil, damaged(id, err)
	}
	return payload, nil
}

func (t *txn) reason(id webhook.ID) (string, error) {
	reason, err := t.text(bucketEvents, recordKey(id, kindReason))
	if err != nil {
		err = damaged(id, fmt.Errorf("the answer's reason: %w", err))
	}
	return reason, err
}

// summary makes the summary of an event, with its headers if asked to; r is
// its row.
func (t *txn) summary(id webhook.ID, r *row, headers bool) (webhook.Summary, error) {
	e, err := t.event(id, r, headers)
	if err != nil {
		return webhook.Summary{}, err
	}
	sum := webhook.Summary{
		Event:    e,
		Attempts: int(r.attempts), LastStatus: int(r.last), LastDuration: time.Duration(r.took),
		LastError: r.flags.has(flagLastError), Resent: r.flags.has(flagResent), Simulated: r.flags.has(flagSimulated), Faulted: r.flags.has(flagFaulted),
		Slow: r.flags.has(flagSlow), Unsuccessful: r.flags.has(flagUnsuccessful), Marked: r.flags.has(flagMarked),
		RedeliveredAs: r.later,
	}
	sum.Outcome, err = t.outcome(id, r)
	return sum, err
}

// outcome is what decides an event's state.
func (t *txn) outcome(id webhook.ID, r *row) (webhook.Outcome, error) {
	id, end := t.chainEnd(id, *r)
	o := end.outcome()
	o.Try = int(end.try)
	var err error
	o.Answer.Reason, err = t.reason(id)
	return o, err
}

// Attempts returns an event's attempts in order. The error wraps
// webhook.ErrNotFound, or webhook.ErrDamaged when a record cannot be read.
func (s *Store) Attempts(ctx context.Context, id webhook.ID) ([]webhook.Attempt, error) {
	var all []webhook.Attempt
	err := s.view(ctx, func(t *txn) error {
		if !t.has(id) {
			return notFound(id)
		}
		var err error
		all, err = t.attempts(id)
		return err
	})
	return all, err
}

// attempts reads an event's attempts in order and numbers its resends.
func (t *txn) attempts(id webhook.ID) ([]webhook.Attempt, error) {
	var all []webhook.Attempt
	resends := 0
	cur, prefix := t.cursor(bucketEvents), recordKey(id, kindAttempt)
	for k, v := cur.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = cur.Next() {
		a, err := t.attempt(id, numberOf(k), v, true)
		if err != nil {
			return all, err
		}
		if a.Trigger == webhook.TriggerResend {
			resends++
			a.Resend = resends
		}
		all = append(all, a)
	}
	return all, nil
}

// attempt reads an attempt's record; whole includes what the app answered and
// what was sent.
func (t *txn) attempt(id webhook.ID, seq uint64, record []byte, whole bool) (webhook.Attempt, error) {
	a := webhook.Attempt{EventID: id, Seq: seq}
	fail := func(what string, err error) (webhook.Attempt, error) {
		return a, damaged(a.EventID, fmt.Errorf("attempt %d%s: %w", a.Seq, what, err))
	}
	payload, err := boltfile.Unseal(attemptKey(id, kindAttempt, seq), record)
	if err != nil {
		return fail("", err)
	}
	reply, sent, err := readAttempt(payload, &a)
	if err != nil {
		return fail("", err)
	}
	if !whole {
		return a, nil
	}
	if reply {
		a.Body = []byte{}
		key := attemptKey(id, kindReply, seq)
		if record := t.record(key); record != nil {
			payload, err := boltfile.Unseal(key, record)
			if err != nil {
				return fail(", the answer", err)
			}
			a.Body = append(a.Body, payload...)
		}
	}
	if sent {
		key := attemptKey(id, kindSent, seq)
		payload, err := boltfile.Unseal(key, t.record(key))
		if err == nil {
			a.Sent, err = readSent(payload)
		}
		if err != nil {
			return fail(", what was sent", err)
		}
	}
	return a, nil
}

// resend numbers an attempt among the resends of its event, 0 if it is none.
// Records that cannot be read do not count.
func (t *txn) resend(a *webhook.Attempt) int {
	if a.Trigger != webhook.TriggerResend {
		return 0
	}
	n := 1
	cur, prefix := t.cursor(bucketEvents), recordKey(a.EventID, kindAttempt)
	for k, v := cur.Seek(prefix); bytes.HasPrefix(k, prefix) && numberOf(k) < a.Seq; k, v = cur.Next() {
		earlier, err := t.attempt(a.EventID, numberOf(k), v, false)
		if err == nil && earlier.Trigger == webhook.TriggerResend {
			n++
		}
	}
	return n
}

// Find returns the ID of the event with a name: "42" or "#42", "latest", or a
// webhookId, of which the newest counts. The error wraps webhook.ErrNotFound
// and says what a name may be.
func (s *Store) Find(ctx context.Context, name string) (webhook.ID, error) {
	var found webhook.ID
	err := s.view(ctx, func(t *txn) error {
		found = t.find(name)
		return nil
	})
	if err == nil && found == 0 && name != "" {
		found, err = s.newestWith(ctx, name)
	}
	switch {
	case err != nil || found != 0:
		return found, err
	case name == "latest":
		return 0, fmt.Errorf("%w: there are no events yet", webhook.ErrNotFound)
	}
	return 0, fmt.Errorf("%w: %q is neither the ID of a stored event (42), nor a webhookId, nor latest; see: taskhook events list", webhook.ErrNotFound, name)
}

// find knows all names but webhookIds.
func (t *txn) find(name string) webhook.ID {
	if name == "latest" {
		return t.latest()
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(name, "#"), 10, 64)
	if err == nil && t.has(webhook.ID(n)) {
		return webhook.ID(n)
	}
	return 0
}

// latest is the newest event that is a webhook, 0 if there is none.
func (t *txn) latest() webhook.ID {
	var r row
	for k, v := range t.down(kindRow, 0) {
		if r.decode(k, v) != nil || decisions[r.decision] != webhook.Passed {
			return webhook.ID(numberOf(k))
		}
	}
	return 0
}

// newestWith is the newest event with a webhookId, 0 if there is none.
func (s *Store) newestWith(ctx context.Context, webhookID string) (webhook.ID, error) {
	var newest webhook.ID
	want := hash(webhookID)
	sc := s.newScan(&filter.Filter{}, webhook.Query{}, noEvent)
	sc.found = func(t *txn, id webhook.ID, r *row) error {
		if r.hookHash != want {
			return nil
		}
		e, err := t.event(id, r, false)
		if err == nil && e.WebhookID == webhookID {
			newest, sc.ended = id, true
		}
		return err
	}
	return newest, sc.run(ctx)
}
