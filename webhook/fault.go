package webhook

import "time"

// FaultRule is a rule that injects faults into live traffic, as it stands at
// one moment.
type FaultRule struct {
	ID     int    `json:"id"`   // from 1, in the order the rules were made; never used twice by a listener
	Text   string `json:"text"` // as it was written
	Effect string `json:"effect"`
	// Warning is what the rule costs on the real platform, "" if nothing.
	Warning string    `json:"warning,omitempty"`
	AddedAt time.Time `json:"addedAt"`
	Matched int       `json:"matched"` // events that its filter selected while it was on
	Fired   int       `json:"fired"`   // events that it acted on
	// Undecided counts the events on which its filter ran out of time; it acted
	// on none of them.
	Undecided int `json:"undecided,omitempty"`
	// Limit is after how many events it ends by itself, 0: after none; Ends is
	// when it does, zero: never.
	Limit int       `json:"limit,omitempty"`
	Ends  time.Time `json:"ends,omitzero"`
	Ended bool      `json:"ended,omitempty"` // it has come to its end and does nothing any more
}

// FaultChange changes the rules that inject faults. The zero value changes
// nothing.
type FaultChange struct {
	Clear  bool     `json:"clear,omitempty"`  // take all rules away, first of all
	Remove []int    `json:"remove,omitempty"` // the rules with these IDs
	Add    []string `json:"add,omitempty"`    // rules as they are written; all of them or none
}
