package webhook

import "time"

// State is what has become of an event. It is derived, never stored.
type State string

// The states of an event. The words are shown, typed in filters and printed as
// JSON: a word that is replaced is answered by webhook/filter's renamed.
const (
	StateForwarding  State = "forwarding"  // its sender still waits for the answer
	StateDelivered   State = "delivered"   // answered 2xx
	StateRetrying    State = "retrying"    // answered 429: the platform will send it again
	StateOverdue     State = "overdue"     // that retry has not come
	StateFailed      State = "failed"      // the platform will not send it again
	StateRecovered   State = "recovered"   // failed, then delivered by a later resend or a late answer
	StateRejected    State = "rejected"    // turned away: see [Decision.Rejected]
	StateIgnored     State = "ignored"     // kept, and by a rule not forwarded
	StatePassed      State = "passed"      // no webhook: let through unchecked
	StateInterrupted State = "interrupted" // Taskhook ended before the answer was known
)

// States lists every state in the order people read them.
var States = [...]State{
	StateForwarding, StateDelivered, StateRetrying, StateOverdue, StateFailed,
	StateRecovered, StateRejected, StateIgnored, StatePassed, StateInterrupted,
}

// OverdueAfter is how long after its expected time a retry is overdue.
const OverdueAfter = 5 * time.Minute

// Outcome is everything that decides an event's state.
type Outcome struct {
	Answer      Answer   `json:"answer,omitzero"`
	Decision    Decision `json:"decision,omitempty"`
	Interrupted bool     `json:"interrupted,omitempty"` // unanswered when its store was next opened
	// Try is the send, from 1, that was answered so: an event that was answered
	// 429 and came again shares the outcome of its newest redelivery. 0: unknown.
	Try int `json:"try,omitempty"`
	// DeliveredLater says that an attempt after the answer, which carried the
	// event's own body, ended in 2xx: see [Attempt.Carries]. The app's late answer
	// to the event itself counts as one, and so does one that came after the
	// sender had hung up.
	DeliveredLater bool `json:"deliveredLater,omitempty"`
}

// State derives the state at a time. What was decided when the request came in
// stands, whatever was answered and sent since. Of all answers only a 429
// brings an event back; every other failure is final on the platform.
func (o Outcome) State(now time.Time) State {
	switch {
	case o.Decision.Rejected():
		return StateRejected
	case o.Decision == Ignored:
		return StateIgnored
	case o.Decision == Passed:
		return StatePassed
	}
	s := o.answered(now)
	if o.DeliveredLater && (s == StateFailed || s == StateOverdue || s == StateInterrupted) {
		return StateRecovered
	}
	return s
}

// answered is the state that follows from the answer alone.
func (o Outcome) answered(now time.Time) State {
	a := o.Answer
	switch {
	case a.SenderGone, a.BrokenOff:
		return StateFailed
	case a.Status == 0 && o.Interrupted:
		return StateInterrupted
	case a.Status == 0:
		return StateForwarding
	case Delivered(a.Status):
		return StateDelivered
	case a.RetryAt.IsZero():
		return StateFailed
	case now.After(a.RetryAt.Add(OverdueAfter)):
		return StateOverdue
	}
	return StateRetrying
}
