package webhook

import "time"

// FaultRule is a rule that injects faults into received events, as it is at one
// moment.
type FaultRule struct {
	ID     int    `json:"id"`     // from 1, in the order in which rules were added; never used twice by a listener
	Text   string `json:"text"`   // as it was written
	Effect string `json:"effect"` // what the rule does, and to which events
	// Warning is what the rule costs on the real platform, "" if nothing.
	Warning string    `json:"warning,omitempty"`
	AddedAt time.Time `json:"addedAt"`
	Matched int       `json:"matched"` // events that its filter selected while it was on
	Fired   int       `json:"fired"`   // events that it acted on
	// Undecided counts the events on which its filter ran out of time. It did
	// not act on them.
	Undecided int `json:"undecided,omitempty"`
	// Limit is the number of events after which it ends, 0: no limit. Ends is
	// the time at which it ends, zero: never.
	Limit int       `json:"limit,omitempty"`
	Ends  time.Time `json:"ends,omitzero"`
	Ended bool      `json:"ended,omitempty"` // it does nothing any more
}

// FaultChange changes the rules that inject faults. The zero value changes
// nothing.
type FaultChange struct {
	Clear  bool     `json:"clear,omitempty"`  // remove all rules before anything else
	Remove []int    `json:"remove,omitempty"` // IDs of rules
	Add    []string `json:"add,omitempty"`    // rules as they are written; either all are added or none
}
