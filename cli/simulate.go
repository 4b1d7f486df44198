package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// simulateFlags are the flags of simulate.
type simulateFlags struct {
	resend   webhook.Resend
	fail     int
	status   string
	mask     bool
	speed    string
	seed     uint64
	parallel int
	json     bool
}

func newSimulateCommand(a *app) *cobra.Command {
	f := simulateFlags{status: "429", speed: "instant", parallel: 1}
	cmd := &cobra.Command{
		Use:   "simulate ID…",
		Short: "Simulate the platform's retries with stored events",
		Long: "Send a stored event as Taskee does: once, and up to six times more while the answer is 429, ten\n" +
			"minutes apart plus a random jitter of 5 s to 2 min (the platform does not publish its jitter; this\n" +
			"range is Taskhook's). The clock is virtual: --speed says how fast it runs. Every send is a real\n" +
			"request with the same bytes, webhookId, timestamp and signature.\n\n" +
			"Exit code: 0 delivered, 1 failed, 130 cancelled.",
		Example: "  taskhook simulate latest                # your app's own answers decide\n" +
			"  taskhook simulate 42 --fail 2 --new-id  # the first two sends are answered 429 without calling it\n" +
			"  taskhook simulate 42 --fail 1 --mask    # your app is called, and the platform gets 429\n" +
			"  taskhook simulate 42 --speed 600x       # ten minutes take a second",
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.request(cmd)
			if err != nil {
				return err
			}
			b, err := a.openBackend(cmd.Context(), writes)
			if err != nil {
				return err
			}
			return errors.Join(a.simulateAll(cmd.Context(), b, args, r, f), b.close())
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.resend.To, "to", "", "send to `TARGET` instead of the listener's")
	fl.IntVar(&f.fail, "fail", 0, "replace the first `N` answers by --status, without calling your app")
	fl.StringVar(&f.status, "status", f.status, "`STATUS` of replaced answers: 200 to 599, or nothing for no answer")
	fl.BoolVar(&f.mask, "mask", false, "call your app although its answer is replaced: the test of idempotency")
	fl.BoolVar(&f.resend.NewID, "new-id", false, "put in one new webhookId and timestamp, sign with the development key")
	fl.BoolVar(&f.resend.Unverified, "unverified", false, "send even an event that was rejected")
	fl.StringVar(&f.speed, "speed", f.speed, "`SPEED` of the platform's clock: 1x, 600x or instant")
	fl.Uint64Var(&f.seed, "seed", 0, "draw the jitter from seed `N`: the same seed gives the same schedule (default: a new one)")
	fl.IntVar(&f.parallel, "parallel", f.parallel, "simulate `N` events at a time")
	fl.BoolVar(&f.json, "json", false, "print one JSON object per attempt, and one per simulation")
	onlyOnCommandLine(fl, "fail", "mask", "new-id", "unverified", "seed")
	return cmd
}

// request turns the flags into what is asked for.
func (f *simulateFlags) request(cmd *cobra.Command) (retry.SimulationRequest, error) {
	r := retry.SimulationRequest{
		Resend:     f.resend,
		Simulation: retry.Simulation{Policy: taskee.Policy(), Fail: f.fail, Mask: f.mask, Seed: f.seed},
	}
	if err := checkTarget(cmd, f.resend.To); err != nil {
		return r, err
	}
	if f.parallel < 1 {
		return r, usageError(cmd, fmt.Errorf("invalid --parallel %d", f.parallel), "want 1 or more")
	}
	var err error
	if r.Simulation.Status, err = f.replacement(cmd); err != nil {
		return r, err
	}
	if r.Simulation.Speed, err = retry.ParseSpeed(f.speed); err != nil {
		return r, usageError(cmd, fmt.Errorf("invalid --speed: %w", err), "want 1x, 600x or instant")
	}
	if !cmd.Flags().Changed("seed") {
		r.Simulation.Seed = rand.Uint64N(1 << 32)
	}
	if err := r.Simulation.Validate(); err != nil {
		return r, usageError(cmd, err)
	}
	return r, nil
}

// replacement is the status of replaced answers.
func (f *simulateFlags) replacement(cmd *cobra.Command) (int, error) {
	switch {
	case f.fail < 0:
		return 0, usageError(cmd, fmt.Errorf("invalid --fail %d", f.fail), "say how many answers are replaced: 0 or more")
	case cmd.Flags().Changed("status") && f.fail == 0:
		return 0, usageError(cmd, errors.New("--status needs --fail: no answer is replaced"), "say how many: --status 500 --fail 2")
	case f.mask && f.fail == 0:
		return 0, usageError(cmd, errors.New("--mask needs --fail: no answer is replaced"), "say how many: --mask --fail 2")
	case f.status == "nothing":
		return retry.NoResponse, nil
	}
	status, err := strconv.Atoi(f.status)
	if err != nil || status < 200 || status > 599 {
		return 0, usageError(cmd, fmt.Errorf("invalid --status %q", f.status), "want a status from 200 to 599, or nothing")
	}
	return status, nil
}

// simulateAll simulates events in order, several at a time, and continues after
// failures.
func (a *app) simulateAll(ctx context.Context, b *backend, names []string, r retry.SimulationRequest, f simulateFlags) error {
	ids, err := findAll(ctx, b, names)
	if err != nil {
		return err
	}
	if err := a.needTarget(ctx, b, f.resend.To); err != nil {
		return err
	}
	var (
		running  sync.WaitGroup
		printer  = simulationPrinter{app: a, json: f.json, seeded: f.seed != 0}
		inFlight = make(chan struct{}, f.parallel)
	)
	for i, id := range unique(ids) {
		inFlight <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		running.Go(func() {
			defer func() { <-inFlight }()
			one := r
			one.Resend.EventID = id
			one.Simulation.Seed += uint64(i) // each has a schedule of its own
			report, err := b.Simulate(ctx, one, printer.step)
			printer.end(ctx, id, report, err)
		})
	}
	running.Wait()
	return printer.outcome(ctx)
}

// unique drops repeated events.
func unique(ids []webhook.ID) []webhook.ID {
	var out []webhook.ID
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}
