package webhook

import "time"

// State is what has become of an event. It is derived, never stored.
type State string

// The states of an event.
const (
	StateForwarding   State = "forwarding"    // its sender still waits for the answer
	StateAccepted     State = "accepted"      // answered 2xx
	StatePending      State = "pending"       // answered 429: the platform will send it again
	StatePresumedLost State = "presumed lost" // that retry is overdue
	StateLost         State = "lost"          // the platform will not send it again
	StateRescued      State = "rescued"       // lost, then accepted by a later resend
	StateRefused      State = "refused"       // turned away for its signature
	StateInterrupted  State = "interrupted"   // Taskhook ended before the answer was known
)

// States lists every state in the order people read them.
var States = [...]State{
	StateForwarding, StateAccepted, StatePending, StatePresumedLost,
	StateLost, StateRescued, StateRefused, StateInterrupted,
}

// Overdue is how long after its expected time a retry is given up on.
const Overdue = 5 * time.Minute

// Outcome is everything that decides an event's state.
type Outcome struct {
	Answer      Answer `json:"answer,omitzero"`
	Interrupted bool   `json:"interrupted,omitempty"` // unanswered when its store was next opened
	// AcceptedLater says that an attempt after the answer, which carried the
	// event's own body, ended in 2xx: see [Attempt.Carries].
	AcceptedLater bool `json:"acceptedLater,omitempty"`
}

// State derives the state at a time. Only a 429 brings an event back; every
// other failure is final on the platform.
func (o Outcome) State(now time.Time) State {
	s := o.answered(now)
	gone := s == StateLost || s == StatePresumedLost || s == StateInterrupted
	if gone && o.AcceptedLater {
		return StateRescued
	}
	return s
}

func (o Outcome) answered(now time.Time) State {
	a := o.Answer
	switch {
	case a.SenderGone, a.BrokenOff:
		return StateLost
	case a.Status == 0 && o.Interrupted:
		return StateInterrupted
	case a.Status == 0:
		return StateForwarding
	case a.Refused():
		return StateRefused
	case Accepted(a.Status):
		return StateAccepted
	case a.RetryAt.IsZero():
		return StateLost
	case now.After(a.RetryAt.Add(Overdue)):
		return StatePresumedLost
	}
	return StatePending
}
