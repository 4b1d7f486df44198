package fault

import (
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

// Drop says where a connection is cut.
type Drop string

// Where a connection is cut. The app is called in both.
const (
	DropBefore Drop = "before" // nothing of the app's answer is passed on
	DropMiddle Drop = "middle" // half of it is
)

// Signature says what becomes of an event's signature towards the app.
type Signature string

// What becomes of a signature.
const (
	SignatureStrip   Signature = "strip"   // its headers are removed
	SignatureCorrupt Signature = "corrupt" // well-formed and wrong
)

// Rule is one parsed rule. It never changes; [Parse] makes it.
type Rule struct {
	text   string
	filter *filter.Filter

	status     int
	with       string // body of the answer
	retryAfter string
	delay      span // before the app is called
	delayAfter span // before the answer is passed on
	hang       bool
	drop       Drop
	copies     int // deliveries in all; 0: one
	spacing    time.Duration
	signature  Signature

	rate  float64 // of the events that match, 0: all
	seed  uint64
	every int // of the events that match, 0: each
	times int // after so many it ends, 0: never
	lasts time.Duration
}

// Text returns the rule as it was written.
func (r Rule) Text() string { return r.text }

// Effect says in a line what the rule does, and to what.
func (r Rule) Effect() string {
	var does []string
	say := func(on bool, format string, args ...any) {
		if on {
			does = append(does, fmt.Sprintf(format, args...))
		}
	}
	say(r.delay.max > 0, "wait %s before your app is called", r.delay)
	say(r.status != 0, "answer %d without calling your app", r.status)
	say(r.hang, "let it hang until the time limit without calling your app")
	say(r.signature == SignatureStrip, "remove the signature")
	say(r.signature == SignatureCorrupt, "make the signature wrong")
	say(r.copies > 1 && r.spacing == 0, "deliver it %d times at once", r.copies)
	say(r.copies > 1 && r.spacing > 0, "deliver it %d times, %s apart", r.copies, r.spacing)
	say(r.delayAfter.max > 0, "hold your app's answer back for %s", r.delayAfter)
	say(r.drop == DropBefore, "drop the connection before your app's answer")
	say(r.drop == DropMiddle, "drop the connection in the middle of your app's answer")
	return strings.Join(does, ", ") + r.when()
}

// when says which events the rule acts on.
func (r Rule) when() string {
	which := ""
	switch {
	case r.every > 1:
		which = fmt.Sprintf("1 of %d", r.every)
	case r.rate > 0 && r.rate < 1:
		which = fmt.Sprintf("%.4g %%", r.rate*100)
	}
	what := strings.Map(func(c rune) rune {
		if unicode.IsSpace(c) { // a quotation may run over lines
			return ' '
		}
		return c
	}, r.filter.String())
	switch {
	case what == "" && which == "":
		return ", for every event"
	case what == "":
		return ", for " + which + " of the events"
	case which == "":
		return ", for " + what
	}
	return ", for " + which + " of " + what
}

// Warning says what the rule costs on the real platform, "" if nothing.
func (r Rule) Warning() string {
	const final = "the platform does not send the event again after that: it is lost there, and kept only here"
	late := ""
	if r.delay.max+r.delayAfter.max > patience {
		late = "an answer that takes this long may come after the platform has hung up, and that is final: " + final
	}
	warning := ""
	switch {
	case r.status == http.StatusTooManyRequests:
		warning = "a 429 spends real retries of the platform: it sends the event again in about ten minutes, six times at most"
	case webhook.Delivered(r.status):
		warning = "the platform takes the event for accepted, and your app never sees it"
	case r.status != 0:
		return fmt.Sprintf("%d is final: %s", r.status, final)
	case r.hang:
		return "a time-out is final: " + final
	case r.drop != "":
		return "a connection that breaks is final: " + final
	case r.signature != "":
		return "an app that verifies refuses the event, and any answer but 2xx and 429 is final: " + final
	}
	if warning != "" && late != "" {
		warning += "; "
	}
	return warning + late
}

// patience is from when on a delay may cost an event: no number of seconds is
// published.
const patience = 10 * time.Second
