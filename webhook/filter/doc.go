// Package filter is the language in which people pick events: on the screen's
// filter line and after --filter. It parses a text once and matches it against
// events, reading no more of each than it takes. What takes jq, package jq runs in another
// process.
//
//	type:Contact* status:5xx since:1h          all three hold
//	(state:failed or is:slow) !is:duplicate      or, not, parentheses
//	jane@example.com                           in the type, webhookId, path or body
//	(.data.email == "x") verdict:invalid       jq on the body
//
// Terms that stand side by side must all hold; "and" between them changes
// nothing, "or" binds looser. "!" or "not" negates the next term. The keywords
// and the fields' names may be written in any case. A word ends at white space
// or a parenthesis; quotes make anything literal, with \" and \\ inside them.
// A bar separates alternatives wherever a value stands: status:429|none.
// [Reference] has the table of all terms.
//
// # Texts
//
// Texts and names are compared in any case, as strings.EqualFold does. type,
// location, contact, method, key and scheme take a whole name, with * and ? for any letters;
// path and header values are looked for anywhere, but compared whole once they
// have a wildcard. body and a bare text are looked for in the body as it is
// spelled and, where it has escapes, as JSON means it: Zoë is found in Zo\u00eb.
// A compressed body is searched as it reads. A path is searched as it was sent,
// and with its percent-encoding undone.
//
// # jq
//
// A term that begins with "." is jq and runs to the end of the text, or to the
// parenthesis that closes its group: whatever stands there is jq's, its "and",
// "or" and "|" included. To go on after it, put it in parentheses; an expression
// that begins with something else is written jq:(…) or jq:"…". It matches when one
// of its results is neither false nor null. A body that is no JSON does not match.
// An event on which an expression fails is selected neither by it nor by its
// contrary. One for which it takes too long or needs too much memory is [ErrSlow] or
// [ErrMemory], and says nothing of the others.
//
// # States and times
//
// state: is what the list shows. What the counts call failed is
// state:failed|overdue|interrupted.
// status: is the last attempt's, answer: what the sender was told. Times are
// those of the present that is given to [Filter.At], and of its zone.
//
// # What is read
//
// A scan gives each [Row] to [Scan.Row] and reads on only where that is
// [Unknown]: webhookId, path, headers, method, source, key and scheme are of the
// stored event, jq and texts of the body. [Scan.Match] does both with a [Loader];
// [Filter.Bounds] says where to start and end.
package filter
