package cli

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
)

// simulateFlags are the flags of simulate, and the request that they stand for.
type simulateFlags struct {
	retry.SimulationRequest
	parallel int
}

func newSimulateCommand(a *app) *cobra.Command {
	f := simulateFlags{parallel: 1}
	s := &f.Simulation
	s.Policy, s.Status = taskee.Policy(), http.StatusTooManyRequests
	cmd := &cobra.Command{
		Use:   "simulate ID…",
		Short: "Simulate the platform's retries with stored events",
		Long: "Send a stored event as Taskee does: once, and up to six times more while the answer is\n" +
			"429, ten minutes apart plus a random jitter of 5 s to 2 min (the platform does not\n" +
			"publish its jitter; this range is Taskhook's). The clock is virtual: --speed says how\n" +
			"fast it runs. Every send is a real request with the same bytes, webhookId, timestamp and\n" +
			"signature.\n\n" +
			"Exit code: 0 delivered, 1 failed, 130 cancelled.",
		Example: "  taskhook simulate latest           # your app's own answers decide\n" +
			"  taskhook simulate 42 --fail 2      # your app gets only the third send",
		RunE: func(cmd *cobra.Command, args []string) error {
			seeded := s.Seed != 0
			if err := f.understand(cmd); err != nil {
				return err
			}
			return a.withBackend(cmd, writes, func(b *backend) error { return a.simulateAll(cmd.Context(), b, args, f, seeded) })
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.Resend.To, "to", "", "send to `TARGET` instead of the listener's")
	addNumber(fl, &s.Fail, "fail", 0, math.MaxInt, "answer the first `N` sends with --status, without calling your app")
	addParsed(fl, &s.Status, "status", "429", "with --fail: answer with `STATUS`; none: do not answer", parseAnswer)
	fl.BoolVar(&s.Mask, "mask", false, "call your app all the same, as a test of its idempotency")
	fl.BoolVar(&f.Resend.NewID, "new-id", false, "set one new webhookId and timestamp, and sign with the development key")
	fl.BoolVar(&f.Resend.Unverified, "unverified", false, "send even an event that was rejected")
	addSpeed(fl, &s.Speed, "run the platform's clock at `SPEED`: 1x, 600x or instant")
	addSeed(fl, &s.Seed, "draw the jitter from the seed `N`, for the same schedule again (default: a new one)")
	addNumber(fl, &f.parallel, "parallel", 1, math.MaxInt, "simulate `N` events at a time")
	onlyOnCommandLine(fl, "fail", "mask", "new-id", "unverified", "seed")
	return a.withJSON(cmd, "print one JSON object per line")
}

// understand checks the flags and draws a seed if none is given.
func (f *simulateFlags) understand(cmd *cobra.Command) error {
	if err := checkTarget(cmd, &f.Resend.To); err != nil {
		return err
	}
	switch s := &f.Simulation; {
	case cmd.Flags().Changed("status") && s.Fail == 0:
		return usageError(cmd, errors.New("--status needs --fail: no answer is replaced"), "say how many: --status 500 --fail 2")
	case s.Mask && s.Fail == 0:
		return usageError(cmd, errors.New("--mask needs --fail: no answer is replaced"), "say how many: --mask --fail 2")
	case !cmd.Flags().Changed("seed"):
		s.Seed = rand.Uint64N(1 << 32)
	}
	if err := f.Simulation.Validate(); err != nil {
		return usageError(cmd, err)
	}
	return nil
}

// parseAnswer reads the status of a replaced answer.
func parseAnswer(text string) (int, error) {
	if text == "none" {
		return retry.NoResponse, nil
	}
	status, err := strconv.Atoi(text)
	if err != nil || status < 200 || status > 599 {
		return 0, errors.New("want a status from 200 to 599, or none")
	}
	return status, nil
}

// simulateAll simulates events in order, several at a time, and continues after
// failures.
func (a *app) simulateAll(ctx context.Context, b *backend, names []string, f simulateFlags, seeded bool) error {
	ids, err := findAll(ctx, b, names)
	if err != nil {
		return err
	}
	if err := a.needTarget(ctx, b, f.Resend.To); err != nil {
		return err
	}
	var (
		running  sync.WaitGroup
		printer  = simulationPrinter{app: a, seeded: seeded}
		inFlight = make(chan struct{}, f.parallel)
	)
	for i, id := range unique(ids) {
		inFlight <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		running.Go(func() {
			defer func() { <-inFlight }()
			one := f.SimulationRequest
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
