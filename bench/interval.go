package main

import (
	"math"
	"slices"
	"time"
)

// minRounds is the least number of ratios that has a 95 % interval.
const minRounds = 6

// change is an estimate of a ratio with its 95 % confidence interval.
type change struct{ middle, low, high float64 }

// estimate is the Hodges-Lehmann estimate of paired ratios with the interval of
// Wilcoxon's signed ranks. It only assumes that the logarithms are distributed
// symmetrically, so a round in which the machine was busy does not spoil it.
// There must be at least minRounds ratios.
func estimate(ratios []float64) change {
	var means []float64 // of each pair of logarithms, also of each with itself
	for i, a := range ratios {
		for _, b := range ratios[:i+1] {
			means = append(means, (math.Log(a)+math.Log(b))/2)
		}
	}
	slices.Sort(means)
	cut := criticalRankSum(len(ratios), 0.05/2)
	return change{
		middle: math.Exp(median(means)),
		low:    math.Exp(means[cut]),
		high:   math.Exp(means[len(means)-1-cut]),
	}
}

// criticalRankSum is the greatest s for which the ranks of the ratios that
// favour one side, of n in total, sum up to s or less with probability p at
// most if neither side is faster.
func criticalRankSum(n int, p float64) int {
	// subsets[s] is how many of the 2ⁿ subsets of the ranks 1…n have the sum s.
	subsets := make([]float64, n*(n+1)/2+1)
	subsets[0] = 1
	for rank := 1; rank <= n; rank++ {
		for s := len(subsets) - 1; s >= rank; s-- {
			subsets[s] += subsets[s-rank]
		}
	}
	sum, upTo := -1, 0.0
	for upTo+subsets[sum+1] <= p*math.Pow(2, float64(n)) {
		sum++
		upTo += subsets[sum]
	}
	return sum
}

func median[T float64 | time.Duration](values []T) T {
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// verdict is what an interval says about a loss.
type verdict string

const (
	shown     verdict = "shown"
	ruledOut  verdict = "no"
	undecided verdict = "undecided"
)

// verdict says whether a share of the speed was lost.
func (c change) verdict(share float64) verdict {
	switch least := 1 - share; {
	case c.high < least:
		return shown
	case c.low >= least:
		return ruledOut
	}
	return undecided
}
