package format

import (
	"strconv"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// Outcome says in a few words what has become of an event by now: the status
// that its sender got from the app and what that does not say, such as
// "200 on try 2" or "429 retry 2/6 in 9m". maxRetries is how many retries the
// sender makes, 0 if that is not known.
func Outcome(s webhook.Summary, maxRetries int, now time.Time) string {
	o := s.Outcome
	switch state := o.State(now); state {
	case webhook.StateRejected:
		return string(o.Decision)
	case webhook.StateDelivered:
		return delivered(s)
	case webhook.StateRecovered:
		return recovered(s)
	case webhook.StateRetrying:
		text := answered(s)
		if text == noAnswer || text == notForwarded {
			text += ","
		}
		return text + " retry " + Retry(lastTry(s), "/", maxRetries) + " " + Until(o.Answer.RetryAt, now)
	case webhook.StateOverdue:
		return answered(s) + " overdue"
	case webhook.StateFailed:
		return failed(s)
	default:
		return string(state)
	}
}

// StateAfter says what has become of an event after an attempt, which may have
// been made with other bytes than the event's.
func StateAfter(a webhook.Attempt, s webhook.State) string {
	settled := s != webhook.StateFailed && s != webhook.StateOverdue && s != webhook.StateInterrupted
	if a.Trigger != webhook.TriggerResend || !a.DeliveredToApp() || settled {
		return string(s)
	}
	return "as another event: " + a.EventID.String() + " stays " + string(s)
}

// lastTry is the send whose outcome the event shares, from 1.
func lastTry(s webhook.Summary) int { return max(s.Try, s.Outcome.Try) }

func delivered(s webhook.Summary) string {
	text := answered(s)
	same := s.LastStatus == s.Outcome.Answer.Status // the last attempt is that one, as far as lists know
	switch try := lastTry(s); {
	case try > 1 && s.Unsuccessful && same:
		return text + " on try " + strconv.Itoa(try) + ", success:false"
	case try > 1:
		return text + " on try " + strconv.Itoa(try)
	case s.Unsuccessful && same:
		return text + " success:false"
	case s.Slow && same:
		return text + " in " + Duration(s.LastDuration)
	}
	return text
}

// recovered has the status of the last attempt if it is that of a delivery: a
// later one may have failed.
func recovered(s webhook.Summary) string {
	if !webhook.Delivered(s.LastStatus) {
		return "recovered"
	}
	if s.Unsuccessful {
		return strconv.Itoa(s.LastStatus) + " recovered, success:false"
	}
	return strconv.Itoa(s.LastStatus) + " recovered"
}

func failed(s webhook.Summary) string {
	switch a := s.Outcome.Answer; {
	case a.SenderGone:
		return "sender gone"
	case a.BrokenOff && a.Status == 0:
		return "no answer"
	case a.BrokenOff:
		return strconv.Itoa(a.Status) + " broken off"
	}
	switch text := answered(s); text {
	case noAnswer, notForwarded:
		return text
	default:
		return text + " failed"
	}
}

// What stands for a status when there is none.
const (
	noAnswer     = "no answer"     // the app gave none
	notForwarded = "not forwarded" // the app was not asked
)

// answered is the app's answer to the send whose outcome the event shares. What
// Taskhook answered is never shown as the app's.
func answered(s webhook.Summary) string {
	switch a := s.Outcome.Answer; {
	case a.By != webhook.ByTaskhook:
		return strconv.Itoa(a.Status)
	case s.Attempts == 0:
		return notForwarded
	case s.Faulted && a.Status != 0:
		return "fault " + strconv.Itoa(a.Status)
	}
	return noAnswer
}
