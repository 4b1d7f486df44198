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

type abOptions struct {
	duration time.Duration
	rounds   int
	bodySize int
	signed   int
}

// runAB compares the working tree with a revision.
func runAB(ctx context.Context, args []string) error {
	var o abOptions
	flags := flag.NewFlagSet("bench ab", flag.ExitOnError)
	flags.Usage = func() {
		_, _ = fmt.Fprintln(flags.Output(), "usage: go run ./bench ab [flags] REV")
		flags.PrintDefaults()
	}
	flags.DurationVar(&o.duration, "duration", time.Second, "length of one measurement")
	flags.IntVar(&o.rounds, "rounds", 12, fmt.Sprintf("how often each pair is measured, at least %d", minRounds))
	flags.IntVar(&o.bodySize, "body", 2048, "body size in bytes")
	flags.IntVar(&o.signed, "signed", 6000, "different signed bodies to prepare")
	_ = flags.Parse(args)
	if flags.NArg() != 1 || o.rounds < minRounds {
		flags.Usage()
		os.Exit(2)
	}
	return inTempDir(func(dir string) error { return ab(ctx, dir, flags.Arg(0), o) })
}

// pair is one combination, measured in both revisions.
type pair struct {
	name      string
	conns     int
	rev, tree subject
	results   [][2]result // one entry a round: the revision's, the tree's
}

func ab(ctx context.Context, dir, rev string, o abOptions) error {
	app, stopApp := serveApp()
	defer stopApp()
	before, err := buildRevision(ctx, dir, rev, app)
	if err != nil {
		return fmt.Errorf("build %s: %w", rev, err)
	}
	after, err := buildTree(ctx, dir, app)
	if err != nil {
		return fmt.Errorf("build the working tree: %w", err)
	}
	fmt.Printf("preparing %d signed bodies of %d bytes …\n", o.signed, o.bodySize)
	load, err := newLoad(dir, o.signed, o.bodySize)
	if err != nil {
		return err
	}
	var pairs []*pair
	for _, mode := range []struct {
		name  string
		flags []string
	}{{"verify off", verifyOff}, {"verify on", verifyOn(load)}} {
		for _, conns := range connections {
			pairs = append(pairs, &pair{
				name: mode.name, conns: conns,
				rev:  before.subject(rev, mode.flags...),
				tree: after.subject("working tree", mode.flags...),
			})
		}
	}
	for round := range o.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, o.rounds)
		for _, p := range pairs {
			if err := p.measure(ctx, dir, load, o.duration, round%2 == 1); err != nil {
				return err
			}
		}
	}
	return report(rev, pairs)
}

// measure runs both revisions one after the other, so that whatever else the
// machine does affects both.
func (p *pair) measure(ctx context.Context, dir string, l *load, d time.Duration, treeFirst bool) error {
	var both [2]result
	for i := range both {
		which, s := i, p.rev
		if treeFirst {
			which = 1 - i
		}
		if which == 1 {
			s = p.tree
		}
		r, err := s.measure(ctx, dir, l, p.conns, d)
		if err != nil {
			return fmt.Errorf("%s, %s at %d connections: %w", s.name, p.name, p.conns, err)
		}
		both[which] = r
	}
	p.results = append(p.results, both)
	return nil
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
func report(rev string, pairs []*pair) error {
	fmt.Printf("\nChange of speed from %s to the working tree in %d rounds.\nFor p50, p99 and cpu (processor time per request) it is the change of the inverse.\n\n", rev, len(pairs[0].results))
	fmt.Printf("%-10s %5s %-6s %11s %11s %8s %19s  %s\n", "", "conns", "", "before", "after", "change", "95 % interval", "loss above 3 %")
	verdicts := map[verdict]int{}
	for _, p := range pairs {
		for _, m := range metrics {
			ratios := make([]float64, 0, len(p.results))
			var before, after []float64
			for _, r := range p.results {
				b, a := m.speed(r[0]), m.speed(r[1])
				before, after = append(before, b), append(after, a)
				ratios = append(ratios, a/b)
			}
			c := estimate(ratios)
			v := c.verdict(tolerated)
			verdicts[v]++
			fmt.Printf("%-10s %5d %-6s %11s %11s %8s %8s … %8s  %s\n", p.name, p.conns, m.name,
				m.show(middle(before)), m.show(middle(after)), percent(c.middle), percent(c.low), percent(c.high), v)
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

// buildRevision builds taskhook as it was at a revision of this repository.
func buildRevision(ctx context.Context, dir, rev, app string) (*taskhook, error) {
	source := filepath.Join(dir, "source")
	if err := checkout(ctx, rev, source); err != nil {
		return nil, err
	}
	return buildTaskhook(ctx, source, filepath.Join(dir, "before"), app)
}

// buildTree builds taskhook from the files as they are.
func buildTree(ctx context.Context, dir, app string) (*taskhook, error) {
	root, err := moduleRoot(ctx)
	if err != nil {
		return nil, err
	}
	return buildTaskhook(ctx, root, filepath.Join(dir, "after"), app)
}

func buildTaskhook(ctx context.Context, source, dir, app string) (*taskhook, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	bin := filepath.Join(dir, "taskhook")
	if err := build(ctx, source, bin); err != nil {
		return nil, err
	}
	return newTaskhook(ctx, bin, dir, app)
}
