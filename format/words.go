package format

import (
	"cmp"
	"strconv"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// next is what follows from a state of an event. The words for the states
// themselves are in webhook/state.go: people type them in filters, too.
var next = map[webhook.State]string{
	webhook.StateOverdue:     "resend it",
	webhook.StateFailed:      "the platform will not send it again; resend it",
	webhook.StateRecovered:   "failed on the platform, delivered afterwards",
	webhook.StateRejected:    "not forwarded",
	webhook.StateIgnored:     "kept and not forwarded, by a rule",
	webhook.StatePassed:      "not a webhook: it went to the app unchecked",
	webhook.StateInterrupted: "taskhook ended before the answer was known; resend it if the app has not got it",
}

// StateNext says what follows from a state, "" if nothing does.
func StateNext(s webhook.State) string { return next[s] }

// StateLine says what has become of an event by now, and which retry is
// expected when. Try is the number of the send, from 1; maxRetries is how many
// retries the sender makes, 0 if that is not known. Times are in the time zone
// of now.
func StateLine(o webhook.Outcome, try, maxRetries int, now time.Time) string {
	state := o.State(now)
	expected := o.Answer.RetryAt.In(now.Location())
	switch state {
	case webhook.StateRetrying:
		return string(state) + ": retry " + Retry(try, " of ", maxRetries) + " expected about " + ShortTime(expected, now)
	case webhook.StateOverdue:
		return string(state) + ": the retry expected about " + ShortTime(expected, now) + " did not come"
	}
	return string(state)
}

// Retry writes which retry comes after a try, and of how many unless
// maxRetries is 0: "2 of 6", with of as it stands between.
func Retry(try int, of string, maxRetries int) string {
	n := strconv.Itoa(max(1, try))
	if maxRetries > 0 {
		n += of + strconv.Itoa(maxRetries)
	}
	return n
}

// Status writes the status of an answer: "200", or "no answer" for 0 and what
// is below.
func Status(status int) string {
	if status <= 0 {
		return "no answer"
	}
	return strconv.Itoa(status)
}

// Answer writes the status of an answer and how long it took: "200 in 3.1ms".
func Answer(status int, took time.Duration) string { return Status(status) + " in " + Duration(took) }

// Signed says that an attempt did not go out with the signature that came.
const Signed = "by the development key, in place of the signature that came"

// AnswerOf writes the status of an attempt's answer and how long it took: "200 in
// 3.1ms", or "200 after 1m 34s" for a late answer.
func AnswerOf(a webhook.Attempt) string {
	if a.Trigger == webhook.TriggerLate {
		return Status(a.StatusCode) + " after " + Duration(a.Duration)
	}
	return Answer(a.StatusCode, a.Duration)
}

// Told says what the sender had been told before a late answer of the app came;
// 0: the sender had hung up.
func Told(status int) string {
	if status == 0 {
		return "the sender had hung up"
	}
	return "the sender had been told " + strconv.Itoa(status)
}

// Waited says how long an app was waited for before an attempt: "waited 1.2s
// for the app".
func Waited(d time.Duration) string { return "waited " + Duration(d) + " for the app" }

// verdicts are the words for what the signature check found.
var verdicts = map[webhook.VerdictStatus]string{
	webhook.Valid:     "valid",
	webhook.Invalid:   "invalid",
	webhook.Unsigned:  "unsigned",
	webhook.Unchecked: "unchecked",
	webhook.Skipped:   "skipped",
}

// VerdictStatus is the word for what the signature check found.
func VerdictStatus(s webhook.VerdictStatus) string {
	return cmp.Or(verdicts[s], string(s))
}

// Verdict says what the signature check found, and whose key fits: "valid:
// signed by taskee (rsa)".
func Verdict(v webhook.Verdict) string {
	text := VerdictStatus(v.Status)
	if v.Key != "" {
		text += ": signed by " + v.Key
		if v.Scheme != "" {
			text += " (" + v.Scheme + ")"
		}
	}
	return text
}

// HealthWord says whether the app answers, in the fewest words.
func HealthWord(h webhook.Health) string {
	switch {
	case !h.Known:
		return "not probed yet"
	case h.Up:
		return "answers"
	}
	return "does not answer"
}

// Health says whether the app answers, and where, or why not, as what follows
// its name.
func Health(h webhook.Health) string {
	text := HealthWord(h)
	switch {
	case h.Known && h.Up && h.Address != "":
		text += " on " + h.Address
	case h.Known && !h.Up && h.Error != "":
		text += ": " + h.Error
	}
	return text
}
