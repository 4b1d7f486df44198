package verify

import (
	"sync"
	"time"
)

// The work that explaining bad signatures may take on the request path, in
// microseconds of an ordinary processor. A person who mends one sender never
// meets the limit; a flood meets it within a second and from then on costs
// next to nothing more than being refused.
const (
	allowanceBurst     = 200_000
	allowancePerSecond = 50_000
)

// Nominal costs in microseconds. They need not be exact: they only keep the
// order of magnitude honest.
const (
	costRSA4096 = 100
	costEd25519 = 60
	costPerKiB  = 3  // make an altered body, hash it
	costJSONKiB = 30 // read and write JSON
)

// costRSA is the cost of opening a signature of a size in bytes.
func costRSA(size int) int { return 1 + costRSA4096*size*size/(512*512) }

// allowance is a token bucket. The zero value is full; a nil one has no limit.
// It is safe for concurrent use.
type allowance struct {
	mu   sync.Mutex
	used float64   // of the burst
	at   time.Time // when used was right
}

// take reports whether work of a cost may be done, and books it.
func (a *allowance) take(cost int) bool {
	if a == nil {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now()
	a.used = max(0, a.used-now.Sub(a.at).Seconds()*allowancePerSecond)
	a.at = now
	if a.used+float64(cost) > allowanceBurst {
		return false
	}
	a.used += float64(cost)
	return true
}
