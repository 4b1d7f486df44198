package inspector

import (
	"strconv"
	"strings"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// Signs tell states apart without colour.
const (
	signGood      = "✓"
	signBad       = "✗"
	signRetrying  = "↻"
	signRejected  = "⊘"
	signRecovered = "↑"
	signUnknown   = "?"
	signWaiting   = "…"
	signWarning   = "!"
	signNone      = "·"
	signUp        = "●"
	signDown      = "○"
)

// mood is what a state means to a person; a style belongs to each.
type mood int

const (
	moodPlain mood = iota
	moodGood
	moodWarn
	moodBad
	moodDim
)

func stateSign(s webhook.State) (string, mood) {
	switch s {
	case webhook.StateDelivered:
		return signGood, moodGood
	case webhook.StateRecovered:
		return signRecovered, moodGood
	case webhook.StateRetrying:
		return signRetrying, moodWarn
	case webhook.StateFailed, webhook.StateOverdue:
		return signBad, moodBad
	case webhook.StateInterrupted:
		return signUnknown, moodWarn
	case webhook.StateRejected:
		return signRejected, moodDim
	case webhook.StateIgnored, webhook.StatePassed:
		return signNone, moodDim
	}
	return signWaiting, moodPlain
}

// verdictSign is the mark of a verdict; a warning on a valid one is not hidden.
func verdictSign(v webhook.Verdict) (string, mood) {
	switch v.Status {
	case webhook.Valid:
		if v.Reason != "" {
			return signGood + signWarning, moodWarn
		}
		return signGood, moodGood
	case webhook.Invalid:
		return signBad, moodBad
	case webhook.Unsigned:
		return "–", moodWarn
	}
	return signNone, moodDim
}

// outcomeBrief is an outcome as the list has room for it.
func outcomeBrief(e webhook.Summary, now time.Time, p retry.Policy, room int) string {
	text := format.Outcome(e, p.MaxRetries, now)
	if len(text) > room {
		text = strings.Replace(text, " in ", " ", 1)
	}
	if len(text) > room {
		text, _, _ = strings.Cut(text, " ")
		if text[0] > '9' {
			return "" // the sign says more than half a word
		}
	}
	if e.RedeliveryOf != 0 {
		if dup := text + ", dup of " + e.RedeliveryOf.String(); len(dup) <= room {
			return dup
		}
	}
	return text
}

// stateLong is a state with what the platform does next.
func stateLong(o webhook.Outcome, try int, now time.Time, p retry.Policy, loc *time.Location) string {
	return format.StateLine(o, try, p.MaxRetries, now.In(loc))
}

// statusText is an attempt's status; without a response it is a dash.
func statusText(status int) string {
	if status == 0 {
		return "–"
	}
	return strconv.Itoa(status)
}

func statusMood(status int) mood {
	switch {
	case webhook.Delivered(status):
		return moodGood
	case status == 429:
		return moodWarn
	}
	return moodBad
}

// answerMood is what a status means as the answer to a request: a redirect is as
// good as any to one that is no webhook.
func answerMood(d webhook.Decision, status int) mood {
	if d == webhook.Passed && status >= 300 && status < 400 {
		return moodPlain
	}
	return statusMood(status)
}

// sentences joins what is there to one text.
func sentences(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		if p = strings.TrimRight(strings.TrimSpace(p), "."); p == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(p)
	}
	return b.String()
}

func location(loc *time.Location) *time.Location {
	if loc == nil {
		return time.Local
	}
	return loc
}
