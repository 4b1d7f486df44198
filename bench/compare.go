package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"time"
)

// runCompare compares Taskhook with the standard library's reverse proxy.
func runCompare(ctx context.Context, args []string) error {
	var o options
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	o.register(flags, 2*time.Second, 3, "measurements of each combination; the median counts")
	listed := flags.Int("listed", 100_000, "stored events for the list figure; 0 leaves it out")
	_ = flags.Parse(args)
	return withRig(ctx, o, func(r *rig) error { return r.compare(ctx, *listed) })
}

func (r *rig) compare(ctx context.Context, listed int) error {
	tree, err := r.build(ctx, r.root, "tree")
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	subjects := []subject{
		{"reverseproxy", func(ctx context.Context, data string) (*process, error) {
			return start(ctx, data, self, reverseProxyArg, r.app)
		}},
		tree.subject("verify off", verifyOff...),
		tree.subject("verify on", r.load.verifyOn()...),
	}
	var groups []*group
	for _, conns := range connections {
		groups = append(groups, &group{name: "all", conns: conns, subjects: subjects})
	}
	if err := r.measure(ctx, groups); err != nil {
		return err
	}
	printComparison(groups)
	return figures(ctx, tree, listed)
}

// medianByRate is the result in the middle when they are ordered by rate.
func medianByRate(results []result) result {
	sorted := slices.SortedFunc(slices.Values(results), func(a, b result) int { return cmp.Compare(a.rate, b.rate) })
	return sorted[len(sorted)/2]
}

func printComparison(groups []*group) {
	fmt.Printf("\n%-14s %5s %10s %10s %10s %7s %9s\n", "", "conns", "req/s", "p50", "p99", "ratio", "RssAnon")
	for _, g := range groups {
		base := medianByRate(g.results[0]).rate
		for i, s := range g.subjects {
			r := medianByRate(g.results[i])
			memory := "-"
			if r.rssAnon > 0 {
				memory = fmt.Sprintf("%.1f MB", mb(r.rssAnon))
			}
			fmt.Printf("%-14s %5d %10.0f %10s %10s %7.2f %9s\n", s.name, g.conns, r.rate,
				r.p50.Round(time.Microsecond), r.p99.Round(time.Microsecond), r.rate/base, memory)
		}
	}
}
