package store

import "github.com/taskhook/taskhook/webhook"

// class is what an event counts as. It follows from its row alone.
type class int

const (
	classNone       class = iota // superseded: counted with the event whose outcome it shares
	classForwarding              // no answer yet
	classRetrying                // a retry is expected, and not known to be overdue
	classDelivered               // recovered ones included
	classFailed                  // interrupted and overdue ones included
	classRejected
	classIgnored
	classPassed
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
	case webhook.StateIgnored:
		return classIgnored
	case webhook.StatePassed:
		return classPassed
	case webhook.StateRetrying:
		switch {
		case !r.flags.has(flagOverdue):
			return classRetrying
		case r.flags.has(flagDeliveredLater):
			return classDelivered
		}
	}
	return classFailed
}
