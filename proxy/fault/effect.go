package fault

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Effect is what a rule does to one event. Its zero value does nothing.
type Effect struct {
	Rule int // the rule's ID

	Status     int    // answered in place of the app, which is not called; 0: it is
	Body       string // of that answer; "": Taskhook's own words
	RetryAfter string // its header Retry-After, "": none

	Before time.Duration // before the app is called
	After  time.Duration // between the app's answer and its being passed on
	Hang   bool          // the sender waits until the time limit; the app is not called
	Drop   Drop          // where the sender's connection is cut, "": nowhere

	Copies    int           // deliveries to the app in all; 0 and 1: one
	Spacing   time.Duration // between two of them; 0: together
	Signature Signature     // what becomes of it towards the app, "": nothing
}

// ContentType says what Body is, for a header of that name: JSON or plain text.
// It is "" if there is no Body.
func (e Effect) ContentType() string {
	switch {
	case e.Body == "":
		return ""
	case json.Valid([]byte(e.Body)):
		return "application/json"
	}
	return "text/plain; charset=utf-8"
}

// Words says what is done, as it is kept with the attempt: "429 by rule 2". It
// is "" for the zero value.
func (e Effect) Words() string {
	var done []string
	say := func(on bool, format string, args ...any) {
		if on {
			done = append(done, fmt.Sprintf(format, args...))
		}
	}
	say(e.Before > 0, "delayed %s", round(e.Before))
	say(e.Status != 0, "%d", e.Status)
	say(e.Hang, "no answer until the time limit")
	say(e.Signature == SignatureStrip, "signature removed")
	say(e.Signature == SignatureCorrupt, "signature made wrong")
	say(e.Copies > 1, "delivered %d times", e.Copies)
	say(e.After > 0, "answer held back %s", round(e.After))
	say(e.Drop == DropBefore, "connection dropped before the answer")
	say(e.Drop == DropMiddle, "connection dropped in the middle of the answer")
	if len(done) == 0 {
		return ""
	}
	return fmt.Sprintf("%s by rule %d", strings.Join(done, ", "), e.Rule)
}

// round leaves as much of a duration as matters.
func round(d time.Duration) time.Duration {
	switch {
	case d >= time.Second:
		return d.Round(100 * time.Millisecond)
	case d >= time.Millisecond:
		return d.Round(time.Millisecond)
	}
	return d
}
