package store

import "github.com/taskhook/taskhook/webhook"

// class is what an event counts as. It follows from its row alone.
type class int

const (
	classNone       class = iota // superseded: counted with the event whose outcome it shares
	classForwarding              // no answer yet
	classRetrying                // a retry is expected; not settled yet
	classDelivered               // recovered ones included
	classFailed                  // interrupted and settled retrying ones included
	classRejected
	classes // how many there are
)

func (r *row) class() class {
	if r.flags.has(flagSuperseded) {
		return classNone
	}
	o := r.outcome()
	switch o.State(o.Answer.RetryAt) {
	case webhook.StateForwarding:
		return classForwarding
	case webhook.StateDelivered, webhook.StateRecovered:
		return classDelivered
	case webhook.StateRejected:
		return classRejected
	case webhook.StateRetrying:
		switch {
		case !r.flags.has(flagSettled):
			return classRetrying
		case r.flags.has(flagDeliveredLater):
			return classDelivered
		}
	}
	return classFailed
}
