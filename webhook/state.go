package webhook

import "time"

// State is what has become of an event. It is derived, never stored.
type State string

// The states of an event.
const (
	StateForwarding  State = "forwarding"  // its sender still waits for the answer
	StateDelivered   State = "delivered"   // answered 2xx
	StateRetrying    State = "retrying"    // answered 429: the platform will send it again
	StateOverdue     State = "overdue"     // that retry is overdue
	StateFailed      State = "failed"      // the platform will not send it again
	StateRecovered   State = "recovered"   // failed, then delivered by a later resend
	StateRejected    State = "rejected"    // rejected for its signature
	StateInterrupted State = "interrupted" // Taskhook ended before the answer was known
)

// States lists every state in the order people read them.
var States = [...]State{
	StateForwarding, StateDelivered, StateRetrying, StateOverdue,
	StateFailed, StateRecovered, StateRejected, StateInterrupted,
}

// OverdueAfter is how long after its expected time a retry is overdue.
const OverdueAfter = 5 * time.Minute

// Outcome is everything that decides an event's state.
type Outcome struct {
	Answer      Answer `json:"answer,omitzero"`
	Interrupted bool   `json:"interrupted,omitempty"` // unanswered when its store was next opened
	// DeliveredLater says that an attempt after the answer, which carried the
	// event's own body, ended in 2xx: see [Attempt.Carries].
	DeliveredLater bool `json:"deliveredLater,omitempty"`
}

// State derives the state at a time. Only a 429 brings an event back; every
// other failure is final on the platform.
func (o Outcome) State(now time.Time) State {
	s := o.answered(now)
	gone := s == StateFailed || s == StateOverdue || s == StateInterrupted
	if gone && o.DeliveredLater {
		return StateRecovered
	}
	return s
}

func (o Outcome) answered(now time.Time) State {
	a := o.Answer
	switch {
	case a.SenderGone, a.BrokenOff:
		return StateFailed
	case a.Status == 0 && o.Interrupted:
		return StateInterrupted
	case a.Status == 0:
		return StateForwarding
	case a.Rejected():
		return StateRejected
	case Delivered(a.Status):
		return StateDelivered
	case a.RetryAt.IsZero():
		return StateFailed
	case now.After(a.RetryAt.Add(OverdueAfter)):
		return StateOverdue
	}
	return StateRetrying
}
