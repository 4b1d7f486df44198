package store

import (
	"context"
	"slices"

	"github.com/taskhook/taskhook/store/boltfile"
	"github.com/taskhook/taskhook/webhook"
)

// rescued is an event that is brought back, with its records.
type rescued struct {
	id         webhook.ID
	row        row
	event      []byte
	body       []byte
	reason     []byte
	tries      []rescuedTry
	incomplete bool
}

// rescuedTry is an attempt with its records, all sealed; nil: there is none.
type rescuedTry struct {
	seq                  uint64
	attempt, reply, sent []byte
}

// bringBack brings events back, as one transaction.
func (v *salvage) bringBack(ctx context.Context, ids []webhook.ID) error {
	var some []*rescued
	size := 0
	for _, id := range ids {
		r := v.rescue(id, v.events[id])
		if r == nil {
			if len(v.report.Lost) < maxLost {
				v.report.Lost = append(v.report.Lost, id)
			}
			continue
		}
		some = append(some, r)
		size += int(r.row.stored)
	}
	var report webhook.Salvage
	err := v.store.update(ctx, size, func(t *txn) error {
		report = webhook.Salvage{} // it may run again
		for _, r := range some {
			if err := v.put(t, r, &report); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	v.report.Events += report.Events
	v.report.Attempts += report.Attempts
	v.report.PossiblyDeleted += report.PossiblyDeleted
	v.report.Incomplete += report.Incomplete
	v.report.There += report.There
	v.report.Different += report.Different
	return nil
}

// read reads a record again, nil if there is none.
func (v *salvage) read(ref *boltfile.Ref) []byte {
	if ref == nil {
		return nil
	}
	return slices.Clone(v.file.Value(*ref))
}

// rescue puts together what was found of an event; nil: not enough.
func (v *salvage) rescue(id webhook.ID, f *find) *rescued {
	out := &rescued{id: id, event: v.read(f.event), reason: v.read(f.reason)}
	key := recordKey(id, kindEvent)
	payload, err := boltfile.Unseal(key, out.event)
	if err != nil {
		return nil
	}
	var e webhook.Event
	if readEvent(payload, &e, true) != nil {
		return nil
	}
	v.rescueBody(out, f, &e)
	known := int(out.row.attempts)
	for i := range f.tries {
		a := v.rescueTry(out, id, &f.tries[i])
		if a != nil && len(out.tries) > known {
			out.row.apply(a)
		}
		if a != nil && out.row.status == 0 && a.Answered != 0 && a.Trigger == webhook.TriggerReceived {
			out.row.setAnswer(webhook.Answer{Status: a.Answered, By: webhook.ByApp, At: a.StartedAt.Add(a.Duration), RetryAt: a.RetryAt})
		}
	}
	if len(out.tries) < known {
		out.incomplete = true
		out.row.attempts = uint32(len(out.tries))
	}
	if out.row.class() == classForwarding {
		out.row.flags |= flagInterrupted // nobody is at work on it
	}
	out.row.flags.set(flagPossiblyDeleted, f.where != boltfile.InTree)
	return out
}

// rescueBody finds the row of an event, or makes one, and the body that fits.
func (v *salvage) rescueBody(out *rescued, f *find, e *webhook.Event) {
	if f.row != nil {
		out.row = *f.row
		if v.version < schema {
			out.row.convert()
		}
		if out.row.flags.has(flagNoBody) || out.row.bodySize == 0 {
			return
		}
		for _, ref := range f.bodies {
			if out.body = v.read(&ref); boltfile.Checksum(out.body) == out.row.bodySum {
				return
			}
		}
		out.body, out.incomplete = nil, true
		out.row.flags |= flagNoBody
		return
	}
	if len(f.bodies) > 0 {
		out.body = v.read(&f.bodies[0])
	}
	out.row = row{
		verdict: indexOf(verdicts[:], e.Verdict.Status), share: 1, try: 1,
		received: nanos(e.ReceivedAt), bodySize: int64(len(out.body)),
		typeHash: hash(e.Type), hookHash: hash(e.WebhookID),
		stored:  uint64(len(out.event) + len(out.body) + rowSize + overhead),
		bodySum: boltfile.Checksum(out.body),
		flags:   flagRowLost,
	}
	out.incomplete = true
	out.row.decide(e.Verdict.Status, len(f.tries) > 0)
}

// decide finds out by the verdict what was decided about an event whose row is
// lost. One that reached no app, and whose signature is not valid, is taken for
// rejected: nobody vouches for it.
func (r *row) decide(s webhook.VerdictStatus, reached bool) {
	switch {
	case s == webhook.Skipped:
		r.decision = indexOf(decisions, webhook.Passed)
	case reached:
		return
	case s == webhook.Invalid:
		r.decision = indexOf(decisions, webhook.RejectedSignature)
	case s == webhook.Unsigned:
		r.decision = indexOf(decisions, webhook.RejectedUnsigned)
	default:
		return
	}
	r.flags |= flagUntrusted
}

// rescueTry adds an attempt to what is brought back, and returns it; nil: it is
// lost.
func (v *salvage) rescueTry(out *rescued, id webhook.ID, f *try) *webhook.Attempt {
	one := rescuedTry{seq: f.seq, attempt: v.read(f.attempt), reply: v.read(f.reply), sent: v.read(f.sent)}
	payload, err := boltfile.Unseal(attemptKey(id, kindAttempt, f.seq), one.attempt)
	if err != nil {
		return nil
	}
	a := webhook.Attempt{EventID: id, Seq: f.seq}
	reply, sent, err := readAttempt(payload, &a)
	if err != nil {
		return nil
	}
	if sent && one.sent == nil {
		// What was sent is lost: the attempt is written anew, without it.
		out.incomplete = true
		if reply {
			a.Body = []byte{}
		}
		records := newAttemptRecords(&a)
		records.setDelivery(a.Delivery)
		one.attempt = boltfile.Seal(attemptKey(id, kindAttempt, f.seq), records.attempt)
	}
	out.tries = append(out.tries, one)
	return &a
}

// put stores an event that is brought back, unless its number is taken.
func (v *salvage) put(t *txn, r *rescued, report *webhook.Salvage) error {
	if t.has(r.id) {
		there, err := t.getRow(r.id)
		if err == nil && (there.received != r.row.received || there.hookHash != r.row.hookHash) {
			report.Different++
		} else {
			report.There++
		}
		return nil
	}
	one := r.row
	v.relink(t, r.id, &one) // the events before it are there by now
	for i := range r.tries {
		if err := v.putTry(t, r.id, &r.tries[i]); err != nil {
			return err
		}
	}
	t.counts.LastID = max(t.counts.LastID, uint64(r.id))
	if err := t.change(r.id, nil, &one); err != nil {
		return err
	}
	t.newest.add(r.id, &one)
	report.Events++
	report.Attempts += len(r.tries)
	if one.flags.has(flagPossiblyDeleted) {
		report.PossiblyDeleted++
	}
	if r.incomplete {
		report.Incomplete++
	}
	return t.putAll(r)
}

// putAll stores the records of an event that is brought back.
func (t *txn) putAll(r *rescued) error {
	if err := t.in(bucketEvents).Put(recordKey(r.id, kindEvent), r.event); err != nil {
		return err
	}
	if r.reason != nil {
		if err := t.in(bucketEvents).Put(recordKey(r.id, kindReason), r.reason); err != nil {
			return err
		}
	}
	if len(r.body) == 0 {
		return nil
	}
	return t.putRecord(recordKey(r.id, kindBody), r.body)
}

// putTry stores an attempt under its number, or under a new one if another
// event has that.
func (v *salvage) putTry(t *txn, id webhook.ID, r *rescuedTry) error {
	seq := r.seq
	if t.get(bucketEvents, tableKey(kindLog, seq)) != nil {
		seq = t.counts.LastSeq + 1
	}
	t.counts.LastSeq = max(t.counts.LastSeq, seq)
	for _, put := range [...]struct {
		kind   kind
		record []byte
	}{{kindAttempt, r.attempt}, {kindReply, r.reply}, {kindSent, r.sent}} {
		if put.record == nil {
			continue
		}
		key := attemptKey(id, put.kind, seq)
		if err := t.putRecord(key, boltfile.Seal(key, slices.Clone(put.record))); err != nil {
			return err
		}
	}
	return t.in(bucketEvents).Put(tableKey(kindLog, seq), idKey(id))
}

// relink has a row lead to none that is not there, and counts those whose
// outcome it shares.
func (v *salvage) relink(t *txn, id webhook.ID, r *row) {
	if r.earlier != 0 && !v.there(t, r.earlier) {
		r.earlier = 0
	}
	if r.later != 0 && !v.there(t, r.later) {
		r.later = 0
		r.flags &^= flagSuperseded
	}
	r.share = 1
	if before, ok := t.peek(r.earlier); ok && before.flags.has(flagSuperseded) && before.later == id {
		r.share += before.share
	}
}

// there reports whether an event is stored, or will be.
func (v *salvage) there(t *txn, id webhook.ID) bool {
	f := v.events[id]
	return f != nil && f.stands() && f.event != nil || t.has(id)
}
