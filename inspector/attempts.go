package inspector

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/body"
)

// answerLines bounds what is shown of each body among the attempts.
const answerLines = 200

// attempts is the Attempts tab: what came before, every delivery in order, and
// what comes next.
func (r *reading) attempts(b *pageBuilder) error {
	record, err := webhook.ReadRecord(b.ctx, r.feed, r.spec.id, webhook.Parts{Attempts: true})
	if err != nil {
		return err
	}
	all := record.History
	e := r.summary
	if err := r.history(b); err != nil {
		return err
	}
	for i, a := range all {
		var before *webhook.Attempt
		if i > 0 {
			before = &all[i-1]
			b.blank()
			b.add(lookDim, "│ "+gap(*before, a))
		}
		b.attempt(e.Decision, a, before, r.loc)
		if webhook.CutShort(all[i:]) {
			b.add(lookWarn, signRetrying+" cancelled here: the next send would have arrived "+format.Clock(a.RetryAt.In(r.loc)))
		}
	}
	if len(all) == 0 {
		b.add(lookDim, "Not sent to the app.")
	}
	b.answer(e.Answer, len(all), r.loc)
	b.blank()
	r.next(b)
	return nil
}

// gap is the time between the end of one attempt and the start of the next.
func gap(before, a webhook.Attempt) string {
	d := a.StartedAt.Add(-a.Waited).Sub(before.StartedAt.Add(before.Duration))
	if d < 0 {
		return "at the same time"
	}
	return format.Duration(d) + " later"
}

func (b *pageBuilder) attempt(d webhook.Decision, a webhook.Attempt, before *webhook.Attempt, loc *time.Location) {
	b.add(lookTitle, a.Name()+" · "+format.ClockMillis(a.StartedAt.In(loc)))
	if !a.VirtualTime.IsZero() {
		b.add(lookText, "by the policy "+cmp.Or(a.Policy, "given")+": "+virtual(a, before, loc))
	}
	b.add(lookDim, "→ "+format.MaskURLs(a.Target))
	if a.Signed != nil {
		b.add(lookText, "signed "+format.Signed)
	}
	b.sent(a.Sent)
	outcome, l := attemptOutcome(d, a)
	b.add(l, outcome)
	if a.Fault != "" {
		b.add(lookWarn, "fault: "+a.Fault)
	}
	if a.Error != "" {
		b.add(lookBad, a.Error)
	}
	for _, note := range a.Notes {
		b.add(lookWarn, "note: "+note)
	}
	if a.Hint != "" {
		b.add(lookWarn, "hint: "+a.Hint)
	}
	switch {
	case a.Trigger == webhook.TriggerLate:
		b.add(lookDim, "Late: "+format.Told(a.Answered)+".")
	case a.Answered != 0 && a.Answered != a.StatusCode:
		b.add(lookDim, "The sender was told "+strconv.Itoa(a.Answered)+".")
	}
	b.header(a.Header)
	b.part(body.OfAnswer(&a), answerLines)
	if stored := int64(len(a.Body)); a.BodySize > stored && stored > 0 {
		b.add(lookDim, "the first "+format.Bytes(stored)+" of "+format.Bytes(a.BodySize))
	}
	if len(a.Trailer) > 0 {
		b.add(lookDim, "trailers:")
		b.header(a.Trailer)
	}
}

// sent shows what was really sent, if that was not the event's own request.
func (b *pageBuilder) sent(s *webhook.Request) {
	if s == nil {
		return
	}
	b.add(lookWarn, "~ not the event's own bytes but these "+format.Bytes(int64(len(s.Body)))+":")
	b.add(lookText, requestLine(s.Method, s.Path, s.RawQuery))
	b.header(s.Header)
	b.part(body.OfRequest(s), answerLines)
	b.add(lookDim, "answer:")
}

func attemptOutcome(d webhook.Decision, a webhook.Attempt) (string, look) {
	if a.StatusCode == 0 && a.Simulated && a.AppStatus == 0 {
		return signBad + " " + format.Status(0) + ", simulated: the app was not called", lookBad
	}
	text, l := format.AnswerOf(a), lookBad
	switch answerMood(d, a.StatusCode) {
	case moodPlain:
		l = lookText
	case moodGood:
		text, l = signGood+" "+text, lookGood
	case moodWarn:
		text, l = signRetrying+" "+text, lookWarn
	default:
		text = signBad + " " + text
	}
	if a.Unsuccessful {
		text, l = text+`, but it says "success":false`, lookWarn
	}
	if a.Slow {
		text += ", slow"
	}
	if a.Waited > 0 {
		text += ", " + format.Waited(a.Waited)
	}
	switch {
	case a.Simulated && a.AppStatus != 0:
		text += ", simulated: the app itself answered " + strconv.Itoa(a.AppStatus)
	case a.Simulated:
		text += ", simulated: the app was not called"
	}
	return text, l
}

// answer says what the sender was told where no attempt says it.
func (b *pageBuilder) answer(a webhook.Answer, attempts int, loc *time.Location) {
	switch {
	case a.Status == 0 && a.BrokenOff:
		b.blank()
		b.add(lookBad, "Nothing reached the sender: "+a.Reason+".")
	case a.SenderGone:
		b.blank()
		b.add(lookBad, "The sender hung up before it could be told.")
	case a.Shielded:
		b.blank()
		b.add(lookWarn, "Shielded: Taskhook answered "+strconv.Itoa(a.Status)+" in place of the failure, so that the event comes again"+comesAgain(a, loc)+".")
		if reason := strings.TrimPrefix(a.Reason, "shielded: "); reason != "" {
			b.add(lookDim, reason)
		}
	case a.Status != 0 && (attempts == 0 || a.By == webhook.ByTaskhook):
		b.blank()
		b.add(lookText, "Taskhook answered "+strconv.Itoa(a.Status)+".")
		if a.Reason != "" {
			b.add(lookDim, a.Reason)
		}
	}
}

// comesAgain says when the sender is expected again, "" if it is not.
func comesAgain(a webhook.Answer, loc *time.Location) string {
	if a.RetryAt.IsZero() {
		return ""
	}
	return ", about " + format.ShortTime(a.RetryAt.In(loc), a.At)
}

// next says what the platform will do.
func (r *reading) next(b *pageBuilder) {
	e := r.summary
	state := e.State(r.now)
	text := stateLong(e.Outcome, e.Try, r.now, r.policy, r.loc)
	if state == webhook.StateRejected {
		text += " (" + string(e.Decision) + ")"
	}
	if next := format.StateNext(state); next != "" {
		text += "; " + next
	}
	sign, md := stateSign(state)
	b.add(moodLook(md), sign+" "+text)
	if e.RedeliveredAs != 0 {
		b.add(lookDim, "It came again as "+e.RedeliveredAs.String()+".")
	}
}
