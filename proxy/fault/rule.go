package fault

import (
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

// Drop says where a connection is cut.
type Drop string

// Where a connection is cut. The app is called either way.
const (
	DropBefore Drop = "before" // before the app's answer
	DropMiddle Drop = "middle" // after half of the app's answer
)

// Signature says what happens to the signature that the app gets.
type Signature string

// What happens to a signature.
const (
	SignatureStrip   Signature = "strip"   // its headers are removed
	SignatureCorrupt Signature = "corrupt" // it is well-formed and wrong
)

// Rule is one parsed rule. It never changes; [Parse] makes it.
type Rule struct {
	text   string
	filter *filter.Filter

	status     int
	delay      delayRange // before the app is called
	delayAfter delayRange // of the app's answer
	hang       bool
	drop       Drop
	copies     int // deliveries; 0: one
	spacing    time.Duration
	signature  Signature

	rate     float64 // of the events that match, up to 1; 0: all
	seed     uint64
	every    int           // of the events that match; 0: each
	times    int           // events until the rule ends; 0: no limit
	lifetime time.Duration // until the rule ends; 0: no limit
}

// Description says in one line what the rule does, and to which events.
func (r Rule) Description() string {
	var does []string
	say := func(on bool, layout string, args ...any) {
		if on {
			does = append(does, fmt.Sprintf(layout, args...))
		}
	}
	say(r.delay.max > 0, "wait %s before your app is called", r.delay)
	say(r.status != 0, "answer %d without calling your app", r.status)
	say(r.hang, "do not answer before the time limit, without calling your app")
	say(r.signature == SignatureStrip, "remove the signature")
	say(r.signature == SignatureCorrupt, "corrupt the signature")
	say(r.copies > 1 && r.spacing == 0, "deliver it %d times at once", r.copies)
	say(r.copies > 1 && r.spacing > 0, "deliver it %d times, %s apart", r.copies, format.Duration(r.spacing))
	say(r.delayAfter.max > 0, "delay your app's answer by %s", r.delayAfter)
	say(r.drop == DropBefore, "drop the connection before your app's answer")
	say(r.drop == DropMiddle, "drop the connection in the middle of your app's answer")
	return strings.Join(does, ", ") + r.events()
}

// events says which events the rule acts on.
func (r Rule) events() string {
	which := ""
	switch {
	case r.every > 1:
		which = fmt.Sprintf("1 of %d", r.every)
	case r.rate > 0 && r.rate < 1:
		which = format.Percent(r.rate)
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
	const final = "the platform does not send the event again, and only Taskhook still has it"
	late := ""
	if r.delay.max+r.delayAfter.max > senderTimeout {
		late = "the platform may hang up before such a late answer, and that is final: " + final
	}
	warning := ""
	switch {
	case r.status == http.StatusTooManyRequests:
		warning = "a 429 spends real retries of the platform: it sends the event again in about ten minutes, six times at most"
	case webhook.Delivered(r.status):
		warning = "to the platform the event is delivered, but your app never gets it"
	case r.status != 0:
		return fmt.Sprintf("%d is final: %s", r.status, final)
	case r.hang:
		return "a timeout is final: " + final
	case r.drop != "":
		return "a broken connection is final: " + final
	case r.signature != "":
		return "an app that verifies signatures refuses the event, and any answer but 2xx and 429 is final: " + final
	}
	if warning != "" && late != "" {
		warning += "; "
	}
	return warning + late
}

// senderTimeout is the shortest timeout that the platform may have: it does not
// publish one.
const senderTimeout = 10 * time.Second
