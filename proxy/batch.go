package proxy

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// maxFailures is after how many failures in a row of an app a batch stops, or
// passes over the events of that app where there are others: it is down then, and
// the other events would fail too.
const maxFailures = 5

// cancelGrace is how long what a cancelled batch has begun may take to end.
const cancelGrace = 2 * time.Second

// ResendBatch sends the app the events that a batch selects, in the order of
// arrival, and returns when it is done. Every attempt is stored before the next
// is made, so that after a crash a second batch of what failed continues where
// the first stopped. The watcher is called for every event, one call at a time.
//
// An error says that nothing was selected or sent: webhook.ErrBatchRunning
// while another batch runs, ErrBatch for one that makes no sense, httpwire.ErrTarget,
// ErrNoTarget, ErrStopping, or that of the store. A batch that ended early says
// why in the report; if ctx ended it, its error is returned too.
func (p *Proxy) ResendBatch(ctx context.Context, asked webhook.Batch, watch func(webhook.BatchItem)) (webhook.BatchReport, error) {
	if p.flight.stopping() || !p.flight.enter() {
		return webhook.BatchReport{}, ErrStopping
	}
	defer p.flight.leave()
	if err := p.checkBatch(asked); err != nil {
		return webhook.BatchReport{}, err
	}
	if !asked.DryRun {
		if !p.batching.CompareAndSwap(false, true) {
			return webhook.BatchReport{}, webhook.ErrBatchRunning
		}
		defer p.batching.Store(false)
	}
	b := &batch{proxy: p, asked: asked, watch: watch, sent: map[sameWebhook]webhook.ID{}, failures: map[*App]int{}, away: map[*App]bool{}, undecided: map[webhook.ID]string{}}
	ids, err := b.selected(ctx)
	if err != nil {
		return webhook.BatchReport{}, err
	}
	b.report.Total = len(ids)
	return b.run(ctx, ids)
}

// Resendable returns how many events a batch of all that failed would send.
func (p *Proxy) Resendable(ctx context.Context) (int, error) {
	report, err := p.ResendBatch(ctx, webhook.Batch{Failed: true, DryRun: true}, nil)
	return report.Delivered, err
}

// ErrBatch is returned for a batch that selects nothing or contradicts itself.
var ErrBatch = errors.New("invalid batch")

func (p *Proxy) checkBatch(b webhook.Batch) error {
	switch {
	case !b.Failed && b.Filter == "":
		return fmt.Errorf("%w: it selects no events", ErrBatch)
	case b.Failed && (b.Resend.NewID || len(b.Resend.Set) > 0):
		return fmt.Errorf("%w: failed events are sent with their own bodies", ErrBatch)
	case b.Interval < 0 || b.Parallel < 0:
		return fmt.Errorf("%w: interval and parallel must not be negative", ErrBatch)
	}
	if _, err := p.targetNamed(b.Resend.To); err != nil && !b.DryRun {
		return err
	}
	return nil
}

// selected returns the events that a batch selects, in the order of arrival.
// Of the failed ones it also returns those that are skipped unless they are
// asked for, and those that the filter cannot decide, so that they are counted.
func (b *batch) selected(ctx context.Context) ([]webhook.ID, error) {
	q := webhook.Query{Filter: b.asked.Filter, Order: webhook.OrderArrival}
	if b.asked.Failed {
		q.Filter = "state:" + strings.Join([]string{string(webhook.StateFailed), string(webhook.StateOverdue), string(webhook.StateInterrupted), string(webhook.StateRejected)}, "|")
		if b.asked.Filter != "" {
			q.Filter += " (" + b.asked.Filter + ")"
		}
	}
	var ids []webhook.ID
	for chunk, err := range b.proxy.opts.Store.Read(ctx, q) {
		if err != nil {
			return nil, err
		}
		for _, r := range chunk.Records {
			ids = append(ids, r.ID)
		}
		for _, l := range chunk.LeftOut {
			ids = append(ids, l.ID)
			b.undecided[l.ID] = l.Reason
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// batch is a batch in progress.
type batch struct {
	proxy *Proxy
	asked webhook.Batch
	watch func(webhook.BatchItem)
	// undecided are the events that the filter cannot decide, and why.
	undecided map[webhook.ID]string

	mu       sync.Mutex
	report   webhook.BatchReport
	done     int
	sent     map[sameWebhook]webhook.ID // the event that is sent for all that are the same webhook
	failures map[*App]int               // in a row
	away     map[*App]bool              // it was waited for, and did not come back
}

// sameWebhook is what two events of the same webhook have in common.
type sameWebhook struct {
	id  string
	sum [sha256.Size]byte // of the bytes
}

func identity(e webhook.Event) sameWebhook {
	return sameWebhook{e.WebhookID, sha256.Sum256(e.Body)}
}

// run processes the events, starting them in order.
func (b *batch) run(ctx context.Context, ids []webhook.ID) (webhook.BatchReport, error) {
	inFlight := make(chan struct{}, max(b.asked.Parallel, 1))
	var senders sync.WaitGroup
	pace := pacer{interval: b.asked.Interval}
	send, cut := context.WithCancel(context.WithoutCancel(ctx)) // what was started is finished
	defer cut()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(cancelGrace, cut) })() // soon
	for _, id := range ids {
		inFlight <- struct{}{}
		if err := b.proxy.ended(ctx); err != nil {
			b.stop(err)
		}
		if b.stopped() {
			break
		}
		item, s := b.prepare(send, id)
		if s != nil && pace.interval > 0 {
			if err := pace.wait(ctx, b.proxy.flight.draining); err != nil {
				b.stop(err)
				break
			}
			item, s = b.prepare(send, id) // it may have been sent meanwhile
		}
		if s == nil {
			<-inFlight
			if item.Skip == webhook.SkipNone && item.Reason != "" {
				b.judge(nil, item.Reason)
			}
			b.tell(item)
			continue
		}
		b.sent[identity(s.received)] = id
		senders.Go(func() {
			defer func() { <-inFlight }()
			b.send(send, item, s)
		})
	}
	senders.Wait()
	return b.report, ctx.Err()
}

// ended is why nothing more is to be sent; nil: no reason.
func (p *Proxy) ended(ctx context.Context) error {
	if p.flight.stopping() {
		return ErrStopping
	}
	return ctx.Err()
}

// prepare makes one event ready to be sent; nil: it is not sent, and the item
// says why.
func (b *batch) prepare(ctx context.Context, id webhook.ID) (webhook.BatchItem, *resending) {
	item := webhook.BatchItem{}
	sum, err := b.proxy.opts.Store.Summary(ctx, id)
	if err != nil {
		item.Event.ID = id
		item.Skip, item.Reason = webhook.SkipGone, err.Error()
		return item, nil
	}
	item.Event, item.State = sum, sum.State(time.Now())
	if why := b.undecided[id]; why != "" {
		item.Skip, item.Reason = webhook.SkipUndecided, why
		return item, nil
	}
	if b.asked.Failed {
		if item.Skip, item.Reason = b.skip(ctx, sum, item.State); item.Skip != "" {
			return item, nil
		}
	}
	r := b.asked.Resend
	r.EventID, r.Edited = id, nil
	r.Unverified = r.Unverified || b.asked.Failed // those are checked below
	s, err := b.proxy.prepare(ctx, r)
	switch {
	case b.asked.DryRun && errors.Is(err, ErrNoTarget): // only a real run needs one
	case err != nil:
		item.Skip, item.Reason = skipFor(err), err.Error()
	case b.asked.Failed:
		item.Skip, item.Reason = b.skipPrepared(s.received)
	}
	if err != nil || item.Skip != "" {
		return item, nil
	}
	if b.asked.DryRun {
		b.sent[identity(s.received)] = id
		return item, nil
	}
	if item.Skip, item.Reason = b.skipDown(s.request.app); item.Skip != "" {
		return item, nil
	}
	item.Notes = s.notes(r)
	return item, s
}

// skipFor is how an event is counted that could not be prepared; SkipNone: as
// failed.
func skipFor(err error) webhook.Skip {
	switch {
	case errors.Is(err, webhook.ErrPruned):
		return webhook.SkipBodyless
	case errors.Is(err, webhook.ErrUnverified):
		return webhook.SkipRejected
	case errors.Is(err, webhook.ErrIgnored):
		return webhook.SkipIgnored
	}
	return webhook.SkipNone
}

// skipPrepared says why a failed event is not sent though it could be: the keys
// that are trusted now do not accept it, or it is the same webhook as another.
func (b *batch) skipPrepared(e webhook.Event) (webhook.Skip, string) {
	if !b.asked.Resend.Unverified {
		v := e.Verdict
		if check := b.proxy.opts.Check; check != nil {
			v = check(e)
		}
		if v.Status != webhook.Valid && v.Status != webhook.Unchecked {
			return webhook.SkipRejected, cmp.Or(v.Reason, string(v.Status))
		}
	}
	if first, ok := b.sent[identity(e)]; ok && e.WebhookID != "" {
		return webhook.SkipSame, "it is the same webhook as " + first.String()
	}
	return "", ""
}

// send sends one event and tells the outcome.
func (b *batch) send(ctx context.Context, item webhook.BatchItem, s *resending) {
	app := s.request.app
	if b.isAway(app) {
		s.request.wait = 0 // it was waited for once
	}
	attempt, state, err := b.proxy.sendAgain(ctx, s)
	switch {
	case err != nil:
		item.Reason = err.Error()
	case attempt.Error != "":
		item.Reason = attempt.Error
	case !webhook.Delivered(attempt.StatusCode):
		item.Reason = fmt.Sprintf("the app answered %d", attempt.StatusCode)
	}
	if err == nil {
		item.Attempt, item.State = attempt, state
		b.noteAway(app, attempt)
	}
	b.judge(app, item.Reason)
	b.tell(item)
}

// isAway reports whether an app does not come back.
func (b *batch) isAway(app *App) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.away[app]
}

func (b *batch) noteAway(app *App, a *webhook.Attempt) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away[app] = a.StatusCode == 0 && (a.Waited > 0 || b.away[app])
}

// tell counts what was done with one event and tells the watcher.
func (b *batch) tell(item webhook.BatchItem) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.done++
	item.Done, item.Total = b.done, b.report.Total
	b.report.Count(item)
	if b.watch != nil {
		b.watch(item)
	}
}

// judge counts the failures of an app in a row, and those of events that came to
// no app, nil. Where there is no other app the batch stops after too many.
func (b *batch) judge(app *App, failure string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if failure == "" {
		delete(b.failures, app)
		delete(b.failures, nil)
		return
	}
	if !b.several() {
		app = nil
	}
	b.failures[app]++
	if n := b.failures[app]; n >= maxFailures && app == nil && b.report.Stopped == "" {
		b.report.Stopped = fmt.Sprintf("%d failures in a row, the last: %s", n, failure)
	}
}

// several reports whether the events go to more than one app.
func (b *batch) several() bool { return len(b.proxy.apps) > 1 && b.asked.Resend.To == "" }

// skipDown says why an event is not sent whose app fails.
func (b *batch) skipDown(app *App) (webhook.Skip, string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := b.failures[app]; n >= maxFailures && b.several() {
		return webhook.SkipDown, fmt.Sprintf("%d failures in a row at %s", n, app.target.Short())
	}
	return webhook.SkipNone, ""
}

// stop ends the batch before the next event.
func (b *batch) stop(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.report.Stopped != "" {
		return
	}
	b.report.Stopped = err.Error()
	if errors.Is(err, context.Canceled) {
		b.report.Stopped = "cancelled"
	}
}

func (b *batch) stopped() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.report.Stopped != ""
}
