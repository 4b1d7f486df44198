package store

import "github.com/taskhook/taskhook/webhook"

// class is what an event counts as. It follows from its row alone.
type class int

const (
	classNone       class = iota // superseded: counted with the event whose outcome it shares
	classForwarding              // no answer yet
	classPending                 // a retry is expected; not settled yet
	classAccepted                // rescued ones included
	classLost                    // interrupted and settled pending ones included
	classRefused
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
	case webhook.StateAccepted, webhook.StateRescued:
		return classAccepted
	case webhook.StateRefused:
		return classRefused
	case webhook.StatePending:
		switch {
		case !r.flags.has(flagSettled):
			return classPending
		case r.flags.has(flagAcceptedLater):
			return classAccepted
		}
	}
	return classLost
}
