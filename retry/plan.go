package retry

import (
	"math/bits"
	"math/rand/v2"
	"time"
)

// Schedule has the time of each send if every answer is retried and takes no
// time, as an offset from the first send, which is at 0.
type Schedule []time.Duration

// Gap returns the time between a send (from 2) and the answer to the one before
// it. It is 0 for send 1 and for a send that is not on the schedule.
func (s Schedule) Gap(send int) time.Duration {
	if send < 2 || send > len(s) {
		return 0
	}
	return s[send-1] - s[send-2]
}

// Plan draws the schedule of a policy from a seed. The same policy and seed give
// the same schedule on every platform and in every release.
//
// Therefore the jitter depends only on a published algorithm: PCG-DXSM
// (math/rand/v2) with the state (seed, 0), and one uniform number of nanoseconds
// for each retry in turn by Lemire's method. None is drawn when JitterMin and
// JitterMax are equal.
func Plan(p Policy, seed uint64) Schedule {
	source := rand.NewPCG(seed, 0)
	s := make(Schedule, p.retries()+1)
	for n := 1; n < len(s); n++ {
		shortest, longest := p.Bounds(n)
		shortest, longest = min(shortest, maxGap), min(longest, maxGap)
		gap := shortest
		if longest > shortest {
			gap += time.Duration(uniform(source, uint64(longest-shortest)+1))
		}
		s[n] = s[n-1] + gap
	}
	return s
}

// uniform draws from 0 to n-1 without bias. It does not use rand.Rand, which does
// not promise how it reduces a draw.
func uniform(source *rand.PCG, n uint64) uint64 {
	high, low := bits.Mul64(source.Uint64(), n)
	for reject := -n % n; low < reject; {
		high, low = bits.Mul64(source.Uint64(), n)
	}
	return high
}
