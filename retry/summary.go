package retry

import (
	"fmt"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/taskhook/taskhook/format"
)

// Summary says in one line how the simulation ended.
func (r Record) Summary() string {
	n := len(r.Sends)
	switch {
	case r.Outcome == OutcomeCancelled:
		return r.describeCancelled()
	case n == 0:
		return "nothing was sent"
	case r.Outcome == OutcomeDelivered && n == 1:
		return r.deliveredAtOnce()
	case r.Outcome == OutcomeDelivered:
		return fmt.Sprintf("delivered on retry %d: %s late on %s", n-1, roughly(r.Sends[n-1].Offset), r.Simulation.Policy.sender())
	}
	policy, last := r.Simulation.Policy, r.Sends[n-1]
	if policy.Retries(last.Status) {
		return fmt.Sprintf("failed: the platform gives up after %s", format.Plural(n, "send", "sends"))
	}
	unused := "no retries left"
	if left := policy.retries() + 1 - n; left > 0 {
		unused = format.Plural(left, "retry", "retries") + " unused"
	}
	return fmt.Sprintf("failed: %s on send %d is final, %s", statusText(last.Status), n, unused)
}

// deliveredAtOnce says how to get a retry.
func (r Record) deliveredAtOnce() string {
	if retries := r.Simulation.Policy.retries(); retries > 0 {
		return fmt.Sprintf("nothing to retry: simulate failures with --fail %d", min(retries, 2))
	}
	return "nothing to retry: the policy has no retries"
}

func (r Record) describeCancelled() string {
	text := "cancelled before the first send"
	if n := len(r.Sends); n > 0 {
		text = "cancelled after " + format.Plural(n, "send", "sends")
		last := r.Sends[n-1]
		switch {
		case last.Interrupted:
			text = fmt.Sprintf("cancelled during send %d, which your app may have processed", n)
		case last.Failure != "":
			text = fmt.Sprintf("cancelled by send %d", n)
		}
	}
	if r.Reason != "" {
		text += ": " + r.Reason
	}
	return text
}

// sender is the name of the policy's platform as people write it: "Taskee" for
// the policy "taskee".
func (p Policy) sender() string {
	first, size := utf8.DecodeRuneInString(p.Name)
	if size == 0 {
		return "the platform"
	}
	return string(unicode.ToUpper(first)) + p.Name[size:]
}

// statusText writes a status, or that there was none.
func statusText(status int) string {
	if status <= 0 {
		return "no answer"
	}
	return strconv.Itoa(status)
}

// roughly writes a duration as people say it: "12 s", "31 min", "1 h 10 min",
// "2 d 3 h", rounded to its last unit.
func roughly(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d.Round(time.Second) < time.Minute:
		return fmt.Sprintf("%d s", d.Round(time.Second)/time.Second)
	case d.Round(time.Minute) < time.Hour:
		return fmt.Sprintf("%d min", d.Round(time.Minute)/time.Minute)
	case d.Round(time.Minute) < day:
		d = d.Round(time.Minute)
		return twoUnits(d/time.Hour, "h", d%time.Hour/time.Minute, "min")
	}
	d = d.Round(time.Hour)
	return twoUnits(d/day, "d", d%day/time.Hour, "h")
}

// twoUnits leaves the smaller unit out if it is 0.
func twoUnits(large time.Duration, unit string, small time.Duration, smallUnit string) string {
	text := fmt.Sprintf("%d %s", large, unit)
	if small > 0 {
		text += fmt.Sprintf(" %d %s", small, smallUnit)
	}
	return text
}
