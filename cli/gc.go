package cli

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// How far the heap of a listener grows before it is collected, in percent of
// what is live. Go's own 100 % has it collect 4 MB over and over, which costs a
// tenth of the requests. With large bodies in flight that is cheap, and what
// counts is that they take not much more than their bytes.
const (
	mostGrowth  = 400
	leastGrowth = 40
	growth      = 48 << 20 // bytes; between the two the heap grows by so much
)

// tuneGC sets how far the heap may grow, and again after each collection until
// ctx ends.
func tuneGC(ctx context.Context) {
	debug.SetGCPercent(mostGrowth)
	afterGC(ctx, mostGrowth)
}

// afterGC waits for the next collection, which finds that nobody uses the object
// made here.
func afterGC(ctx context.Context, before int) {
	runtime.AddCleanup(new([64]byte), func(before int) {
		if ctx.Err() != nil {
			return
		}
		percent := growthFor(liveHeap())
		if percent != before {
			debug.SetGCPercent(percent)
		}
		afterGC(ctx, percent)
	}, before)
}

// liveHeap is what the last collection has left, in bytes.
func liveHeap() uint64 {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	return live[0].Value.Uint64()
}

// growthFor is how far a heap may grow, in percent of the bytes that are live.
func growthFor(live uint64) int {
	return int(min(max(growth*100/max(live, 1), leastGrowth), mostGrowth))
}
