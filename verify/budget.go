package verify

import (
	"sync"
	"time"
)

// The work that explaining all bad signatures together may take on the request
// path (requestPathLimit bounds the body of one; Diagnose has no limit), in
// microseconds of an ordinary processor. A person who debugs one sender never
// reaches the limit; a flood of bad signatures reaches it within a second and
// costs next to nothing from then on.
const (
	budgetBurst     = 200_000
	budgetPerSecond = 50_000
)

// Nominal costs in microseconds. Only their order of magnitude matters.
const (
	costRSA4096 = 100
	costEd25519 = 60
	costPerKiB  = 3  // make an altered body, hash it
	costJSONKiB = 30 // read and write JSON
)

// costRSA is the cost of opening a signature of a size in bytes.
func costRSA(size int) int { return 1 + costRSA4096*size*size/(512*512) }

// budget is a token bucket. The zero value is full; a nil one has no limit.
// It is safe for concurrent use.
type budget struct {
	mu   sync.Mutex
	used float64   // of the burst
	at   time.Time // when used was right
}

// spend reports whether the budget covers a cost, and deducts it if so.
func (b *budget) spend(cost int) bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.used = max(0, b.used-now.Sub(b.at).Seconds()*budgetPerSecond)
	b.at = now
	if b.used+float64(cost) > budgetBurst {
		return false
	}
	b.used += float64(cost)
	return true
}
