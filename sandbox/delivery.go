package sandbox

import (
	"fmt"
	"net/http"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/taskee"
)

// State is what has become of a webhook.
type State string

// The states of a webhook.
const (
	StateRetrying  State = "retrying"  // due: to be sent, or after a 429 to be sent again
	StateDelivered State = "delivered" // answered 2xx
	StateFailed    State = "failed"    // final: any other answer, or the last 429
	StateUnsent    State = "unsent"    // the app's settings do not let it be sent
)

// Delivery is one webhook with all its attempts.
type Delivery struct {
	Number    uint64      `json:"number"`
	WebhookID string      `json:"webhookId"`
	Type      string      `json:"type"`
	CreatedAt time.Time   `json:"createdAt"`
	State     State       `json:"state"`
	Reason    string      `json:"reason,omitempty"` // why it was not sent
	Cause     Cause       `json:"cause,omitzero"`
	Body      []byte      `json:"body"`             // the exact bytes
	Header    http.Header `json:"header,omitempty"` // its signatures, the same for every attempt
	Attempts  []Attempt   `json:"attempts"`
	NextRetry time.Time   `json:"nextRetry,omitzero"` // zero: it is not sent any more
	Seed      uint64      `json:"seed"`               // of its schedule
	Fault     string      `json:"fault,omitempty"`    // what a fault did to it
}

// Cause is the API request that caused an event. The zero value is none.
type Cause struct {
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`
	Token  string `json:"token,omitempty"` // its name
}

// Attempt is one attempt to deliver a webhook.
type Attempt struct {
	At         time.Time `json:"at"`
	URL        string    `json:"url"`
	Status     int       `json:"status"` // 408: the receiver was too slow; 0: no connection
	Error      string    `json:"error,omitempty"`
	DurationMS float64   `json:"durationMs"`
	Answer     string    `json:"answer,omitempty"` // the beginning of its body
}

// LastStatus is the status of the last attempt; 0 if there was none, or no
// connection.
func (d Delivery) LastStatus() int {
	if n := len(d.Attempts); n > 0 {
		return d.Attempts[n-1].Status
	}
	return 0
}

// Outcome says in a line what has become of a webhook.
func (d Delivery) Outcome() string {
	n, most := len(d.Attempts), taskee.Policy().MaxRetries
	switch {
	case d.State == StateUnsent:
		return "not sent: " + d.Reason
	case d.State == StateRetrying && n == 0:
		return "about to be sent"
	case d.State == StateRetrying:
		return fmt.Sprintf("retry %d of %d at %s", n, most, format.Clock(d.NextRetry.Local()))
	case d.State == StateDelivered && n > 1:
		return fmt.Sprintf("delivered on retry %d", n-1)
	case d.State == StateFailed && n > most:
		return fmt.Sprintf("failed after %d attempts", n)
	case d.State == StateFailed:
		return "failed: only a 429 is retried"
	}
	return string(d.State)
}

// Caused says which API request caused the webhook, "" if none did.
func (d Delivery) Caused() string {
	if d.Cause.Method == "" {
		return ""
	}
	return fmt.Sprintf("%s %s by %s", d.Cause.Method, d.Cause.Path, d.Cause.Token)
}

// delivery reads a webhook by its number, or errAbsent.
func (t *txn) delivery(n uint64) (d Delivery, err error) {
	return d, t.get(bucketDeliveries, number(n), &d)
}

// putDelivery writes a webhook; before is what is there, nil for a new one.
func (t *txn) putDelivery(d Delivery, before *Delivery) {
	if before == nil {
		t.write(bucketWebhookIDs, []byte(d.WebhookID), number(d.Number))
	} else if !before.NextRetry.IsZero() {
		t.delete(bucketDue, dueKey(*before))
	}
	if !d.NextRetry.IsZero() {
		t.write(bucketDue, dueKey(d), nil)
	}
	t.changed = append(t.changed, d.Number)
	t.changeRates(before, &d)
	t.put(bucketDeliveries, number(d.Number), d)
}

// deleteDelivery deletes a webhook that is not due.
func (t *txn) deleteDelivery(d Delivery) {
	t.changeRates(&d, nil)
	t.delete(bucketWebhookIDs, []byte(d.WebhookID))
	t.delete(bucketDeliveries, number(d.Number))
}

func dueKey(d Delivery) []byte {
	return append([]byte(stamp(d.NextRetry.UnixMilli())), number(d.Number)...)
}
