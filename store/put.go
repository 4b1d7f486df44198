package store

import (
	"bytes"
	"context"

	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
)

// overhead is about how many bytes an event or an attempt takes besides its
// records: keys, index entries, its share of pages.
const overhead = 300

// PutEvent stores an event and returns when it is on disk. It assigns ID,
// RedeliveryOf, Try, Altered and Duplicate, and links the earlier event to this one, in
// one transaction. An Answer with a status, or whose sender had gone, is
// stored with it.
//
// An event that nobody vouches for, such as a rejected one, is linked to no
// other: it may name any webhookId.
func (s *Store) PutEvent(ctx context.Context, e *webhook.Event) error {
	record := newEventRecord(e)
	base := row{
		verdict: indexOf(verdicts[:], e.Verdict.Status), decision: indexOf(decisions, e.Decision), share: 1,
		received: nanos(e.ReceivedAt), bodySize: e.BodySize,
		typeHash: hash(e.Type), hookHash: hash(e.WebhookID),
		stored:  uint64(len(record) + len(e.Body) + rowSize + overhead),
		bodySum: boltfile.Checksum(e.Body),
	}
	base.setAnswer(e.Answer)
	base.flags.set(flagNoBody, e.NoBody)
	base.flags.set(flagUntrusted, untrusted(e))
	var id webhook.ID
	var r row
	err := s.updateAnyway(ctx, int(base.stored), func(t *txn) error {
		r = base
		t.counts.LastID++
		id = webhook.ID(t.counts.LastID)
		t.follow(id, &r, e.Body)
		if err := t.change(id, nil, &r); err != nil {
			return err
		}
		if err := t.putEvent(id, record, e); err != nil {
			return err
		}
		return t.link(id, &r)
	})
	if err != nil {
		return err
	}
	e.ID, e.RedeliveryOf, e.Try, e.Altered = id, r.earlier, int(r.try), r.flags.has(flagAltered)
	e.Duplicate = r.flags.has(flagDuplicate)
	return nil
}

// untrusted reports whether anybody on the Internet could have had an event
// stored: it was rejected, passed unchecked, or turned away before its body, and
// with it the signature, was read.
func untrusted(e *webhook.Event) bool {
	return e.Decision.Rejected() || e.Decision == webhook.Passed || e.NoBody && e.Answer.By == webhook.ByTaskhook
}

// putEvent stores all of an event but its row.
func (t *txn) putEvent(id webhook.ID, record []byte, e *webhook.Event) error {
	key := recordKey(id, kindEvent)
	if err := t.in(bucketEvents).Put(key, boltfile.Seal(key, record)); err != nil {
		return err
	}
	if len(e.Body) > 0 {
		if err := t.putRecord(recordKey(id, kindBody), e.Body); err != nil {
			return err
		}
	}
	if e.Answer.Reason == "" {
		return nil
	}
	return t.putReason(id, e.Answer.Reason)
}

func (t *txn) putReason(id webhook.ID, reason string) error {
	key := recordKey(id, kindReason)
	if reason == "" {
		return t.in(bucketEvents).Delete(key)
	}
	return t.putText(bucketEvents, key, reason)
}

// follow finds the event that a new one is a redelivery of, and says so in its
// row.
func (t *txn) follow(id webhook.ID, r *row, body []byte) {
	r.try = 1
	if r.hookHash == 0 || r.flags.has(flagUntrusted) {
		return
	}
	earlier := t.newestWith(r.hookHash, id)
	if earlier == 0 {
		return
	}
	before, ok := t.peek(earlier)
	if !ok || before.hookHash != r.hookHash || before.flags.has(flagUntrusted) {
		return // a damaged event links nothing
	}
	r.earlier, r.try = earlier, before.try+1
	switch before.outcome().State(fromNanos(r.received)) {
	case webhook.StateDelivered, webhook.StateRecovered:
		r.flags |= flagDuplicate
	case webhook.StateRetrying:
		r.flags.set(flagDuplicate, before.flags.has(flagDeliveredLater) || before.flags.has(flagDuplicate))
	}
	if !before.flags.has(flagNoBody) && !r.flags.has(flagNoBody) {
		r.flags.set(flagAltered, !bytes.Equal(t.record(recordKey(earlier, kindBody)), body))
	}
}

// PutAnswer stores the answer to an event that was not forwarded, and returns
// when it is on disk. The error wraps webhook.ErrNotFound for an unknown one.
func (s *Store) PutAnswer(ctx context.Context, id webhook.ID, answer webhook.Answer) error {
	return s.update(ctx, overhead+len(answer.Reason), func(t *txn) error {
		before, err := t.getRow(id)
		if err != nil {
			return err
		}
		after := before
		return t.answer(id, &before, &after, answer)
	})
}

// answer stores a row with its answer, which may have it share the outcome of
// a redelivery that came meanwhile.
func (t *txn) answer(id webhook.ID, before, after *row, answer webhook.Answer) error {
	after.setAnswer(answer)
	if err := t.change(id, before, after); err != nil {
		return err
	}
	if err := t.putReason(id, answer.Reason); err != nil {
		return err
	}
	if after.later == 0 || after.flags.has(flagSuperseded) {
		return nil
	}
	return t.supersede(id)
}

// PutAttempt stores an attempt, and the answer that followed from it unless
// that is nil, and returns when both are on disk. It assigns Seq and Resend,
// and Delivery when that is 0. The error wraps webhook.ErrNotFound for an unknown event.
func (s *Store) PutAttempt(ctx context.Context, a *webhook.Attempt, answer *webhook.Answer) error {
	records := newAttemptRecords(a)
	stored := *a
	err := s.update(ctx, records.size()+overhead, func(t *txn) error {
		stored = *a
		return t.putAttempt(&stored, records, answer)
	})
	if err == nil {
		a.Seq, a.Delivery, a.Resend = stored.Seq, stored.Delivery, stored.Resend
	}
	return err
}

// QueueAttempt stores an attempt and its answer soon, at the latest in Close.
// While the disk cannot be written to, it stays queued; what is never written
// is logged.
func (s *Store) QueueAttempt(a webhook.Attempt, answer webhook.Answer) {
	records := newAttemptRecords(&a)
	a.Header, a.Body, a.Sent = nil, nil, nil
	s.file.Queue(records.size()+overhead, s.transact(func(t *txn) error {
		again := a
		return t.putAttempt(&again, records, &answer)
	}), func(err error) {
		s.logger.Error("an attempt could not be stored", "event", a.EventID.String(), "status", a.StatusCode, "error", err)
	})
}

func (t *txn) putAttempt(a *webhook.Attempt, records attemptRecords, answer *webhook.Answer) error {
	before, err := t.getRow(a.EventID)
	if err != nil {
		return err
	}
	if a.Delivery == 0 {
		a.Delivery = int(before.deliveries) + 1
	}
	t.counts.LastSeq++
	a.Seq = t.counts.LastSeq
	a.Resend = t.resend(a)
	if err := t.putRecords(a, records); err != nil {
		return err
	}
	after := before
	after.apply(a)
	after.stored += uint64(records.size() + overhead)
	later := answer == nil && a.Trigger != webhook.TriggerReceived || answer != nil && answer.SenderGone
	delivered := later && a.DeliveredToApp() && a.Carries(t.record(recordKey(a.EventID, kindBody)))
	if delivered {
		after.flags |= flagDeliveredLater
	}
	if answer != nil {
		return t.answer(a.EventID, &before, &after, *answer)
	}
	if err := t.change(a.EventID, &before, &after); err != nil || !delivered {
		return err
	}
	return t.deliveredLater(after)
}

func (t *txn) putRecords(a *webhook.Attempt, records attemptRecords) error {
	records.setDelivery(a.Delivery)
	key := attemptKey(a.EventID, kindAttempt, a.Seq)
	if err := t.in(bucketEvents).Put(key, boltfile.Seal(key, records.attempt)); err != nil {
		return err
	}
	for _, put := range [...]struct {
		kind   kind
		record []byte
	}{{kindReply, records.reply}, {kindSent, records.sent}} {
		if put.record == nil {
			continue
		}
		key := attemptKey(a.EventID, put.kind, a.Seq)
		if err := t.putRecord(key, boltfile.Seal(key, put.record)); err != nil {
			return err
		}
	}
	return t.in(bucketEvents).Put(tableKey(kindLog, a.Seq), idKey(a.EventID))
}

// Mark marks events, or removes their marks, and returns when that is on disk.
// Unknown IDs are skipped.
func (s *Store) Mark(ctx context.Context, ids []webhook.ID, marked bool) error {
	return s.update(ctx, len(ids)*rowSize, func(t *txn) error {
		for _, id := range ids {
			before, err := t.getRow(id)
			if err != nil || before.flags.has(flagMarked) == marked {
				continue
			}
			if err := t.amend(id, before, func(r *row) { r.flags.set(flagMarked, marked) }); err != nil {
				return err
			}
		}
		return nil
	})
}
