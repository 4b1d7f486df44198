package webhook

import "slices"

// Decision says that Taskhook did not treat a request as one more webhook for
// the app, and why. It is made when the request is received, stored with the
// event, and never derived from a status: an app or a fault rule may answer
// 401 as well.
type Decision string

// The decisions.
const (
	DecisionNone      Decision = ""              // an event like any other
	RejectedUnsigned  Decision = "unsigned"      // it has no signature
	RejectedSignature Decision = "bad signature" // its signature fits no trusted key
	RejectedMalformed Decision = "malformed"     // it is not a complete HTTP request
	RejectedLoop      Decision = "loop"          // Taskhook has sent it itself
	RejectedBrowser   Decision = "browser"       // a web page has sent it
	Ignored           Decision = "ignored"       // kept and not forwarded, by a rule
	Passed            Decision = "passed"        // it is no webhook, and went to the app unchecked
	RejectedWebSocket Decision = "websocket"     // it asks for a WebSocket
)

// Decisions lists every decision but [DecisionNone]. Stores have the index of a
// decision: new ones are appended.
var Decisions = [...]Decision{
	RejectedUnsigned, RejectedSignature, RejectedMalformed, RejectedLoop, RejectedBrowser, Ignored, Passed,
	RejectedWebSocket,
}

// Rejected reports whether the request was turned away. Such an event counts
// as no failure, and is sent to the app only when a person asks for it in so
// many words.
func (d Decision) Rejected() bool {
	return d != Ignored && d != Passed && slices.Contains(Decisions[:], d)
}
