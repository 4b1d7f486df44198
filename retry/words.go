package retry

import (
	"fmt"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

// Words says in a line how the simulation ended.
func (r Record) Words() string {
	n := len(r.Sends)
	switch {
	case r.Outcome == OutcomeCancelled:
		return r.cancelledWords()
	case n == 0:
		return "nothing was sent"
	case r.Outcome == OutcomeAccepted && n == 1:
		return r.acceptedAtOnce()
	case r.Outcome == OutcomeAccepted:
		return fmt.Sprintf("accepted on retry %d: on %s %s late", n-1, r.Simulation.Policy.sender(), roughly(r.Sends[n-1].Offset))
	}
	policy, last := r.Simulation.Policy, r.Sends[n-1]
	if policy.Retries(last.Status) {
		return fmt.Sprintf("gave up after %s: lost", count(n, "send", "sends"))
	}
	unused := "no retries left"
	if left := policy.retries() + 1 - n; left > 0 {
		unused = count(left, "retry", "retries") + " unused"
	}
	return fmt.Sprintf("%s on send %d: the platform stops here, %s", statusWords(last.Status), n, unused)
}

// acceptedAtOnce says what a simulation without a retry teaches: how to get one.
func (r Record) acceptedAtOnce() string {
	if retries := r.Simulation.Policy.retries(); retries > 0 {
		return fmt.Sprintf("nothing to retry: simulate failures with --fail %d", min(retries, 2))
	}
	return "nothing to retry: the policy has no retries"
}

func (r Record) cancelledWords() string {
	words := "cancelled before the first send"
	if n := len(r.Sends); n > 0 {
		words = "cancelled after " + count(n, "send", "sends")
		last := r.Sends[n-1]
		switch {
		case last.Interrupted:
			words = fmt.Sprintf("cancelled during send %d: what became of it only the app knows", n)
		case last.Failure != "":
			words = fmt.Sprintf("cancelled by send %d", n)
		}
	}
	if r.Reason != "" {
		words += ": " + r.Reason
	}
	return words
}

// sender names the policy's platform as its own people write it: the policy
// "taskee" is Taskee's.
func (p Policy) sender() string {
	first, size := utf8.DecodeRuneInString(p.Name)
	if size == 0 {
		return "the platform"
	}
	return string(unicode.ToUpper(first)) + p.Name[size:]
}

// statusWords writes a status, or that there was none.
func statusWords(status int) string {
	if status <= 0 {
		return "no answer"
	}
	return strconv.Itoa(status)
}

// count writes a number and what it counts.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
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

// twoUnits leaves the smaller unit out when there is none of it.
func twoUnits(large time.Duration, unit string, small time.Duration, smallUnit string) string {
	words := fmt.Sprintf("%d %s", large, unit)
	if small > 0 {
		words += fmt.Sprintf(" %d %s", small, smallUnit)
	}
	return words
}
