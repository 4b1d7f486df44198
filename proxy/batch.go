package proxy

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// maxFailures is after how many failures in a row a rescue ends: the app is
// down then, and there is no use in sending it the rest.
const maxFailures = 5

// Rescue sends the app what was lost, in the order of arrival, and returns
// when it is done. Every attempt is stored before the next is made, so that
// after a crash a second rescue goes on where the first stopped. The watcher
// is called for every event, one call at a time.
//
// An error, such as webhook.ErrBatchRunning while another one runs, says that nothing could be selected or sent at all; a rescue that
// ended early says why in the report.
func (p *Proxy) ResendBatch(ctx context.Context, r webhook.Batch, watch func(webhook.BatchItem)) (webhook.BatchReport, error) {
	if p.flight.stopping() || !p.flight.enter() {
		return webhook.BatchReport{}, ErrStopping
	}
	defer p.flight.leave()
	if r.Rate < 0 || r.Parallel < 0 {
		return webhook.BatchReport{}, errors.New("a rescue needs a rate and a number of events at one time that are not negative")
	}
	if _, err := p.targetNamed(r.To); err != nil && !r.DryRun {
		return webhook.BatchReport{}, err
	}
	ids, err := p.lost(ctx, r.Filter, failedStates+"|interrupted|rejected")
	if err != nil {
		return webhook.BatchReport{}, err
	}
	if !r.DryRun {
		if !p.batching.CompareAndSwap(false, true) {
			return webhook.BatchReport{}, webhook.ErrBatchRunning
		}
		defer p.batching.Store(false)
	}
	w := &batch{proxy: p, asked: r, watch: watch, seen: map[sameWebhook]webhook.ID{}}
	w.report.Total = len(ids)
	return w.run(ctx, ids)
}

// Resendable returns how many events a batch of all that failed would send.
func (p *Proxy) Resendable(ctx context.Context) (int, error) {
	report, err := p.ResendBatch(ctx, webhook.Batch{DryRun: true}, nil)
	return report.Delivered, err
}

// failedStates are the states that a rescue is for.
const failedStates = "state:failed|overdue"

// lost returns the events in some states that a filter selects, in the order
// of arrival.
func (p *Proxy) lost(ctx context.Context, filter, states string) ([]webhook.ID, error) {
	q := webhook.Query{Filter: states, Order: webhook.OrderArrival}
	if filter != "" {
		q.Filter += " (" + filter + ")"
	}
	var ids []webhook.ID
	for chunk, err := range p.opts.Store.Read(ctx, q) {
		if err != nil {
			return nil, err
		}
		for _, r := range chunk.Records {
			ids = append(ids, r.ID)
		}
	}
	return ids, nil
}

// batch is a batch under way.
type batch struct {
	proxy *Proxy
	asked webhook.Batch
	watch func(webhook.BatchItem)

	mu     sync.Mutex
	report webhook.BatchReport
	done   int
	seen   map[sameWebhook]webhook.ID // the event that is sent for all of them
	row    int                        // failures in a row
}

// sameWebhook is what makes two events the same webhook.
type sameWebhook struct {
	id  string
	sum [sha256.Size]byte // of the bytes
}

// run works through the events, so many at a time, and begins them in order.
func (w *batch) run(ctx context.Context, ids []webhook.ID) (webhook.BatchReport, error) {
	free := make(chan struct{}, max(w.asked.Parallel, 1))
	var senders sync.WaitGroup
	defer senders.Wait()
	pace := pacer{every: pause(w.asked.Rate)}
	whole := context.WithoutCancel(ctx) // an event that was begun is finished
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			w.stop(stopReason(err))
		}
		if w.stopped() {
			break
		}
		// What is looked at is sent at once: another may have sent it while this
		// waited.
		free <- struct{}{}
		if w.stopped() {
			break
		}
		one, sending := w.look(whole, id)
		if sending == nil {
			<-free
			w.tell(one)
			continue
		}
		if pace.waits() {
			if err := pace.wait(ctx, w.proxy.flight.draining); err != nil {
				w.stop(stopReason(err))
				break
			}
			if one, sending = w.look(whole, id); sending == nil {
				<-free
				w.tell(one)
				continue
			}
		}
		w.sending(sending)
		senders.Go(func() {
			defer func() { <-free }()
			w.send(whole, one, sending)
		})
	}
	senders.Wait()
	return w.report, ctx.Err()
}

// stopReason says why nothing more is sent.
func stopReason(err error) string {
	if errors.Is(err, context.Canceled) {
		return "cancelled"
	}
	return err.Error()
}

// look decides about one event; nil: it is not sent.
func (w *batch) look(ctx context.Context, id webhook.ID) (webhook.BatchItem, *resending) {
	one := webhook.BatchItem{}
	sum, err := w.proxy.opts.Store.Summary(ctx, id)
	if err != nil {
		one.Event.ID = id
		one.Skip, one.Reason = webhook.SkipGone, err.Error()
		return one, nil
	}
	one.Event, one.State = sum, sum.State(time.Now())
	if one.Skip, one.Reason = w.passOver(ctx, sum, one.State); one.Skip != "" {
		return one, nil
	}
	s, err := w.proxy.prepare(ctx, webhook.Resend{EventID: id, To: w.asked.To, Unverified: true})
	switch {
	case errors.Is(err, webhook.ErrPruned):
		one.Skip, one.Reason = webhook.SkipBodyless, err.Error()
	case errors.Is(err, ErrNoTarget) && w.asked.DryRun:
		return one, nil
	case err != nil:
		one.Reason = err.Error()
	case !w.asked.Unverified:
		one.Skip, one.Reason = w.distrust(s.received)
	}
	if one.Skip != "" || err != nil {
		return one, nil
	}
	if first, ok := w.seen[identity(s.received)]; ok && s.received.WebhookID != "" {
		one.Skip, one.Reason = webhook.SkipSame, "it is the same webhook as "+first.String()
		return one, nil
	}
	if w.asked.DryRun {
		w.sending(s)
		return one, nil
	}
	return one, s
}

func identity(e webhook.Event) sameWebhook {
	return sameWebhook{e.WebhookID, sha256.Sum256(e.Body)}
}

// sending has an event stand for all that are the same webhook.
func (w *batch) sending(s *resending) { w.seen[identity(s.received)] = s.received.ID }

// passOver says why an event is not to be sent, as far as its summary tells.
func (w *batch) passOver(ctx context.Context, sum webhook.Summary, state webhook.State) (webhook.Skip, string) {
	switch state {
	case webhook.StateRejected:
		if sum.Outcome.DeliveredLater {
			return webhook.SkipDelivered, "it was resent and delivered"
		}
		if !w.asked.Unverified {
			return webhook.SkipRejected, string(sum.Decision)
		}
	case webhook.StateInterrupted:
		if !w.asked.IncludeUnknown {
			return webhook.SkipUnknown, "taskhook ended before its outcome was known: the app may have processed it"
		}
	case webhook.StateFailed, webhook.StateOverdue:
	default:
		return webhook.SkipDelivered, "it is " + string(state) + " by now"
	}
	if id := w.acceptedAs(ctx, sum); id != 0 {
		return webhook.SkipDelivered, "it was delivered as " + id.String()
	}
	return "", ""
}

// maxTries bounds how far the redeliveries of an event are followed.
const maxTries = 64

// acceptedAs is another event with the same webhookId and bytes that the app
// has accepted, before or since; 0 if none. A forged one does not count: it
// would keep the genuine event from the app.
func (w *batch) acceptedAs(ctx context.Context, sum webhook.Summary) webhook.ID {
	before, after := sum, sum
	for range maxTries {
		if before.RedeliveryOf == 0 || before.Altered {
			break
		}
		var ok bool
		if before, ok = w.other(ctx, before.RedeliveryOf); !ok {
			break
		}
		if w.accepted(before) {
			return before.ID
		}
	}
	for range maxTries {
		if after.RedeliveredAs == 0 {
			break
		}
		var ok bool
		if after, ok = w.other(ctx, after.RedeliveredAs); !ok || after.Altered {
			break
		}
		if w.accepted(after) {
			return after.ID
		}
	}
	return 0
}

func (w *batch) other(ctx context.Context, id webhook.ID) (webhook.Summary, bool) {
	sum, err := w.proxy.opts.Store.Summary(ctx, id)
	return sum, err == nil
}

// accepted reports whether the app has accepted an event that could be trusted.
func (w *batch) accepted(sum webhook.Summary) bool {
	trusted := sum.Verdict.Status == webhook.Valid || sum.Verdict.Status == webhook.Unchecked || w.asked.Unverified
	switch sum.State(time.Now()) {
	case webhook.StateDelivered, webhook.StateRecovered:
		return trusted
	}
	return false
}

// distrust says why the keys that are trusted now do not let an event pass.
func (w *batch) distrust(e webhook.Event) (webhook.Skip, string) {
	v := e.Verdict
	if check := w.proxy.opts.Check; check != nil {
		v = check(e)
	}
	if v.Status == webhook.Valid || v.Status == webhook.Unchecked {
		return "", ""
	}
	return webhook.SkipRejected, cmp.Or(v.Reason, string(v.Status))
}

// send sends one event and tells what came of it.
func (w *batch) send(ctx context.Context, one webhook.BatchItem, s *resending) {
	attempt, state, err := w.proxy.sendAgain(ctx, s)
	switch {
	case err != nil:
		one.Reason = err.Error()
	case attempt.Error != "":
		one.Reason = attempt.Error
	case !webhook.Delivered(attempt.StatusCode):
		one.Reason = fmt.Sprintf("the app answered %d", attempt.StatusCode)
	}
	if err == nil {
		one.Attempt, one.State = attempt, state
	}
	w.tell(one)
}

// tell counts what was done with one event, and says it.
func (w *batch) tell(one webhook.BatchItem) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done++
	one.Done, one.Total = w.done, w.report.Total
	switch one.Skip {
	case webhook.SkipRejected:
		w.report.Rejected++
	case webhook.SkipUnknown:
		w.report.Unknown++
	case webhook.SkipBodyless:
		w.report.Bodyless++
	case webhook.SkipSame:
		w.report.Same++
	case webhook.SkipNone:
		w.count(one)
	default:
		w.report.Skipped++
	}
	if w.watch != nil {
		w.watch(one)
	}
}

// count counts an event that was sent, or would be.
func (w *batch) count(one webhook.BatchItem) {
	if one.Reason == "" {
		w.report.Delivered++
		w.row = 0
		return
	}
	w.report.Failed++
	if w.row++; w.row >= maxFailures && w.report.Stopped == "" {
		w.report.Stopped = fmt.Sprintf("%d failures in a row, the last: %s", w.row, one.Reason)
	}
}

func (w *batch) stop(why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.report.Stopped == "" {
		w.report.Stopped = why
	}
}

func (w *batch) stopped() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.report.Stopped != ""
}

// pacer lets things happen at a rate.
type pacer struct {
	every time.Duration
	next  time.Time
}

// waits reports whether things are held apart at all.
func (p *pacer) waits() bool { return p.every > 0 }

// pause is the time between two things of so many a second; 0: none.
func pause(rate float64) time.Duration {
	if rate <= 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / rate)
}

// wait waits until the next thing may happen. The error is that of ctx, or
// ErrStopping.
func (p *pacer) wait(ctx context.Context, stopping <-chan struct{}) error {
	select {
	case <-stopping:
		return ErrStopping
	case <-ctx.Done():
		return ctx.Err()
	default:
	}
	if p.every <= 0 {
		return nil
	}
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	timer := time.NewTimer(p.next.Sub(now))
	defer timer.Stop()
	p.next = p.next.Add(p.every)
	select {
	case <-timer.C:
		return nil
	case <-stopping:
		return ErrStopping
	case <-ctx.Done():
		return ctx.Err()
	}
}
