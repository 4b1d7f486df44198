package retry

import (
	"fmt"
	"time"

	"github.com/taskhook/taskhook/format"
)

// tolerance is how much later than the policy's longest gap a retry may come:
// the answer and the send both take their time on the network.
const tolerance = 30 * time.Second

// DescribeGap says how a redelivery fits the policy: "came 10m48s after #12:
// retry 1 of 6". Earlier names the send before, gap is the time since its
// answer, and status is that answer, or [NoResponse], or 0 if it is not known.
// Number counts all sends from 1, so that the redelivery is at least the second.
// Late is how much later than its sender has announced it came, nil if nothing
// was: a sandbox has a clock of its own.
func (p Policy) DescribeGap(earlier string, status, number int, gap time.Duration, late *time.Duration) string {
	text := fmt.Sprintf("came %s after %s", format.Duration(gap), earlier)
	if gap < time.Second {
		text = "came immediately after " + earlier
	}
	retry := number - 1
	if retry < 1 || p.MaxRetries == 0 {
		return text
	}
	shortest, longest := p.Bounds(retry)
	announced := late != nil && *late >= -time.Second && *late <= tolerance
	switch {
	case status != 0 && !p.Retries(max(status, 0)):
		return text + fmt.Sprintf(": not a retry of the policy, which does not retry after %s", format.Status(status))
	case retry > p.MaxRetries:
		return text + fmt.Sprintf(": send %d, but the policy has %d retries", number, p.MaxRetries)
	case !announced && (gap < shortest-time.Second || gap > longest+tolerance):
		return text + fmt.Sprintf(": not a retry of the policy, which would come after %s to %s", format.Duration(shortest), format.Duration(longest))
	}
	return text + fmt.Sprintf(": retry %d of %d", retry, p.MaxRetries)
}
