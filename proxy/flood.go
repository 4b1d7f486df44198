package proxy

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// How many unreadable requests are stored one by one within a time. The others
// of that time become one event together: a scanner, or a sender that does not
// give up, must not push out everything else that was rejected.
const (
	floodPeriod = time.Minute
	floodAfter  = 10
)

// flood counts unreadable requests.
type flood struct {
	mu     sync.Mutex
	began  time.Time      // of the period
	stored int            // in it, one by one
	last   *webhook.Event // of those that were not; its Count is their number
	timer  *time.Timer    // stores last at the end of the period
}

// recordUnreadable stores a request that was turned away unread, or counts it.
func (p *Proxy) recordUnreadable(e *webhook.Event) {
	if p.unreadable.admits(e, p.storeFlood) {
		p.storeUnreadable(e)
	}
}

// admits reports whether an event is to be stored by itself. Otherwise flush is
// called at the end of the period.
func (f *flood) admits(e *webhook.Event, flush func()) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); f.last == nil && now.Sub(f.began) >= floodPeriod {
		f.began, f.stored = now, 0
	}
	if f.stored < floodAfter {
		f.stored++
		return true
	}
	e.Count = 1
	if f.last != nil {
		e.Count += f.last.Count
	} else {
		f.timer = time.AfterFunc(time.Until(f.began.Add(floodPeriod)), flush)
	}
	f.last = e
	return false
}

// take returns the event that stands for those that were counted; nil: there are
// none.
func (f *flood) take() *webhook.Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.last
	if f.last = nil; f.timer != nil {
		f.timer.Stop()
		f.timer = nil
	}
	return e
}

// storeFlood stores what was counted since the last time.
func (p *Proxy) storeFlood() {
	e := p.unreadable.take()
	if e == nil {
		return
	}
	if e.Count > 1 {
		e.Answer.Reason = fmt.Sprintf("%s (%s such requests within %s; this is the last)", e.Answer.Reason, format.Count(e.Count), format.Duration(floodPeriod))
	} else {
		e.Count = 0
	}
	p.storeUnreadable(e)
}

func (p *Proxy) storeUnreadable(e *webhook.Event) {
	if !p.flight.enter() {
		return
	}
	defer p.flight.leave()
	if err := p.opts.Store.PutEvent(context.Background(), e); err != nil {
		p.degraded.begin(&p.degraded.store, fmt.Sprintf("events cannot be stored: %v", err))
		return
	}
	p.degraded.end(&p.degraded.store, "events can be stored again")
}
