package sandbox

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// ErrNoHook is returned for a webhook that is not in the log.
var ErrNoHook = errors.New("there is no such webhook")

// LogQuery selects webhooks. The zero value takes the newest 50.
type LogQuery struct {
	WebhookID string // how it begins
	Type      string // on the wire, or the name
	Status    int    // of the last attempt; 0: any
	State     State  // "": any
	Before    uint64 // only those numbered below; 0: from the newest
	After     uint64 // only those numbered above
	Limit     int    // 0: 50
}

// LogPage is a part of the log, the newest first.
type LogPage struct {
	Hooks []Hook `json:"hooks"`
	Next  uint64 `json:"next,omitempty"` // Before of the next page, 0: this is the last
	Rates Rates  `json:"rates"`          // of the whole log
}

// Rates sum the log up.
type Rates struct {
	All       int `json:"all"`
	Delivered int `json:"delivered"`
	Failed    int `json:"failed"`
	Pending   int `json:"pending"`
	Unsent    int `json:"unsent"`
}

// count counts a webhook in (n 1) or out (n -1).
func (r *Rates) count(s State, n int) {
	r.All += n
	switch s {
	case StateDelivered:
		r.Delivered += n
	case StateFailed:
		r.Failed += n
	case StatePending:
		r.Pending += n
	case StateUnsent:
		r.Unsent += n
	}
}

// logRates has the states of all webhooks in memory, so that nothing has to be
// counted.
type logRates struct {
	mu     sync.Mutex
	states map[uint64]State
	sum    Rates
}

func (l *logRates) load(s *Sandbox) error {
	var all []hookState
	err := s.view(func(t *txn) error {
		for k, record := range t.each(bucketHooks, nil) {
			var h struct{ State State }
			if err := decode(k, record, &h); err != nil {
				s.logger.Error("a webhook is damaged and left out", "error", err)
				continue
			}
			all = append(all, hookState{numberOf(k), h.State})
		}
		return nil
	})
	l.take(all)
	return err
}

// take takes changes over, in order.
func (l *logRates) take(changes []hookState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.states == nil {
		l.states = map[uint64]State{}
	}
	for _, c := range changes {
		if was, known := l.states[c.number]; known {
			l.sum.count(was, -1)
		}
		if c.state == "" {
			delete(l.states, c.number)
			continue
		}
		l.states[c.number] = c.state
		l.sum.count(c.state, 1)
	}
}

func (l *logRates) now() Rates {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sum
}

const logPage = 50

// Log reads the delivery log.
func (s *Sandbox) Log(q LogQuery) (LogPage, error) {
	if q.Limit <= 0 {
		q.Limit = logPage
	}
	page := LogPage{Hooks: []Hook{}, Rates: s.rates.now()}
	err := s.view(func(t *txn) error {
		c := t.in(bucketHooks).Cursor()
		k, record := c.Last()
		if q.Before != 0 {
			if k, record = c.Seek(number(q.Before)); k == nil {
				k, record = c.Last()
			}
		}
		for ; k != nil && numberOf(k) > q.After; k, record = c.Prev() {
			var h Hook
			if decode(k, record, &h) != nil || !q.selects(h) {
				continue
			}
			if len(page.Hooks) == q.Limit {
				page.Next = page.Hooks[q.Limit-1].Number
				return nil
			}
			page.Hooks = append(page.Hooks, h)
		}
		return nil
	})
	return page, err
}

func (q LogQuery) selects(h Hook) bool {
	last := 0
	if n := len(h.Attempts); n > 0 {
		last = h.Attempts[n-1].Status
	}
	switch {
	case q.Before != 0 && h.Number >= q.Before, h.Number <= q.After,
		!strings.HasPrefix(h.WebhookID, q.WebhookID),
		q.Type != "" && !strings.EqualFold(q.Type, h.Type),
		q.Status != 0 && (last != q.Status || len(h.Attempts) == 0),
		q.State != "" && q.State != h.State:
		return false
	}
	return true
}

// RetryNow brings the next try of a pending webhook forward to now.
func (s *Sandbox) RetryNow(ctx context.Context, webhookID string) (Hook, error) {
	var after Hook
	err := s.update(ctx, func(t *txn) error {
		k := t.in(bucketHookIDs).Get([]byte(webhookID))
		if k == nil {
			return fmt.Errorf("%w: %s", ErrNoHook, webhookID)
		}
		before, err := t.hook(numberOf(k))
		if err != nil {
			return err
		}
		if before.NextRetry.IsZero() {
			return fmt.Errorf("%s is %s: the platform does not send it again", webhookID, before.State)
		}
		after = before
		after.NextRetry = s.Now()
		return t.putHook(after, &before)
	})
	if err == nil {
		s.alarm()
	}
	return after, err
}

func (t *txn) hook(n uint64) (Hook, error) {
	var h Hook
	err := t.get(bucketHooks, number(n), &h)
	return h, err
}

func numberOf(k []byte) uint64 { return binary.BigEndian.Uint64(k) }

// WatchLog hints at webhooks that have changed, by number, until ctx ends;
// then the channel is closed. Hints that nobody took in time are joined into
// the newest.
func (s *Sandbox) WatchLog(ctx context.Context) <-chan uint64 { return s.changes.Watch(ctx) }

// prune forgets webhooks that are older than the platform keeps them.
func (s *Sandbox) prune(ctx context.Context) error {
	oldest := s.Now().Add(-logKept)
	return s.update(ctx, func(t *txn) error {
		var old []Hook
		for k, record := range t.each(bucketHooks, nil) {
			h := Hook{Number: numberOf(k)}
			switch err := decode(k, record, &h); {
			case err == nil && h.CreatedAt.After(oldest):
				return t.forget(old) // they are in the order of time
			case err == nil && !h.NextRetry.IsZero():
				continue
			}
			old = append(old, h)
		}
		return t.forget(old)
	})
}

// forget deletes webhooks.
func (t *txn) forget(old []Hook) error {
	for _, h := range old {
		t.hooks = append(t.hooks, hookState{number: h.Number})
		if err := errors.Join(t.in(bucketHookIDs).Delete([]byte(h.WebhookID)), t.in(bucketHooks).Delete(number(h.Number))); err != nil {
			return err
		}
	}
	return nil
}

// logKept is how long the platform's log goes back.
const logKept = 30 * 24 * time.Hour
