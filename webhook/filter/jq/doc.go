// Package jq runs jq expressions on the JSON of events, in worker processes of
// the same program: an expression can take all of a machine's memory within one
// instruction, and a stranger's event can make it do so. Where it is too much,
// a worker ends and not the listener.
//
// [Parse] checks an expression where it is written. [Expression.Try] decides
// at once what takes no jq: a comparison of a field, which people write most.
// [Workers] run all else, in processes that [Serve] makes of the program. Each
// is bounded in memory, and in time for each event; it starts when it is first
// needed and ends with its parent, whose end of the pipe closes.
package jq

// Outcome is what an expression says of one body.
type Outcome byte

// The outcomes. The zero value is Unknown.
const (
	Unknown Outcome = iota // jq has to be run to tell
	No                     // every result is false or null, or the body is no JSON
	Yes                    // a result is neither false nor null
	Failed                 // jq reports an error
	Slow                   // it takes too long
	Big                    // it needs too much memory
)
