package retry

import (
	"fmt"
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
		return fmt.Sprintf("delivered on retry %d: %s late on %s", n-1, format.Duration(r.Sends[n-1].Offset), r.Simulation.Policy.sender())
	}
	policy, last := r.Simulation.Policy, r.Sends[n-1]
	if policy.Retries(last.Status) {
		return fmt.Sprintf("failed: the platform gives up after %s", format.Plural(n, "send", "sends"))
	}
	unused := "no retries left"
	if left := policy.retries() + 1 - n; left > 0 {
		unused = format.Plural(left, "retry", "retries") + " unused"
	}
	return fmt.Sprintf("failed: %s on send %d is final, %s", format.Status(last.Status), n, unused)
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
			text = fmt.Sprintf("cancelled at send %d", n)
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
