package sandbox

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrNoDelivery is returned for a webhook that is not in the log.
var ErrNoDelivery = errors.New("there is no such webhook")

// LogQuery selects webhooks. The zero value selects the newest 50.
type LogQuery struct {
	WebhookID string // a prefix
	Type      string // on the wire, in any case
	Status    int    // of the last attempt; 0: any
	State     State  // "": any
	Before    uint64 // only those numbered below; 0: from the newest
	After     uint64 // only those numbered above
	Limit     int    // 0: 50
}

const defaultLogLimit = 50

// LogPage is a part of the log, the newest first.
type LogPage struct {
	Deliveries []Delivery `json:"deliveries"`
	Next       uint64     `json:"next,omitempty"` // Before of the next page, 0: this is the last
	Rates      Rates      `json:"rates"`          // of the whole log
}

// Log reads the delivery log.
func (s *Sandbox) Log(q LogQuery) (LogPage, error) {
	if q.Limit <= 0 {
		q.Limit = defaultLogLimit
	}
	page := LogPage{Deliveries: []Delivery{}}
	err := s.view(func(t *txn) error {
		page.Rates = t.rates()
		c := t.in(bucketDeliveries).Cursor()
		k, record := c.Last()
		if q.Before != 0 {
			if k, record = c.Seek(number(q.Before)); k == nil {
				k, record = c.Last()
			}
		}
		for ; k != nil && numberOf(k) > q.After; k, record = c.Prev() {
			var d Delivery
			if decode(k, record, &d) != nil || !q.selects(d) {
				continue
			}
			if len(page.Deliveries) == q.Limit {
				page.Next = page.Deliveries[q.Limit-1].Number
				return nil
			}
			page.Deliveries = append(page.Deliveries, d)
		}
		return nil
	})
	return page, err
}

func (q LogQuery) selects(d Delivery) bool {
	return (q.Before == 0 || d.Number < q.Before) && d.Number > q.After &&
		strings.HasPrefix(d.WebhookID, q.WebhookID) &&
		(q.Type == "" || strings.EqualFold(q.Type, d.Type)) &&
		(q.Status == 0 || q.Status == d.LastStatus()) &&
		(q.State == "" || q.State == d.State)
}

// Rates count the webhooks of the log.
type Rates struct {
	All       int `json:"all"`
	Delivered int `json:"delivered"`
	Failed    int `json:"failed"`
	Retrying  int `json:"retrying"`
	Unsent    int `json:"unsent"`
}

// add adds n webhooks of a state; a negative n removes them.
func (r *Rates) add(s State, n int) {
	switch s {
	case StateDelivered:
		r.Delivered += n
	case StateFailed:
		r.Failed += n
	case StateRetrying:
		r.Retrying += n
	case StateUnsent:
		r.Unsent += n
	default:
		return // a damaged record was never counted
	}
	r.All += n
}

var ratesKey = []byte("rates")

func (t *txn) rates() (r Rates) {
	if err := t.get(bucketMeta, ratesKey, &r); !errors.Is(err, errAbsent) {
		t.fail(err)
	}
	return r
}

// changeRates counts a webhook that is written; before is nil for a new one,
// after for one that is deleted.
func (t *txn) changeRates(before, after *Delivery) {
	r := t.rates()
	if before != nil {
		r.add(before.State, -1)
	}
	if after != nil {
		r.add(after.State, 1)
	}
	t.put(bucketMeta, ratesKey, r)
}

// RetryNow brings the next attempt of a webhook forward to now. The error is
// ErrNoDelivery, or says that the webhook is not sent again.
func (s *Sandbox) RetryNow(ctx context.Context, webhookID string) (Delivery, error) {
	var after Delivery
	err := s.update(ctx, func(t *txn) error {
		k := t.in(bucketWebhookIDs).Get([]byte(webhookID))
		if k == nil {
			return fmt.Errorf("%w: %s", ErrNoDelivery, webhookID)
		}
		before, err := t.delivery(numberOf(k))
		if err != nil {
			return err
		}
		if before.NextRetry.IsZero() {
			return fmt.Errorf("%s is %s: the platform does not send it again", webhookID, before.State)
		}
		after = before
		after.NextRetry = s.Now()
		t.putDelivery(after, &before)
		return nil
	})
	if err == nil {
		s.wakeUp()
	}
	return after, err
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func numberOf(k []byte) uint64 { return binary.BigEndian.Uint64(k) }

// WatchLog hints at webhooks that have changed, by number, until ctx ends;
// then the channel is closed. Hints that were not received in time are joined
// into the newest.
func (s *Sandbox) WatchLog(ctx context.Context) <-chan uint64 { return s.changes.Watch(ctx) }

// logAge is how far back the platform's log goes.
const logAge = 30 * 24 * time.Hour

// prune deletes webhooks that are older than the log goes back, except those
// that are still to be sent.
func (s *Sandbox) prune(ctx context.Context) error {
	oldest := s.Now().Add(-logAge)
	return s.update(ctx, func(t *txn) error {
		var old []Delivery
		for k, record := range t.each(bucketDeliveries, nil) {
			d := Delivery{Number: numberOf(k)}
			err := decode(k, record, &d)
			if err == nil && d.CreatedAt.After(oldest) {
				break // they are in the order of time
			}
			if err != nil || d.NextRetry.IsZero() {
				old = append(old, d)
			}
		}
		for _, d := range old {
			t.deleteDelivery(d)
		}
		return nil
	})
}
