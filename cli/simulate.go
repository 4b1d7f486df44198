package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/export"
)

// simulateFlags are the flags of simulate.
type simulateFlags struct {
	to         string
	fail       int
	status     string
	mask       bool
	newID      bool
	unverified bool
	speed      string
	seed       uint64
	parallel   int
	json       bool
}

func newSimulateCommand(a *app) *cobra.Command {
	f := simulateFlags{status: "429", speed: "instant", parallel: 1}
	cmd := &cobra.Command{
		Use:   "simulate ID…",
		Short: "put your app through the platform's retries with stored events",
		Long: "Send a stored event as Taskee does: once, and while the answer is 429 up to six times more, ten\n" +
			"minutes apart plus a random jitter of 5 s to 2 min (the platform publishes no distribution: the\n" +
			"range is Taskhook's). The clock is virtual: --speed says how fast it runs. Every send is a real\n" +
			"request with the same bytes, webhookId, timestamp and signature.\n\n" +
			"Exit code: 0 delivered, 1 failed, 130 cancelled.",
		Example: "  taskhook simulate latest                    # your app's own answers decide\n" +
			"  taskhook simulate 42 --fail 2 --new-id       # the first two are answered 429 without it\n" +
			"  taskhook simulate 42 --fail 1 --mask        # it is called, and the platform is told 429\n" +
			"  taskhook simulate 42 --speed 600x           # ten minutes in a second",
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
	fl.StringVar(&f.to, "to", "", "send to this TARGET instead")
	fl.IntVar(&f.fail, "fail", 0, "replace the first N answers by --status, without calling your app")
	fl.StringVar(&f.status, "status", f.status, "what replaced answers are: a STATUS from 200 to 599, or nothing")
	fl.BoolVar(&f.mask, "mask", false, "call your app all the same and replace its answer: the test of idempotency")
	fl.BoolVar(&f.newID, "new-id", false, "put in one new webhookId and timestamp, sign with the development key")
	fl.BoolVar(&f.unverified, "unverified", false, "send even an event that was rejected")
	fl.StringVar(&f.speed, "speed", f.speed, "how fast the platform's clock runs: 1x, 600x or instant")
	fl.Uint64Var(&f.seed, "seed", 0, "draw the jitter from this seed; the same seed gives the same schedule (default: a new one)")
	fl.IntVar(&f.parallel, "parallel", f.parallel, "events side by side")
	fl.BoolVar(&f.json, "json", false, "print one JSON object per attempt, and one per simulation")
	onlyOnCommandLine(fl, "fail", "mask", "new-id", "unverified", "seed")
	return cmd
}

// request understands the flags.
func (f *simulateFlags) request(cmd *cobra.Command) (retry.SimulationRequest, error) {
	r := retry.SimulationRequest{
		Resend:     webhook.Resend{To: f.to, NewID: f.newID, Unverified: f.unverified},
		Simulation: retry.Simulation{Policy: taskee.Policy(), Fail: f.fail, Mask: f.mask, Seed: f.seed},
	}
	if f.to != "" {
		if _, err := httpwire.ParseTarget(f.to); err != nil {
			return r, usageError(cmd, fmt.Errorf("invalid --to: %w", err))
		}
	}
	if f.parallel < 1 {
		return r, usageError(cmd, fmt.Errorf("invalid --parallel %d", f.parallel), "want 1 or more")
	}
	if f.fail < 0 {
		return r, usageError(cmd, fmt.Errorf("invalid --fail %d", f.fail), "say how many answers are replaced: 0 or more")
	}
	if cmd.Flags().Changed("status") && f.fail == 0 {
		return r, usageError(cmd, errors.New("--status replaces answers, and none is to be replaced"), "say how many: --status 500 --fail 2")
	}
	if f.mask && f.fail == 0 {
		return r, usageError(cmd, errors.New("--mask replaces answers, and none is to be replaced"), "say how many: --mask --fail 2")
	}
	var err error
	if r.Simulation.Status, err = parseAnswer(f.status); err != nil {
		return r, usageError(cmd, fmt.Errorf("invalid --status %q", f.status), "want a status from 200 to 599, or nothing")
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

// parseAnswer understands a status that stands for an app's answer.
func parseAnswer(s string) (int, error) {
	if s == "nothing" {
		return retry.NoResponse, nil
	}
	var status int
	if _, err := fmt.Sscanf(s, "%d", &status); err != nil || fmt.Sprint(status) != s || status < 200 || status > 599 {
		return 0, errors.New("no status")
	}
	return status, nil
}

// simulateAll simulates events in order, so many side by side, and goes on
// past those that failed.
func (a *app) simulateAll(ctx context.Context, b *backend, names []string, r retry.SimulationRequest, f simulateFlags) error {
	ids, err := findAll(ctx, b, names)
	if err != nil {
		return err
	}
	if err := a.needTarget(ctx, b, f.to); err != nil {
		return err
	}
	var (
		running sync.WaitGroup
		tale    = simulationTale{app: a, json: f.json, seeded: f.seed != 0}
		free    = make(chan struct{}, f.parallel)
	)
	for i, id := range unique(ids) {
		free <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		running.Go(func() {
			defer func() { <-free }()
			one := r
			one.Resend.EventID = id
			one.Simulation.Seed += uint64(i) // a schedule of its own
			report, err := b.Simulate(ctx, one, tale.stage)
			tale.end(ctx, id, report, err)
		})
	}
	running.Wait()
	return tale.outcome(ctx)
}

// unique leaves out what comes twice.
func unique(ids []webhook.ID) []webhook.ID {
	var out []webhook.ID
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// simulationTale prints simulations, several at a time.
type simulationTale struct {
	app    *app
	json   bool
	seeded bool

	mu        sync.Mutex
	failed    bool
	cancelled bool
	broken    error // of the output
}

// stage prints one step.
func (t *simulationTale) stage(s retry.Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case s.Step == retry.StepAnswer && s.Attempt != nil && t.json:
		t.keep(export.AttemptLine(t.app.stdout, *s.Attempt, s.State))
	case s.Step == retry.StepAnswer && s.Attempt != nil:
		_, err := fmt.Fprintln(t.app.stdout, format.CleanLines(sendLine(s.Attempt, s.Send)))
		t.keep(err)
	case s.Step == retry.StepWait && !t.json:
		if pause := time.Until(s.Due); pause > 100*time.Millisecond {
			t.app.note("next send in %s: on Taskee at %s, %s later", format.Duration(pause), format.Clock(s.Arrives.Local()), format.Duration(s.Send.Gap))
		}
	}
	for _, note := range s.Notes {
		t.app.note("%s", note)
	}
}

func (t *simulationTale) keep(err error) {
	if t.broken == nil {
		t.broken = err
	}
}

// sendLine is one send on the timeline.
func sendLine(a *webhook.Attempt, send retry.Send) string {
	when := "first send"
	if send.Number > 1 {
		when = fmt.Sprintf("retry %d", send.Number-1)
	}
	answer := a.Error
	switch {
	case a.Simulated && a.AppStatus != 0:
		answer = fmt.Sprintf("%s in place of %d in %s", answerWords(a.StatusCode), a.AppStatus, format.Duration(a.Duration))
	case a.Simulated:
		answer = answerWords(a.StatusCode) + ", your app was not called"
		if a.Error != "" {
			answer = answerWords(a.StatusCode) + " in place of: " + a.Error
		}
	case a.Error == "":
		answer = fmt.Sprintf("%d in %s", a.StatusCode, format.Duration(a.Duration))
	}
	gap := ""
	if send.Gap > 0 {
		gap = "+" + format.Duration(send.Gap)
	}
	return fmt.Sprintf("%s  %-10s  would arrive %s  %-8s  %s", a.EventID, when, format.Clock(a.VirtualTime.Local()), gap, answer)
}

func answerWords(status int) string {
	if status == 0 {
		return "no answer"
	}
	return fmt.Sprint(status)
}

// simulationLine is the contract's line of a simulation.
type simulationLine struct {
	Kind              string        `json:"kind"`
	EventID           webhook.ID    `json:"eventId"`
	Policy            string        `json:"policy"`
	Sends             int           `json:"sends"`
	Outcome           retry.Outcome `json:"outcome"`
	VirtualDurationMS int64         `json:"virtualDurationMs"`
	Seed              uint64        `json:"seed"`
	Words             string        `json:"words"`
	Remarks           []string      `json:"remarks"`
}

// end prints how a simulation ended.
func (t *simulationTale) end(ctx context.Context, id webhook.ID, r retry.Report, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	record := r.Record
	cancelled := ctx.Err() != nil && err != nil || err == nil && record.Outcome == retry.OutcomeCancelled
	if cancelled {
		t.cancelled = true
	} else if err != nil || record.Outcome != retry.OutcomeDelivered {
		t.failed = true
	}
	if len(record.Sends) > 0 {
		t.keep(t.printEnd(id, r))
	}
	if err != nil && !cancelled {
		t.app.report(simulateError(id, err))
	}
}

func (t *simulationTale) printEnd(id webhook.ID, r retry.Report) error {
	record := r.Record
	if t.json {
		return export.Line(t.app.stdout, simulationLine{
			Kind: "simulation", EventID: id, Policy: record.Simulation.Policy.Name, Sends: len(record.Sends),
			Outcome: record.Outcome, VirtualDurationMS: record.Duration.Milliseconds(),
			Seed: record.Simulation.Seed, Words: record.Summary(), Remarks: append([]string{}, r.Remarks...),
		})
	}
	_, err := fmt.Fprintf(t.app.stdout, "%s  %s\n", id, format.CleanLines(record.Summary()))
	for _, remark := range r.Remarks {
		t.app.note("%s: %s", id, remark)
	}
	if len(record.Sends) > 1 && !t.seeded {
		t.app.note("%s: the same schedule again with --seed %d", id, record.Simulation.Seed)
	}
	return err
}

func (t *simulationTale) outcome(ctx context.Context) error {
	switch {
	case t.cancelled || ctx.Err() != nil:
		return &hintError{err: errReported, code: exitCancelled}
	case t.broken != nil:
		return t.broken
	case t.failed:
		return errReported
	}
	return nil
}

func simulateError(id webhook.ID, err error) error {
	if errors.Is(err, webhook.ErrSimulating) {
		return withHint(fmt.Errorf("simulate %s: %w", id, err), "wait for its end, or cancel it where it was started")
	}
	return sendError("simulate", id, err)
}
