package inspector

import (
	"fmt"
	"strconv"
	"time"

	"taskhook/webhook"
	"taskhook/webhook/export"
)

// answerLines bounds what is shown of each answer's body.
const answerLines = 200

// attemptLines is the Attempts tab: every attempt in order, then what comes.
func attemptLines(d shown, width int, o *Options) []line {
	b := &lineBuilder{width: width}
	for i, a := range d.attempts {
		if i > 0 {
			b.blank()
		}
		gap := time.Duration(0)
		if i > 0 {
			gap = a.StartedAt.Sub(d.attempts[i-1].StartedAt)
		}
		b.addAttempt(a, gap, location(o.Location))
		if b.full() {
			break
		}
	}
	if len(d.attempts) == 0 {
		b.add(lookDim, "Not sent to the app.")
	}
	b.addAnswer(d.event.Answer, len(d.attempts))
	return b.lines
}

func (b *lineBuilder) addAttempt(a webhook.Attempt, gap time.Duration, loc *time.Location) {
	name := strconv.Itoa(a.Delivery) + "." + strconv.Itoa(a.Number) + " " + export.Clean(string(a.Trigger))
	if gap > 0 {
		name += ", " + brief(gap) + " later"
	}
	b.add(lookTitle, name+" · "+a.StartedAt.In(loc).Format("15:04:05.000"))
	outcome, l := attemptOutcome(a)
	b.add(l, outcome)
	b.add(lookDim, "→ "+export.Clean(a.Target))
	if a.Error != "" {
		b.add(lookBad, export.Clean(a.Error))
	}
	if a.Hint != "" {
		b.add(lookWarn, "hint: "+export.Clean(a.Hint))
	}
	if s := a.Sent; s != nil {
		b.add(lookDim, export.Clean("sent instead of the event's own bytes: "+s.Method+" "+s.Path+", "+size(int64(len(s.Body)))))
		b.addHeader(lookField, s.Header)
		b.addPayload(s.Body, answerLines)
		b.add(lookDim, "answer:")
	}
	b.addHeader(lookField, a.Header)
	b.addPayload(a.Body, answerLines)
	if kept := int64(len(a.Body)); a.BodySize > kept && kept > 0 {
		b.add(lookDim, "the first "+size(kept)+" of "+size(a.BodySize))
	}
}

func attemptOutcome(a webhook.Attempt) (string, look) {
	if a.StatusCode == 0 {
		return signBad + " no response after " + brief(a.Duration), lookBad
	}
	text, l := fmt.Sprintf("%d in %s", a.StatusCode, brief(a.Duration)), lookBad
	switch statusMood(a.StatusCode) {
	case moodGood:
		text, l = signGood+" "+text, lookGood
	case moodWarn:
		text, l = signPending+" "+text, lookWarn
	default:
		text = signBad + " " + text
	}
	if a.Unsuccessful {
		text, l = text+`, but it says "success":false`, lookWarn
	}
	if a.Slow {
		text += ", slow"
	}
	if a.Simulated {
		text += ", simulated"
	}
	return text, l
}

// addAnswer says what the sender was told where no attempt says it.
func (b *lineBuilder) addAnswer(a webhook.Answer, attempts int) {
	switch {
	case a.SenderGone:
		b.blank()
		b.add(lookBad, "The sender hung up before it could be told.")
	case a.Status != 0 && (attempts == 0 || a.By == webhook.ByTaskhook):
		b.blank()
		b.add(lookPlain, "Taskhook answered "+strconv.Itoa(a.Status)+".")
		if a.Reason != "" {
			b.add(lookDim, export.Clean(a.Reason))
		}
	}
}
