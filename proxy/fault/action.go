package fault

import (
	"fmt"
	"strings"
	"time"

	"github.com/taskhook/taskhook/format"
)

// Action is what a rule does to one event. The zero value does nothing.
type Action struct {
	Rule int // the rule's ID

	Status int           // the answer, without calling the app; 0: call it
	Before time.Duration // how long to wait before the app is called
	After  time.Duration // how long to delay the app's answer
	Hang   bool          // do not answer before the time limit; the app is not called
	Drop   Drop          // where to cut the sender's connection, "": do not

	Copies    int           // deliveries to the app; 0 and 1: one
	Spacing   time.Duration // between two of them; 0: all at once
	Signature Signature     // what to do to the signature, "": nothing
}

// String says what is done, as it is stored with the attempt: "429 by rule 2".
// It is "" for the zero value.
func (a Action) String() string {
	var done []string
	say := func(on bool, layout string, args ...any) {
		if on {
			done = append(done, fmt.Sprintf(layout, args...))
		}
	}
	say(a.Before > 0, "delayed %s", format.Duration(a.Before))
	say(a.Status != 0, "%d", a.Status)
	say(a.Hang, "no answer until the time limit")
	say(a.Signature == SignatureStrip, "signature removed")
	say(a.Signature == SignatureCorrupt, "signature corrupted")
	say(a.Copies > 1, "delivered %d times", a.Copies)
	say(a.After > 0, "answer delayed %s", format.Duration(a.After))
	say(a.Drop == DropBefore, "connection dropped before the answer")
	say(a.Drop == DropMiddle, "connection dropped in the middle of the answer")
	if len(done) == 0 {
		return ""
	}
	return fmt.Sprintf("%s by rule %d", strings.Join(done, ", "), a.Rule)
}
