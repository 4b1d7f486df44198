package main

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestTheRankSumIsThatOfTheTables(t *testing.T) {
	for n, want := range map[int]int{6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 12: 13, 15: 25, 20: 52, 25: 89} {
		if got := criticalRankSum(n, 0.025); got != want {
			t.Errorf("%d ratios: %d, want %d", n, got, want)
		}
	}
}

func TestAnEstimateSaysWhetherSpeedWasLost(t *testing.T) {
	tests := []struct {
		name   string
		ratios []float64
		want   verdict
	}{
		{"equal speed", []float64{1, 1.01, 0.99, 1, 1.005, 0.995}, ruledOut},
		{"faster", []float64{1.2, 1.3, 1.25, 1.1, 1.2, 1.22}, ruledOut},
		{"a small loss", []float64{0.98, 0.985, 0.98, 0.975, 0.98, 0.982}, ruledOut},
		{"a great loss", []float64{0.9, 0.91, 0.88, 0.9, 0.92, 0.9}, shown},
		{"one busy round of many", []float64{1, 1.01, 0.99, 1, 0.3, 1, 1.01, 0.99, 1, 1.01, 1, 1}, ruledOut},
		{"noise", []float64{0.7, 1.4, 1, 0.8, 1.2, 1.1}, undecided},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := estimate(tt.ratios)
			if got := c.verdict(0.03); got != tt.want {
				t.Errorf("%q for %+v, want %q", got, c, tt.want)
			}
			if !(c.low <= c.middle && c.middle <= c.high) {
				t.Errorf("not in order: %+v", c)
			}
		})
	}
}

// TestAnIntervalHoldsTheRatio holds that about 95 of 100 intervals contain
// the ratio that the noise was added to.
func TestAnIntervalHoldsTheRatio(t *testing.T) {
	const ratio, trials = 0.97, 2000
	noise := rand.New(rand.NewPCG(1, 2))
	held := 0
	for range trials {
		ratios := make([]float64, 12)
		for i := range ratios {
			ratios[i] = ratio * math.Exp(0.05*noise.NormFloat64())
		}
		if c := estimate(ratios); c.low <= ratio && ratio <= c.high {
			held++
		}
	}
	if share := float64(held) / trials; share < 0.94 || share > 0.97 {
		t.Errorf("%.3f of the intervals hold the ratio", share)
	}
}
