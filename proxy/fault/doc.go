// Package fault holds the rules that inject faults into what a listener
// receives. A [Rule] is a line of text, a [Table] holds the rules of a listener
// and decides for each event. Nothing is done here: the [Effect] says what is
// to be done.
//
//	type:ContactCreate rate:30% status:429       3 of 10 are told to come again
//	status:503 with:'{"error":"down"}' times:5   the next five, in the app's place
//	delay:1s..5s for:10m .data.score > 3         slow for ten minutes
//
// # Words
//
// A rule has words of its own, which say what is done and when, and words of
// the filter language (package filter), which say to which events. They may
// stand in any order. [Reference] has the table of the rule's own words; they
// stand by themselves, outside of parentheses, "or" and "not", and in any case.
// In quotes they are texts of the filter: "hang" looks for hang.
//
// A value with spaces or parentheses goes in quotes, '…' or "…", with \' or \"
// and \\ inside them; JSON after with: needs none. A bare jq expression runs to
// the end of the text, so that what a rule does is said before it.
//
// status: is always what is answered, and body: always the filter's: the body
// of an answer is with:. A rule is asked when an event has come in and before
// the app is, so that a filter on an attempt, an answer or a state could never
// hold: it is refused.
//
// # Decisions
//
// Rules are tried in the order in which they were added; the first that fires
// decides. rate: and ranges of delays are drawn from a generator that each rule
// has for itself, seeded with 1 or what seed: says: the same events in the same
// order get the same faults. A rule that has ended, after times: events or the
// time of for:, stays in the table and never fires again; time is monotonic, so
// that changes of the clock move no end.
//
// An event on which a jq expression fails does not match. One that makes it run
// out of time does not fire the rule either, and is counted as undecided.
package fault
