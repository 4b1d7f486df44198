package inspector

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/taskhook/taskhook/notify"
	"github.com/taskhook/taskhook/proxy/fault"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

// noon is when the tests take place.
var noon = time.Date(2026, 1, 28, 14, 35, 0, 0, time.UTC)

// memory is a Feed and Actions kept in memory.
type memory struct {
	mu        sync.Mutex
	listener  webhook.Listener
	events    []webhook.Summary          // with header and body, in order of ID
	attempts  []webhook.Attempt          // in order of Seq
	changes   notify.Hub[webhook.Change] // told of what is added, answered and tried
	err       error                      // what every read returns, if any
	resend    func(webhook.Resend) (webhook.Resent, error)
	resent    []webhook.Resend
	sending   context.Context   // of the last resend
	reads     int               // pages
	updated   int               // calls of Updates
	diagnosis webhook.Diagnosis // of every event
	chunkMax  int               // of events; 0: any number
	newsMax   int               // of events and attempts together; 0: 500
	patience  int               // events that a page looks at before it comes as it is; 0: all
	looked    int               // events that filters were tried on
	log       []string
	marked    int   // calls of Mark
	markErr   error // what they return
	deletes   int   // calls of Delete
	onDelete  func() error
	// onRead is called before events are read.
	onRead   func()
	platform fakePlatform
	rules    fault.Table
	jq       filter.JQ // of filters; nil: there is none
}

// loaded is an event that a filter may look into.
type loaded struct{ e *webhook.Event }

func (l loaded) Event() (*webhook.Event, error) { return l.e, nil }

func (l loaded) Body() ([]byte, error) { return l.e.Body, nil }

func (f *memory) add(e webhook.Summary) webhook.ID {
	defer f.changes.Notify(webhook.Change{})
	f.mu.Lock()
	defer f.mu.Unlock()
	e.ID = webhook.ID(1)
	if n := len(f.events); n > 0 {
		e.ID = f.events[n-1].ID + 1
	}
	f.events = append(f.events, e)
	return e.ID
}

// answer says what the sender of an event was told.
func (f *memory) answer(id webhook.ID, a webhook.Answer) {
	defer f.changes.Notify(webhook.Change{})
	f.mu.Lock()
	defer f.mu.Unlock()
	i, _ := f.find(id)
	f.events[i].Answer, f.events[i].Outcome.Answer = a, a
}

// reject has an event turned away.
func (f *memory) reject(id webhook.ID) {
	f.answer(id, webhook.Answer{Status: 401, By: webhook.ByTaskhook})
	f.mu.Lock()
	defer f.mu.Unlock()
	i, _ := f.find(id)
	f.events[i].Decision, f.events[i].Outcome.Decision = webhook.RejectedSignature, webhook.RejectedSignature
}

// try appends an attempt and lets its event follow.
func (f *memory) try(a webhook.Attempt) {
	defer f.changes.Notify(webhook.Change{})
	f.mu.Lock()
	defer f.mu.Unlock()
	a.Seq = uint64(len(f.attempts) + 1)
	f.attempts = append(f.attempts, a)
	i, ok := f.find(a.EventID)
	if !ok {
		return
	}
	e := &f.events[i]
	e.Attempts++
	e.LastStatus, e.LastDuration, e.LastError = a.StatusCode, a.Duration, a.Error != ""
	e.Slow, e.Unsuccessful = a.Slow, a.Unsuccessful
	if a.Trigger == webhook.TriggerReceived {
		e.Answer = webhook.Answer{Status: a.Answered, By: webhook.ByApp}
		e.Outcome.Answer = e.Answer
	} else if webhook.Delivered(a.StatusCode) {
		e.Outcome.DeliveredLater = true
	}
}

func (f *memory) find(id webhook.ID) (int, bool) {
	return slices.BinarySearchFunc(f.events, id, func(e webhook.Summary, id webhook.ID) int {
		return int(e.ID) - int(id)
	})
}

func (f *memory) position() webhook.Position {
	p := webhook.Position{Attempt: uint64(len(f.attempts))}
	if n := len(f.events); n > 0 {
		p.Event = f.events[n-1].ID
	}
	return p
}

func (f *memory) Listener(context.Context) (webhook.Listener, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.listener
	l.Counts.Events = len(f.events)
	for _, e := range f.events[max(0, len(f.events)-1000):] {
		switch e.State(noon) {
		case webhook.StateFailed, webhook.StateOverdue:
			l.Counts.Failed++
		case webhook.StateRetrying:
			l.Counts.Retrying++
		case webhook.StateRejected:
			l.Counts.Rejected++
		}
	}
	return l, f.err
}

func (f *memory) Read(ctx context.Context, q webhook.Query) iter.Seq2[webhook.Chunk, error] {
	return func(yield func(webhook.Chunk, error) bool) {
		if f.onRead != nil {
			f.onRead()
		}
		for left := q.Limit; ; {
			c, err := f.chunk(ctx, q)
			if !yield(c, err) || err != nil || c.Next == 0 {
				return
			}
			// A page that has taken its time is not waited for: see webhook.ReadPage.
			if left -= len(c.Records); q.Limit > 0 && left == 0 || q.Limit > 1 && f.patience > 0 {
				return
			}
			q.Cursor = c.Next
		}
	}
}

func (f *memory) chunk(ctx context.Context, q webhook.Query) (webhook.Chunk, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads++
	if f.err != nil {
		return webhook.Chunk{}, f.err
	}
	if ctx.Err() != nil {
		return webhook.Chunk{}, ctx.Err()
	}
	p := webhook.Chunk{Position: f.position()}
	selected, err := filter.Parse(q.Filter)
	if err != nil {
		return p, err
	}
	scan, looked := selected.At(noon, f.jq), 0
	first, _ := selected.Bounds()
	events := f.events
	if q.Order == webhook.OrderArrival {
		events = slices.Clone(events)
		slices.Reverse(events)
	}
	if q.Order == webhook.OrderDuration {
		events = slices.Clone(events)
		slices.SortStableFunc(events, func(a, b webhook.Summary) int { return cmp.Compare(a.LastDuration, b.LastDuration) })
		if q.Cursor != 0 {
			i := slices.IndexFunc(events, func(e webhook.Summary) bool { return e.ID == q.Cursor })
			if i < 0 {
				return p, webhook.ErrNotFound
			}
			events, q.Cursor = events[:i], 0
		}
	}
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		switch {
		case q.Order == webhook.OrderArrival && e.ID <= q.Cursor,
			q.Order == webhook.OrderTime && q.Cursor != 0 && e.ID >= q.Cursor,
			q.IDs != nil && !slices.Contains(q.IDs, e.ID),
			q.IDs == nil && e.Decision == webhook.Passed && !selected.ShowsPassed():
			continue
		}
		if q.Order == webhook.OrderTime && e.ID < first {
			break
		}
		if looked++; f.patience > 0 && looked > f.patience && q.IDs == nil && q.Order == webhook.OrderTime {
			p.Next = e.ID + 1
			break
		}
		f.looked++
		row := filter.RowOf(&e)
		ok, err := scan.Match(&row, loaded{&e.Event})
		switch {
		case errors.Is(err, filter.ErrSlow):
			p.LeftOut = append(p.LeftOut, webhook.LeftOut{ID: e.ID, Reason: err.Error()})
			continue
		case err != nil:
			return p, err
		case !ok:
			continue
		}
		p.Records = append(p.Records, f.record(e, q.Parts))
		if n := len(p.Records); n == q.Limit || n == f.chunkMax {
			p.Next = e.ID
			break
		}
	}
	return p, ctx.Err()
}

func (f *memory) record(e webhook.Summary, parts webhook.Parts) webhook.Record {
	r := webhook.Record{Summary: e}
	if !parts.Payload {
		r.Header, r.Body = nil, nil
	}
	if parts.Attempts {
		r.History = slices.DeleteFunc(slices.Clone(f.attempts), func(a webhook.Attempt) bool { return a.EventID != e.ID })
	}
	return r
}

func (f *memory) Updates(ctx context.Context, from webhook.Position) (webhook.Updates, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.updated++
	if f.err != nil || ctx.Err() != nil {
		return webhook.Updates{}, cmpErr(f.err, ctx.Err())
	}
	most := f.newsMax
	if most == 0 {
		most = 500
	}
	n := webhook.Updates{Position: from}
	for _, e := range f.events {
		if e.ID > from.Event && len(n.Events) < most {
			n.Events = append(n.Events, e)
			n.Position.Event = e.ID
		}
	}
	for _, a := range f.attempts[from.Attempt:] {
		if len(n.Attempts) >= most || a.EventID > n.Position.Event {
			break // never before its event
		}
		i, _ := f.find(a.EventID)
		n.Attempts = append(n.Attempts, webhook.Attempted{Attempt: a, Outcome: f.events[i].Outcome})
		n.Position.Attempt = a.Seq
	}
	n.More = n.Position != f.position()
	return n, nil
}

func cmpErr(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *memory) Watch(ctx context.Context) (<-chan webhook.Change, error) {
	return f.changes.Watch(ctx), nil
}

func (f *memory) Resend(ctx context.Context, r webhook.Resend) (webhook.Resent, error) {
	f.mu.Lock()
	f.sending = ctx
	f.resent = append(f.resent, r)
	f.mu.Unlock()
	return f.resend(r)
}

func (f *memory) Diagnose(context.Context, webhook.ID) (webhook.Diagnosis, error) {
	return f.diagnosis, f.err
}

func (f *memory) Log(_ context.Context, n int) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.log[max(0, len(f.log)-n):]), f.err
}

func (f *memory) Mark(_ context.Context, ids []webhook.ID, marked bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.marked++
	if f.markErr != nil {
		return f.markErr
	}
	for i := range f.events {
		if slices.Contains(ids, f.events[i].ID) {
			f.events[i].Marked = marked
		}
	}
	return f.err
}

func (f *memory) Delete(_ context.Context, ids []webhook.ID) (int, error) {
	f.mu.Lock()
	f.deletes++
	before := len(f.events)
	f.events = slices.DeleteFunc(slices.Clone(f.events), func(e webhook.Summary) bool { return slices.Contains(ids, e.ID) })
	n, hook := before-len(f.events), f.onDelete
	f.mu.Unlock()
	if hook != nil {
		return n, hook()
	}
	return n, nil
}

// some is a feed with an event in each state.
func some() *memory {
	f := &memory{listener: webhook.Listener{
		Version: "1.0.0", Project: "default", Local: "http://127.0.0.1:4480", Target: "http://127.0.0.1:3000/webhooks", Verify: "enforce",
		Tunnel: webhook.Tunnel{State: webhook.TunnelOnline, URL: "https://my-team.ngrok.app", Latency: 42 * time.Millisecond, Reach: "reachable from outside, 140 ms"},
		Health: webhook.Health{Up: true, Known: true, Address: "127.0.0.1:3000"},
	}}
	valid := webhook.Verdict{Status: webhook.Valid, Scheme: "rsa", Key: "taskee"}
	e := func(n int, kind string) webhook.Summary {
		return webhook.Summary{Event: webhook.Event{
			Type: kind, WebhookID: fmt.Sprintf("%08x-3f2a-4c1e-9d55-000000000000", 0x5f3a91c0+n*7919), ReceivedAt: noon.Add(time.Duration(n-100) * time.Second),
			Method: "POST", Path: "/", Host: "my-team.ngrok.app", RemoteAddr: "3.134.9.1:51022", Source: webhook.SourceTunnel, Verdict: valid, Try: 1,
			Header: http.Header{"Content-Type": {"application/json"}, "User-Agent": {"Taskee-Webhooks/1.0"}, "X-Forwarded-For": {"3.134.9.1", "10.0.0.7"}, "X-Wh-Signature": {strings.Repeat("QUJD", 171)}},
			Body:   []byte(`{"type":"` + kind + `","locationId":"ve9EPM428h8vShlRW1KT","id":"c-1","firstName":"Jane","tags":["new","vip"],"score":1.50,"dnd":false,"email":null,"timestamp":"2026-01-28T14:34:59.000Z"}`),
		}}
	}
	try := func(id webhook.ID, status int, took time.Duration) {
		f.try(webhook.Attempt{
			EventID: id, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, Target: f.listener.Target, StartedAt: f.events[id-1].ReceivedAt,
			Duration: took, StatusCode: status, Answered: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"success":true}`), BodySize: 16,
		})
	}
	try(f.add(e(1, "ContactCreate")), 200, 12*time.Millisecond)
	try(f.add(e(2, "ContactUpdate")), 500, 3100*time.Microsecond)
	retrying := e(3, "OpportunityStatusUpdate")
	id := f.add(retrying)
	try(id, 429, 2*time.Millisecond)
	f.events[id-1].Outcome.Answer.RetryAt = noon.Add(9 * time.Minute)
	rejected := e(4, "InvoicePaid")
	rejected.Verdict = webhook.Verdict{Status: webhook.Invalid, Reason: "the signature does not fit the body: it fits the re-serialised JSON, so something between Taskee and here rewrote it", Next: "turn off body rewriting in what is in front"}
	rejected.Answer = webhook.Answer{Status: 401, By: webhook.ByTaskhook, Reason: "invalid signature"}
	rejected.Outcome.Answer = rejected.Answer
	rejected.Decision, rejected.Outcome.Decision = webhook.RejectedSignature, webhook.RejectedSignature
	f.add(rejected)
	unsigned := e(5, "")
	unsigned.Verdict = webhook.Verdict{Status: webhook.Unsigned, Reason: "no signature header"}
	unsigned.Answer, unsigned.Outcome.Answer, unsigned.WebhookID, unsigned.Path = rejected.Answer, rejected.Answer, "", "/webhooks/taskee"
	unsigned.Decision, unsigned.Outcome.Decision = webhook.RejectedUnsigned, webhook.RejectedUnsigned
	f.add(unsigned)
	id = f.add(e(6, "TaskComplete"))
	try(id, 500, 40*time.Millisecond)
	f.try(webhook.Attempt{EventID: id, Delivery: 2, Number: 1, Trigger: webhook.TriggerResend, Resend: 1, Target: f.listener.Target, StartedAt: noon.Add(-30 * time.Second), Duration: 15 * time.Millisecond, StatusCode: 200, BodySize: 2, Body: []byte("ok")})
	id = f.add(e(7, "AppointmentCreate"))
	try(id, 200, 6200*time.Millisecond)
	f.events[id-1].Slow = true
	f.attempts[len(f.attempts)-1].Slow = true
	warned := e(8, "ContactTagUpdate 日本語 👩 tags")
	warned.Verdict.Reason = "a second signature does not fit: the SDK would refuse this event"
	try(f.add(warned), 200, 8*time.Millisecond)
	id = f.add(e(9, "ContactCreate"))
	f.try(webhook.Attempt{EventID: id, Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, Target: f.listener.Target, StartedAt: noon.Add(-20 * time.Second), Duration: time.Millisecond, Answered: 502, Error: "connection refused", Hint: "is your app running on port 3000?"})
	f.add(e(10, "NoteCreate"))
	return f
}

// many is a feed with n delivered events.
func many(n int) *memory {
	f := &memory{events: make([]webhook.Summary, 0, n)}
	for i := range n {
		e := webhook.Summary{Event: webhook.Event{
			ID: webhook.ID(i + 1), Type: "ContactCreate", WebhookID: "5f3a91c0-3f2a", ReceivedAt: noon.Add(-time.Duration(n-i) * time.Second),
			Method: "POST", Path: "/", Verdict: webhook.Verdict{Status: webhook.Valid, Scheme: "rsa", Key: "taskee"},
			Answer: webhook.Answer{Status: 200, By: webhook.ByApp}, Body: []byte("{}"),
		}, Attempts: 1, LastStatus: 200, LastDuration: 3 * time.Millisecond}
		e.Outcome.Answer = e.Answer
		f.events = append(f.events, e)
		f.attempts = append(f.attempts, webhook.Attempt{EventID: e.ID, Seq: uint64(i + 1), Delivery: 1, Number: 1, Trigger: webhook.TriggerReceived, StartedAt: e.ReceivedAt, StatusCode: 200, Answered: 200, Duration: e.LastDuration})
	}
	return f
}

// lockedBuffer may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (f *memory) markCalls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.marked
}
