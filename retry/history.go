package retry

import (
	"fmt"
	"time"
)

// late is how much later than the policy's longest gap a send may still come
// for it: the answer takes its way, and so does the send.
const late = 30 * time.Second

// GapWords says how a send that came again fits the policy: number is its
// number among all sends (from 2), gap the time since the send before was
// answered, which earlier names, and status that answer, or [Nothing]; 0: it
// is not known. "came 10m48s after #12: retry 1 of 6".
func (p Policy) GapWords(earlier string, status, number int, gap time.Duration) string {
	words := fmt.Sprintf("came %s after %s", gap.Round(time.Second), earlier)
	if gap < time.Second {
		words = "came at once after " + earlier
	}
	retry := number - 1
	if retry < 1 || p.MaxRetries == 0 {
		return words
	}
	shortest, longest := p.Bounds(retry)
	switch {
	case status != 0 && !p.Retries(max(status, 0)):
		return words + fmt.Sprintf(": no retry of the policy, for which %s is final", statusWords(status))
	case retry > p.MaxRetries:
		return words + fmt.Sprintf(": send %d, and the policy has %d retries", number, p.MaxRetries)
	case gap < shortest-time.Second || gap > longest+late:
		return words + fmt.Sprintf(": no retry of the policy, which would have come after %s to %s", short(shortest), short(longest))
	}
	return words + fmt.Sprintf(": retry %d of %d", retry, p.MaxRetries)
}
