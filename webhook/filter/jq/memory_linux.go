package jq

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// rlimitData is RLIMIT_DATA, which bounds what a process can write to.
const rlimitData = 2

// limitMemory bounds what this process may take beside what it has. Where the
// machine has too little, it is the first to be ended. Both are safeguards: what
// fails is left to the watchdog.
func limitMemory(bytes uint64) {
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	limit := bytes + writable()
	_ = syscall.Setrlimit(rlimitData, &syscall.Rlimit{Cur: limit, Max: limit})
}

// writable is what the process can write to by now, in bytes: little, or much
// under the race detector.
func writable() uint64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(statm))
	const data = 5 // and stacks
	if len(fields) <= data {
		return 0
	}
	pages, _ := strconv.ParseUint(fields[data], 10, 64)
	return pages * uint64(os.Getpagesize()) //nolint:gosec // positive
}
