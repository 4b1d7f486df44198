package sandbox

import (
	"fmt"
	"strings"
	"time"

	"github.com/taskhook/taskhook/taskee"
)

// percent never rounds up to all.
func percent(part, whole int) string {
	p := 100 * part / max(1, whole)
	return fmt.Sprintf("%d %%", p)
}

// LastStatus is the status of the last attempt, 0 if none was made or answered.
func (h Hook) LastStatus() int {
	if n := len(h.Attempts); n > 0 {
		return h.Attempts[n-1].Status
	}
	return 0
}

// Outcome says in a line what became of a webhook.
func (h Hook) Outcome() string {
	n := len(h.Attempts)
	switch {
	case h.State == StateUnsent:
		return "not sent: " + h.Reason
	case h.State == StatePending && n == 0:
		return "to be sent"
	case h.State == StatePending:
		return fmt.Sprintf("retry %d of %d at %s", n, taskee.Policy().MaxRetries, h.NextRetry.Format(time.TimeOnly))
	case h.State == StateDelivered && n > 1:
		return fmt.Sprintf("delivered on retry %d", n-1)
	case h.State == StateFailed && n > taskee.Policy().MaxRetries:
		return "gave up after 7 sends"
	case h.State == StateFailed:
		return "failed: only a 429 is retried"
	}
	return string(h.State)
}

// Caused says which API request it came of, "" if none.
func (h Hook) Caused() string {
	if h.Cause.Method == "" {
		return ""
	}
	return fmt.Sprintf("%s %s by %s", h.Cause.Method, h.Cause.Path, h.Cause.Token)
}

// Text is the body for reading.
func (h Hook) Text() string { return string(h.Body) }

// Signatures are the headers it was signed with, one a line.
func (h Hook) Signatures() string {
	var b strings.Builder
	for _, name := range []string{taskee.HeaderRSA, taskee.HeaderEd25519} {
		for _, v := range h.Header[name] {
			fmt.Fprintf(&b, "%s: %s\n", strings.ToLower(name), v)
		}
	}
	return b.String()
}

// Said is a try in a line.
func (t Try) Said() string {
	if t.Status == 0 {
		return t.Error
	}
	out := fmt.Sprintf("%d in %.1f ms", t.Status, t.DurationMS)
	if t.Error != "" {
		out += ", " + t.Error
	}
	return out
}
