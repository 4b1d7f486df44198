package jq

import (
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// How a worker ends that the watchdog ends.
const (
	exitBig  = 3 // it takes too much memory
	exitSlow = 4 // an instruction does not come to its end
)

const (
	// instructionTime is how long a worker may be about one body before it is
	// ended: an instruction of jq cannot be interrupted.
	instructionTime = 2 * time.Second
	// watchEvery is how often the watchdog looks.
	watchEvery = 10 * time.Millisecond
	// looksAtOne is how often it looks at one body before it ends the process.
	looksAtOne = int(instructionTime/watchEvery) / 2
)

// watchdog ends the process when one body takes too long or too much memory:
// not every system bounds a process, and a parent that has died cannot end it.
// It looks as long as there is something to watch.
type watchdog struct {
	memory uint64 // the most, in bytes
	exit   func(code int)
	since  atomic.Int64 // when the body was begun, in Unix nanoseconds; 0: there is none
	awake  atomic.Bool
	timer  *time.Timer
	sample [2]metrics.Sample
	looks  int   // at the body that was begun at seen: while the machine sleeps there are none
	seen   int64 // as since
}

func newWatchdog(memory uint64, exit func(code int)) *watchdog {
	w := &watchdog{memory: memory, exit: exit}
	w.sample[0].Name, w.sample[1].Name = "/memory/classes/total:bytes", "/memory/classes/heap/released:bytes"
	w.timer = time.AfterFunc(time.Hour, w.look)
	w.timer.Stop()
	return w
}

// begin and end are called by one goroutine.
func (w *watchdog) begin() {
	w.since.Store(time.Now().UnixNano())
	w.rise()
}

func (w *watchdog) end() { w.since.Store(0) }

func (w *watchdog) rise() {
	if !w.awake.Swap(true) {
		w.timer.Reset(watchEvery)
	}
}

func (w *watchdog) look() {
	w.awake.Store(false)
	since := w.since.Load()
	if since == 0 {
		return // begin wakes it again
	}
	if since != w.seen {
		w.seen, w.looks = since, 0
	}
	w.looks++
	metrics.Read(w.sample[:])
	switch {
	case w.sample[0].Value.Uint64()-w.sample[1].Value.Uint64() > w.memory:
		w.exit(exitBig)
	case w.looks > looksAtOne && time.Duration(time.Now().UnixNano()-since) > instructionTime:
		w.exit(exitSlow)
	}
	w.rise()
}
