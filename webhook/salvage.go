package webhook

import "errors"

// ErrNothingFound is returned when a file to salvage has nothing of a store.
var ErrNothingFound = errors.New("nothing of a store of taskhook was found in it")

// ErrOwnFile is returned when a store is to salvage its own file.
var ErrOwnFile = errors.New("it is the store that is in use")

// Salvage says what was brought back from the file of a damaged store.
type Salvage struct {
	Events          int // brought back, with the numbers that they had
	Attempts        int // of them
	PossiblyDeleted int // of Events: nothing tells whether they had been deleted
	Incomplete      int // of Events: without their body, or without all of their attempts
	There           int // not brought back: they are there already
	Different       int // not brought back: another event has their number
	// Lost are events of which something was found, but not enough to bring
	// them back; at most some thousands are named.
	Lost []ID
	// Pages is how many damaged pages were met.
	Pages int
}

// SalvageStep is how far a salvage has come.
type SalvageStep struct {
	Done, Total int // events
}
