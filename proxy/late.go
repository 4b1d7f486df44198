package proxy

import (
	"context"
	"sync"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/webhook"
)

const (
	// lateLimit is how long the app's answer is awaited after the sender was told
	// that the app is too slow: somebody may sit at a breakpoint.
	lateLimit = 10 * time.Minute
	// maxLate bounds the answers that are awaited so at a time. Each has a
	// connection, beyond those that Options.MaxConnections limits.
	maxLate = 100
)

// lateAnswers awaits the answers of apps that took longer than their senders
// wait.
type lateAnswers struct {
	limit time.Duration // for each
	// ctx ends when a stop ends the wait. It is stored because it does not belong
	// to a single call.
	ctx context.Context
	end context.CancelFunc

	mu     sync.Mutex
	n      int
	events map[webhook.ID]int // how many answers each of them awaits
	done   sync.WaitGroup
}

func (l *lateAnswers) init() {
	l.limit = lateLimit
	l.ctx, l.end = context.WithCancel(context.Background())
	l.events = map[webhook.ID]int{}
}

// enter reports whether one more answer may be awaited. If so, call leave after
// it.
func (l *lateAnswers) enter(id webhook.ID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n == maxLate || l.ctx.Err() != nil {
		return false
	}
	l.n++
	l.events[id]++
	l.done.Add(1)
	return true
}

func (l *lateAnswers) leave(id webhook.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n--
	if l.events[id]--; l.events[id] == 0 {
		delete(l.events, id)
	}
	l.done.Done()
}

// awaits reports whether an answer to an event is awaited: the app may be
// working on it.
func (l *lateAnswers) awaits(id webhook.ID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.events[id] > 0
}

// close ends all waits.
func (l *lateAnswers) close() {
	l.mu.Lock()
	l.end()
	l.mu.Unlock()
	l.done.Wait()
}

// late is an attempt whose answer is awaited though its sender has one.
type late struct {
	proxy    *Proxy
	exchange *exchange
	request  *request // without its body
	verdict  webhook.Verdict
	passed   bool // it is no webhook
}

// keepWaiting reports whether the app's answer to a forwarded event is still
// awaited, and notes it with the attempt. It is when the app has got the whole
// request in time, and has not answered.
func (p *Proxy) keepWaiting(e *webhook.Event, f *forwarded) *late {
	if f.pending == nil {
		return nil
	}
	if !p.late.enter(e.ID) {
		f.pending.abort()
		return nil
	}
	f.attempt.Notes = append(f.attempt.Notes, "its answer is awaited for "+format.Duration(p.late.limit)+" more")
	lean := *f.request
	lean.body = nil // it was sent, and may be large
	return &late{proxy: p, exchange: f.pending, request: &lean, verdict: e.Verdict, passed: e.Decision == webhook.Passed}
}

// await waits for the answer in the background and records it. First is the
// attempt that it belongs to, as it was recorded.
func (l *late) await(first webhook.Attempt) {
	go func() { // Close waits for it
		defer l.proxy.late.leave(first.EventID)
		l.record(first)
	}()
}

func (l *late) record(first webhook.Attempt) {
	p, x := l.proxy, l.exchange
	ctx, limit := p.late.ctx, first.Duration+p.late.limit
	a := &first
	a.Trigger, a.Error, a.Hint, a.Notes, a.Slow, a.Waited = webhook.TriggerLate, "", "", nil, false, 0
	if a.Fault == "" {
		a.Delivery = 1 // of the same delivery; a fault may have sent copies before
	}
	var s sender
	err := x.await(ctx, l.request.method, time.Now().Add(p.late.limit))
	if err == nil {
		err = x.stream(&s, a)
		x.finish(err == nil)
	}
	if err != nil && ctx.Err() != nil {
		return // a stop: nothing is known that was not before
	}
	a.Duration = time.Since(a.StartedAt)
	var f *failure
	if err != nil {
		f = explain(ctx, err, l.request.target, a, limit)
		a.Error = f.text
	}
	if f != nil || !l.passed {
		annotate(a, l.request, l.verdict, f)
	}
	if _, err := p.storeAttempt(context.Background(), a); err != nil {
		p.logger.Error("a late answer could not be recorded", "event", a.EventID.String(), "status", a.StatusCode, "error", err)
	}
}

// awaitable reports whether an exchange that failed may be continued with await:
// the app has got the whole request and only taken too long.
func (x *exchange) awaitable(err error) bool { return httpwire.IsTimeout(err) && x.isWritten() }

// await goes on waiting for the answer of an exchange that ran out of time, until
// another deadline or until ctx ends. On an error the exchange is aborted.
func (x *exchange) await(ctx context.Context, method string, deadline time.Time) error {
	x.stop()
	x.stop = context.AfterFunc(ctx, func() { _ = x.conn.Close() })
	x.conn.deadline = deadline
	_ = x.conn.SetDeadline(deadline) // of a closed connection, the read tells
	var err error
	if x.resp, err = x.conn.continueHead(method); err != nil {
		x.abort()
	}
	return err
}
