// Bench compares Taskhook with the standard library's reverse proxy, in one
// run, interleaved, on loopback: `go run ./bench`. It prints requests per
// second, the median and 99th percentile, and the ratio to the reverse proxy,
// then memory, start-up, list and size figures. It stops by itself.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"time"
)

// connections are the numbers of parallel senders measured.
var connections = []int{1, 16, 64}

type options struct {
	duration time.Duration
	rounds   int
	bodySize int
	signed   int
	listed   int
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == reverseProxyArg {
		serveReverseProxy(os.Args[2])
		return
	}
	var o options
	flag.DurationVar(&o.duration, "duration", 2*time.Second, "length of one measurement")
	flag.IntVar(&o.rounds, "rounds", 3, "measurements of each combination; the median counts")
	flag.IntVar(&o.bodySize, "body", 2048, "body size in bytes")
	flag.IntVar(&o.signed, "signed", 6000, "different signed bodies to prepare")
	flag.IntVar(&o.listed, "listed", 100_000, "stored events for the list figure; 0 leaves it out")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) (err error) {
	dir, err := os.MkdirTemp("", "taskhook-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	bin := filepath.Join(dir, "taskhook")
	if err := build(bin); err != nil {
		return err
	}
	fmt.Printf("preparing %d signed bodies of %d bytes …\n", o.signed, o.bodySize)
	load, err := newLoad(dir, o.signed, o.bodySize)
	if err != nil {
		return err
	}
	app, stopApp := serveApp()
	defer stopApp()

	results := map[string]*series{}
	order := []string{"reverseproxy", "verify off", "verify on"}
	for round := range o.rounds {
		for _, conns := range connections {
			for _, name := range order {
				fmt.Fprintf(os.Stderr, "round %d: %s, %d connections\n", round+1, name, conns)
				r, err := measure(bin, dir, app, name, load, conns, o.duration)
				if err != nil {
					return fmt.Errorf("%s at %d connections: %w", name, conns, err)
				}
				key := fmt.Sprint(name, conns)
				if results[key] == nil {
					results[key] = &series{}
				}
				results[key].add(r)
			}
		}
	}
	printTable(order, results)
	return figures(bin, dir, app, o.listed)
}

// series is the same measurement repeated; its median by rate counts.
type series struct{ runs []result }

func (s *series) add(r result) { s.runs = append(s.runs, r) }

func (s *series) median() result {
	sort.Slice(s.runs, func(i, j int) bool { return s.runs[i].rate < s.runs[j].rate })
	return s.runs[len(s.runs)/2]
}

func printTable(order []string, results map[string]*series) {
	fmt.Printf("\n%-14s %5s %10s %10s %10s %7s %9s\n", "", "conns", "req/s", "p50", "p99", "ratio", "RssAnon")
	for _, conns := range connections {
		base := results[fmt.Sprint(order[0], conns)].median().rate
		for _, name := range order {
			r := results[fmt.Sprint(name, conns)].median()
			memory := "-"
			if r.rssAnon > 0 {
				memory = fmt.Sprintf("%.1f MB", float64(r.rssAnon)/1e6)
			}
			fmt.Printf("%-14s %5d %10.0f %10s %10s %7.2f %9s\n", name, conns, r.rate,
				r.p50.Round(time.Microsecond), r.p99.Round(time.Microsecond), r.rate/base, memory)
		}
	}
}
