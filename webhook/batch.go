package webhook

// Rescue asks for everything that failed to be sent to the app again, in
// the order of arrival. The zero value takes all that is failed or
// overdue and not yet recovered.
type Batch struct {
	Filter string `json:"filter,omitempty"` // only these, in the language of package webhook/filter
	To     string `json:"to,omitempty"`     // a target as on the command line; "": the current one
	// Rate is how many events are sent a second at most; 0: as fast as the app
	// takes them.
	Rate     float64 `json:"rate,omitempty"`
	Parallel int     `json:"parallel,omitempty"` // events at one time; 0: 1, which keeps their order
	// Unverified takes events whose signature is rejected, IncludeUnknown those
	// whose outcome is unknown because Taskhook ended in the middle.
	Unverified     bool `json:"unverified,omitempty"`
	IncludeUnknown bool `json:"includeUnknown,omitempty"`
	DryRun         bool `json:"dryRun,omitempty"` // send nothing
}

// Skip says why an event is not rescued.
type Skip string

// The reasons of a Skip.
const (
	SkipNone      Skip = ""
	SkipRejected  Skip = "rejected"  // its signature does not fit the keys that are trusted now
	SkipUnknown   Skip = "unknown"   // Taskhook ended before its outcome was known
	SkipBodyless  Skip = "no body"   // its body was not kept
	SkipDelivered Skip = "delivered" // it was delivered meanwhile
	SkipGone      Skip = "gone"      // it was deleted meanwhile
	SkipSame      Skip = "same"      // the same webhook came more than once, and one of them is sent
)

// Rescued is what a rescue did with one event.
type BatchItem struct {
	Event Summary `json:"event"`
	Skip  Skip    `json:"skip,omitempty"` // "": it was sent, or would be
	// Reason says in words why it was passed over, or could not be sent.
	Reason string `json:"reason,omitempty"`
	// Attempt is stored; nil when nothing was sent. State is the event's after it.
	Attempt *Attempt `json:"attempt,omitempty"`
	State   State    `json:"state,omitempty"`
	Done    int      `json:"done"`  // events dealt with, this one included
	Total   int      `json:"total"` // events to deal with
}

// RescueReport sums up a rescue.
type BatchReport struct {
	Total     int `json:"total"`     // events that had failed when it began
	Delivered int `json:"delivered"` // recovered now; in a dry run those that would be sent
	Failed    int `json:"failed"`    // sent, and not delivered
	Skipped   int `json:"skipped"`   // delivered or deleted meanwhile
	Same      int `json:"same"`      // the same webhook as another, which was sent
	Rejected  int `json:"rejected"`  // not sent for their signatures
	Unknown   int `json:"unknown"`   // not sent because their outcome is unknown
	Bodyless  int `json:"bodyless"`  // not sent because their bodies were not kept
	// Stopped is why it ended early, "" if it did not; the rest has still failed.
	Stopped string `json:"stopped,omitempty"`
}
