package cli

import (
	"runtime"
	"testing"
)

func TestAHeapGrowsLessTheLargerItIs(t *testing.T) {
	tests := []struct {
		live uint64
		want int
	}{
		{0, 400},
		{6 << 20, 400}, // a listener under load
		{12 << 20, 400},
		{48 << 20, 100},
		{240 << 20, 40}, // 48 bodies of 5 MB
		{1 << 40, 40},
	}
	for _, tt := range tests {
		if got := growthFor(tt.live); got != tt.want {
			t.Errorf("%d live bytes grow by %d %%, want %d", tt.live, got, tt.want)
		}
	}
	runtime.GC()
	if live := liveHeap(); live == 0 || live > 1<<40 {
		t.Errorf("%d bytes are live", live)
	}
}
