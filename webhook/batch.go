package webhook

import "time"

// Batch asks for many stored events to be sent to the app again, in the order
// of arrival. Failed or Filter must select them.
type Batch struct {
	// Failed selects the events that failed or whose retry is overdue and that
	// were not recovered since. They are sent as they were received, each
	// webhook once, if the keys that are trusted now accept its signature.
	Failed bool   `json:"failed,omitempty"`
	Filter string `json:"filter,omitempty"` // only these, in the language of package webhook/filter
	// Resend says how each of them is sent; its EventID and Edited are ignored.
	Resend Resend `json:"resend"`
	// Interval is the least time between the beginnings of two sends.
	Interval time.Duration `json:"interval,omitempty"`
	Parallel int           `json:"parallel,omitempty"` // events in flight; 0: 1, which preserves their order
	// IncludeUnknown adds to the failed events those whose outcome is unknown
	// because Taskhook ended while they were in flight.
	IncludeUnknown bool `json:"includeUnknown,omitempty"`
	DryRun         bool `json:"dryRun,omitempty"` // send nothing
}

// Skip says why a batch does not send an event.
type Skip string

// The reasons of a Skip.
const (
	SkipNone      Skip = ""
	SkipRejected  Skip = "rejected"  // the keys that are trusted do not accept its signature
	SkipUnknown   Skip = "unknown"   // Taskhook ended before its outcome was known
	SkipBodyless  Skip = "no body"   // its body was not stored
	SkipDelivered Skip = "delivered" // it was delivered meanwhile
	SkipGone      Skip = "gone"      // it was deleted meanwhile
	SkipIgnored   Skip = "ignored"   // a route sends it to no app
	SkipDown      Skip = "down"      // of several apps, its own failed too often
	SkipUndecided Skip = "undecided" // a jq expression of the filter was too much for it
	SkipSame      Skip = "same"      // the same webhook as another event of the batch, which is sent
)

// BatchItem is what a batch did with one event.
type BatchItem struct {
	Event Summary `json:"event"`
	Skip  Skip    `json:"skip,omitempty"` // "": it was sent, or would be
	// Reason says in words why it was skipped, or could not be sent.
	Reason string `json:"reason,omitempty"`
	// Attempt is stored; nil when nothing was sent. State is the event's after it.
	Attempt *Attempt `json:"attempt,omitempty"`
	State   State    `json:"state,omitempty"`
	Notes   []string `json:"notes,omitempty"` // what a person should know about it
	Done    int      `json:"done"`            // events processed so far, this one included
	Total   int      `json:"total"`           // events of the batch
}

// BatchReport sums up a batch. The counts of a dry run are of what a real one
// would do.
type BatchReport struct {
	Total     int `json:"total"`               // events of the batch
	Delivered int `json:"delivered"`           // sent and answered 2xx by the app
	Failed    int `json:"failed"`              // sent and not answered 2xx, or impossible to send
	Skipped   int `json:"skipped"`             // delivered or deleted meanwhile
	Same      int `json:"same"`                // the same webhook as another, which was sent
	Rejected  int `json:"rejected"`            // not sent because of their signatures
	Unknown   int `json:"unknown"`             // not sent because their outcome is unknown
	Bodyless  int `json:"bodyless"`            // not sent because their bodies were not stored
	Undecided int `json:"undecided,omitempty"` // left out: the filter was too much for them
	Ignored   int `json:"ignored,omitempty"`   // not sent because a route sends them to no app
	Down      int `json:"down,omitempty"`      // not sent because their app failed too often
	// Stopped is why it ended early, "" if it did not.
	Stopped string `json:"stopped,omitempty"`
}

// Count adds what was done with one event.
func (r *BatchReport) Count(i BatchItem) {
	switch {
	case i.Skip == SkipRejected:
		r.Rejected++
	case i.Skip == SkipUnknown:
		r.Unknown++
	case i.Skip == SkipBodyless:
		r.Bodyless++
	case i.Skip == SkipSame:
		r.Same++
	case i.Skip == SkipIgnored:
		r.Ignored++
	case i.Skip == SkipDown:
		r.Down++
	case i.Skip == SkipUndecided:
		r.Undecided++
	case i.Skip != SkipNone:
		r.Skipped++
	case i.Reason != "":
		r.Failed++
	default:
		r.Delivered++
	}
}

// Untried returns how many events a batch that ended early did not get to.
func (r BatchReport) Untried() int {
	return r.Total - r.Delivered - r.Failed - r.Skipped - r.Same - r.Rejected - r.Unknown - r.Bodyless - r.Undecided - r.Ignored - r.Down
}
