package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

type compareOptions struct {
	duration time.Duration
	rounds   int
	bodySize int
	signed   int
	listed   int
}

// runCompare compares Taskhook with the standard library's reverse proxy.
func runCompare(ctx context.Context, args []string) error {
	var o compareOptions
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	flags.DurationVar(&o.duration, "duration", 2*time.Second, "length of one measurement")
	flags.IntVar(&o.rounds, "rounds", 3, "measurements of each combination; the median counts")
	flags.IntVar(&o.bodySize, "body", 2048, "body size in bytes")
	flags.IntVar(&o.signed, "signed", 6000, "different signed bodies to prepare")
	flags.IntVar(&o.listed, "listed", 100_000, "stored events for the list figure; 0 leaves it out")
	_ = flags.Parse(args)
	return inTempDir(func(dir string) error { return compare(ctx, dir, o) })
}

func compare(ctx context.Context, dir string, o compareOptions) error {
	bin := filepath.Join(dir, "taskhook")
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	if err := build(ctx, root, bin); err != nil {
		return err
	}
	fmt.Printf("preparing %d signed bodies of %d bytes …\n", o.signed, o.bodySize)
	load, err := newLoad(dir, o.signed, o.bodySize)
	if err != nil {
		return err
	}
	app, stopApp := serveApp()
	defer stopApp()
	tree, err := newTaskhook(ctx, bin, dir, app)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	subjects := []subject{
		{"reverseproxy", func(ctx context.Context, data string) (*process, error) {
			return start(ctx, data, self, reverseProxyArg, app)
		}},
		tree.subject("verify off", verifyOff...),
		tree.subject("verify on", verifyOn(load)...),
	}
	results := map[string][]result{}
	for round := range o.rounds {
		for _, conns := range connections {
			for _, s := range subjects {
				fmt.Fprintf(os.Stderr, "round %d: %s, %d connections\n", round+1, s.name, conns)
				r, err := s.measure(ctx, dir, load, conns, o.duration)
				if err != nil {
					return fmt.Errorf("%s at %d connections: %w", s.name, conns, err)
				}
				key := fmt.Sprint(s.name, conns)
				results[key] = append(results[key], r)
			}
		}
	}
	printComparison(subjects, results)
	return figures(ctx, tree, o.listed)
}

// medianByRate is the result in the middle when they are ordered by rate.
func medianByRate(results []result) result {
	sorted := slices.SortedFunc(slices.Values(results), func(a, b result) int { return cmp.Compare(a.rate, b.rate) })
	return sorted[len(sorted)/2]
}

func printComparison(subjects []subject, results map[string][]result) {
	fmt.Printf("\n%-14s %5s %10s %10s %10s %7s %9s\n", "", "conns", "req/s", "p50", "p99", "ratio", "RssAnon")
	for _, conns := range connections {
		base := medianByRate(results[fmt.Sprint(subjects[0].name, conns)]).rate
		for _, s := range subjects {
			r := medianByRate(results[fmt.Sprint(s.name, conns)])
			memory := "-"
			if r.rssAnon > 0 {
				memory = fmt.Sprintf("%.1f MB", float64(r.rssAnon)/1e6)
			}
			fmt.Printf("%-14s %5d %10.0f %10s %10s %7.2f %9s\n", s.name, conns, r.rate,
				r.p50.Round(time.Microsecond), r.p99.Round(time.Microsecond), r.rate/base, memory)
		}
	}
}
