// Bench measures Taskhook under load on loopback. `go run ./bench` compares it
// with the standard library's reverse proxy and prints memory, start-up, list
// and size figures; `go run ./bench ab REV` compares the working tree with
// another revision. Both interleave what they compare, stop by themselves and
// remove what they made.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"
)

// connections are the numbers of parallel senders measured.
var connections = []int{1, 16, 64}

func main() {
	if len(os.Args) > 1 && os.Args[1] == reverseProxyArg {
		serveReverseProxy(os.Args[2])
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	run, args := runCompare, os.Args[1:]
	if len(args) > 0 && args[0] == "ab" {
		run, args = runAB, args[1:]
	}
	err := run(ctx, args)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are what both commands take.
type options struct {
	duration time.Duration
	rounds   int
	bodySize int
	signed   int
}

func (o *options) register(flags *flag.FlagSet, duration time.Duration, rounds int, roundsUsage string) {
	flags.DurationVar(&o.duration, "duration", duration, "length of one measurement")
	flags.IntVar(&o.rounds, "rounds", rounds, roundsUsage)
	flags.IntVar(&o.bodySize, "body", 2048, "body size in bytes")
	flags.IntVar(&o.signed, "signed", 6000, "different signed bodies to prepare")
}

// rig is what both commands measure with.
type rig struct {
	options

	dir  string // removed at the end
	root string // of the module
	app  string // address of the app that everything forwards to
	load *load
}

// withRig prepares a rig, calls do and takes the rig down again.
func withRig(ctx context.Context, o options, do func(*rig) error) (err error) {
	r := &rig{options: o}
	if r.dir, err = os.MkdirTemp("", "taskhook-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.dir)) }()
	if r.root, err = moduleRoot(ctx); err != nil {
		return err
	}
	fmt.Printf("preparing %d signed bodies of %d bytes …\n", o.signed, o.bodySize)
	if r.load, err = newLoad(r.dir, o.signed, o.bodySize); err != nil {
		return err
	}
	app, stopApp := serveApp()
	defer stopApp()
	r.app = app
	return do(r)
}

// group is some subjects that are measured in turn, so that whatever else the
// machine does affects them all.
type group struct {
	name     string
	conns    int
	subjects []subject
	results  [][]result // of each subject, one a round
}

// measure measures each group in each round.
func (r *rig) measure(ctx context.Context, groups []*group) error {
	for round := range r.rounds {
		for _, g := range groups {
			fmt.Fprintf(os.Stderr, "round %d of %d: %s, %d connections\n", round+1, r.rounds, g.name, g.conns)
			if err := g.measure(ctx, r, round%2 == 1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *group) measure(ctx context.Context, r *rig, backward bool) error {
	if g.results == nil {
		g.results = make([][]result, len(g.subjects))
	}
	for i := range g.subjects {
		if backward {
			i = len(g.subjects) - 1 - i
		}
		one, err := g.subjects[i].measure(ctx, r, g.conns)
		if err != nil {
			return fmt.Errorf("%s, %s, %d connections: %w", g.name, g.subjects[i].name, g.conns, err)
		}
		g.results[i] = append(g.results[i], one)
	}
	return nil
}

// environ is the environment of what is measured: no setting of the person who
// runs the benchmark reaches it.
func environ(dir string) []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "TASKHOOK_") && !strings.HasPrefix(entry, "NGROK_") {
			env = append(env, entry)
		}
	}
	return append(env, "XDG_STATE_HOME="+dir, "XDG_CONFIG_HOME="+dir)
}
