// Package fault holds the rules that inject faults into what a listener
// receives. A [Rule] is one line of text, a [Table] holds the rules of a
// listener and decides which of them acts on an event. The package itself does
// nothing to an event: an [Action] says what the proxy has to do.
//
//	status:429 rate:30% for type:ContactCreate    3 of 10 are answered 429
//	status:503 times:5                            so are the next five events, with 503
//	delay:1s..5s expires:10m for .data.score > 3  slow for ten minutes
//
// # Rules
//
// A rule is its effects, and after the word "for" the events that they apply
// to, in the filter language (package filter). Without "for" a rule applies to
// every event. Effects are words such as status:429 and may stand in any order
// and any case; [Effects] has the table of them. All of the text after the
// first "for" belongs to the filter. A rule is decided before the app is
// called, so a filter that asks for an attempt, an answer or a state is refused.
//
// # Decisions
//
// Rules are tried in the order in which they were added; the first that fires
// decides. rate: and ranges of delays are drawn from a generator that each rule
// has for itself, seeded with 1 or with the number after seed: the same events
// in the same order get the same faults. A rule that has ended, after times:
// events or the time of expires:, stays in the table and never fires again.
// Changes of the clock do not move that end.
//
// An event on which a jq expression fails does not match. One on which it runs
// out of time does not fire the rule either, and is counted as undecided.
package fault
