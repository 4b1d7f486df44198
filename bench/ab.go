package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// tolerated is the share of speed that a change may cost.
const tolerated = 0.03

// errLoss is returned when a comparison shows a loss above what is tolerated.
var errLoss = errors.New("a loss above 3 % is shown")

// runAB compares the working tree with a revision.
func runAB(ctx context.Context, args []string) error {
	var o options
	flags := flag.NewFlagSet("bench ab", flag.ExitOnError)
	flags.Usage = func() {
		_, _ = fmt.Fprintln(flags.Output(), "usage: go run ./bench ab [flags] REV")
		flags.PrintDefaults()
	}
	o.register(flags, time.Second, 12, fmt.Sprintf("how often each pair is measured, at least %d", minRounds))
	_ = flags.Parse(args)
	if flags.NArg() != 1 || o.rounds < minRounds {
		flags.Usage()
		os.Exit(2)
	}
	return withRig(ctx, o, func(r *rig) error { return r.ab(ctx, flags.Arg(0)) })
}

func (r *rig) ab(ctx context.Context, rev string) error {
	source := filepath.Join(r.dir, "source")
	if err := archive(ctx, r.root, rev, source); err != nil {
		return err
	}
	before, err := r.build(ctx, source, "before")
	if err != nil {
		return fmt.Errorf("build %s: %w", rev, err)
	}
	after, err := r.build(ctx, r.root, "after")
	if err != nil {
		return fmt.Errorf("build the working tree: %w", err)
	}
	var pairs []*group
	for _, mode := range []struct {
		name  string
		flags []string
	}{{"verify off", verifyOff}, {"verify on", r.load.verifyOn()}} {
		for _, conns := range connections {
			pairs = append(pairs, &group{
				name: mode.name, conns: conns,
				subjects: []subject{before.subject(rev, mode.flags...), after.subject("working tree", mode.flags...)},
			})
		}
	}
	if err := r.measure(ctx, pairs); err != nil {
		return err
	}
	return report(rev, pairs)
}

// metric is one figure of a measurement. speed is greater the better it is.
type metric struct {
	name  string
	speed func(result) float64
	show  func(speed float64) string
}

var metrics = []metric{
	{"req/s", func(r result) float64 { return r.rate }, func(v float64) string { return fmt.Sprintf("%.0f", v) }},
	{"p50", func(r result) float64 { return 1 / r.p50.Seconds() }, showTime},
	{"p99", func(r result) float64 { return 1 / r.p99.Seconds() }, showTime},
	// Processor time is the least noisy where other programs run too.
	{"cpu", func(r result) float64 { return float64(r.requests) / max(r.cpu, 1).Seconds() }, showTime},
}

func showTime(speed float64) string {
	return time.Duration(float64(time.Second) / speed).Round(time.Microsecond).String()
}

// report prints the change of each figure. It returns errLoss if all of the
// interval of one is a loss above what is tolerated.
func report(rev string, pairs []*group) error {
	fmt.Printf("\nChange of speed from %s to the working tree in %d rounds.\nFor p50, p99 and cpu (processor time per request) it is the change of the inverse.\n\n", rev, len(pairs[0].results[0]))
	fmt.Printf("%-10s %5s %-6s %11s %11s %8s %19s  %s\n", "", "conns", "", "before", "after", "change", "95 % interval", "loss above 3 %")
	verdicts := map[verdict]int{}
	for _, p := range pairs {
		for _, m := range metrics {
			var before, after, ratios []float64
			for i, r := range p.results[0] {
				b, a := m.speed(r), m.speed(p.results[1][i])
				before, after, ratios = append(before, b), append(after, a), append(ratios, a/b)
			}
			c := estimate(ratios)
			v := c.verdict(tolerated)
			verdicts[v]++
			fmt.Printf("%-10s %5d %-6s %11s %11s %8s %8s … %8s  %s\n", p.name, p.conns, m.name,
				m.show(median(before)), m.show(median(after)), percent(c.middle), percent(c.low), percent(c.high), v)
		}
	}
	fmt.Printf("\n%d figures: a loss above 3 %% is shown in %d, ruled out in %d, neither in %d (more rounds narrow the intervals).\n",
		len(pairs)*len(metrics), verdicts[shown], verdicts[ruledOut], verdicts[undecided])
	if verdicts[shown] > 0 {
		return errLoss
	}
	return nil
}

func percent(ratio float64) string { return fmt.Sprintf("%+.1f %%", (ratio-1)*100) }
