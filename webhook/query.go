package webhook

import "time"

// Query selects events. The zero value selects the summaries of all, newest
// first. Requests that are no webhooks are left out, see [StatePassed], unless
// IDs or Filter ask for them.
type Query struct {
	IDs []ID `json:"ids,omitempty"` // only these; nil: all
	// Filter is a text in the language of package webhook/filter; "" takes all.
	Filter string `json:"filter,omitempty"`
	Order  Order  `json:"order,omitempty"`

	// Parts are read of each event beside its summary.
	Parts Parts `json:"parts,omitzero"`

	Limit  int `json:"limit,omitempty"`  // the most events; 0: all, or 50 on a page
	Cursor ID  `json:"cursor,omitempty"` // only what comes after this event in the list; 0: from its beginning
}

// Parts are what a list leaves out of an event.
type Parts struct {
	Payload  bool `json:"payload,omitempty"`  // Event.Header and Event.Body
	Attempts bool `json:"attempts,omitempty"` // Record.History
}

// Order is the order of a list.
type Order string

// The orders of a list.
const (
	OrderTime     Order = ""         // newest first
	OrderArrival  Order = "arrival"  // oldest first
	OrderDuration Order = "duration" // slowest last attempt first, those without one last
)

// Summary is an event as lists show it: without header and body, with what
// has become of it.
type Summary struct {
	Event
	Attempts     int           `json:"attempts"`
	LastStatus   int           `json:"lastStatus"`   // of the last attempt; 0: no response, or none made
	LastDuration time.Duration `json:"lastDuration"` // of the last attempt
	LastError    bool          `json:"lastError,omitempty"`
	Resent       bool          `json:"resent,omitempty"`
	Simulated    bool          `json:"simulated,omitempty"` // a simulation was made of it
	Faulted      bool          `json:"faulted,omitempty"`   // a fault rule acted on it
	Slow         bool          `json:"slow,omitempty"`
	Unsuccessful bool          `json:"unsuccessful,omitempty"`
	Marked       bool          `json:"marked,omitempty"`
	// RedeliveredAs is the next event with the same webhookId, 0 if none came.
	RedeliveredAs ID `json:"redeliveredAs,omitempty"`
	// Outcome decides the state. An event that was answered 429 and came again
	// shares the outcome of its newest redelivery.
	Outcome Outcome `json:"outcome"`
}

// State derives the event's state at a time.
func (s Summary) State(now time.Time) State { return s.Outcome.State(now) }

// Page is one page of a list, see [ReadPage]. One that takes long to find is
// returned before it is full; Next says where to go on.
type Page struct {
	Events []Summary
	Next   ID // Cursor of the next page; 0: this was the last
	// LeftOut are events that the filter could not decide.
	LeftOut []LeftOut
	// Position is where the store stood when the page was read.
	Position Position
}

// Change hints that the store has changed. A hint may be lost or stand for
// several changes; the data is in the store.
type Change struct {
	Version uint64 `json:"version"` // grows with every change
}

// Position is how far a reader has followed a store; the zero value is the
// beginning.
type Position struct {
	Event   ID     `json:"event"`
	Attempt uint64 `json:"attempt"` // Attempt.Seq
}

// Updates are what was stored since a Position, in order: an attempt never comes
// before its event.
type Updates struct {
	Events   []Summary   `json:"events,omitempty"`
	Attempts []Attempted `json:"attempts,omitempty"`
	Position Position    `json:"position"`
	More     bool        `json:"more,omitempty"` // ask again at once from Position
}

// Attempted is an attempt with the state of its event.
type Attempted struct {
	Attempt
	Outcome Outcome `json:"outcome"`
}

// Counts sums up a store. Rejected and ignored events are counted apart: they
// are neither failures nor successes of the app. Passed ones are not counted.
type Counts struct {
	Events    int `json:"events"`
	Delivered int `json:"delivered"` // recovered ones included
	Retrying  int `json:"retrying"`
	Failed    int `json:"failed"` // overdue and interrupted ones included
	Rejected  int `json:"rejected"`
	Ignored   int `json:"ignored,omitempty"`
	// Unsuccessful are the delivered ones whose answer says "success":false.
	Unsuccessful int   `json:"unsuccessful,omitempty"`
	Bytes        int64 `json:"bytes"` // of the store's file
	LastHour     Tally `json:"lastHour"`
}

// Tally counts the events of a period, without rejected and passed ones.
type Tally struct {
	Events    int `json:"events"`
	Delivered int `json:"delivered"` // recovered ones included
	Failed    int `json:"failed"`    // overdue and interrupted ones included
}
