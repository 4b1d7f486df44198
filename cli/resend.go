package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/export"
)

// resendFlags are the flags of resend.
type resendFlags struct {
	query queryFlags
	batch webhook.Batch
	sign  choice
}

func newResendCommand(a *app) *cobra.Command {
	f := resendFlags{batch: webhook.Batch{Parallel: 1}, sign: oneOf(webhook.SignOriginal, webhook.SignDev, webhook.SignNone, webhook.SignCorrupt)}
	cmd := &cobra.Command{
		Use:   "resend [ID…]",
		Short: "Send stored events to your app again",
		Long: "Send stored events again, by default with their original bytes, headers and signature,\n" +
			"to the running listener's target. An event is named 42, #42, latest or by its webhookId.\n\n" +
			"--failed sends every event that failed or whose retry is overdue, in order of arrival:\n" +
			"Taskee does not send them any more, and they exist only here. Their signatures are\n" +
			"checked again with the keys that are trusted now. Requests that were rejected are only\n" +
			"counted, unless --unverified sends them too. After an interruption, the same command\n" +
			"continues where it stopped. --filter and the flags beside it select other events, or\n" +
			"some of the failed ones.\n\n" +
			"Your app may take as long as it wants, at a breakpoint for example, unless --timeout\n" +
			"limits it; Ctrl+C cancels.",
		Example: "  taskhook resend latest --to 3001\n" +
			"  taskhook resend --failed --since 1h --dry-run   # show what it would send",
		RunE: func(cmd *cobra.Command, args []string) error {
			batch, err := f.understand(a, cmd, args)
			if err != nil {
				return err
			}
			return a.withBackend(cmd, writes, func(b *backend) error { return a.resend(cmd.Context(), b, args, batch) })
		},
	}
	fl := cmd.Flags()
	fl.BoolVar(&f.batch.Failed, "failed", false, "send the events that failed or whose retry is overdue, in order of arrival")
	f.query.addSelection(cmd)
	fl.StringVar(&f.batch.Resend.To, "to", "", "send to `TARGET` instead of the listener's")
	fl.BoolVar(&f.batch.Resend.NewID, "new-id", false, "set a new webhookId and timestamp, and sign with the development key")
	fl.Var(&f.sign, "sign", "the signature; original: as received, dev: by the development key, corrupt: one that does not fit")
	addEdits(fl, &f.batch.Resend.Set)
	fl.BoolVar(&f.batch.Resend.Unverified, "unverified", false, "send even events that were rejected")
	addLimit(fl, &f.batch.Resend.Timeout, "timeout", "give your app at most `DURATION` to answer each event (default: no limit)")
	addRate(fl, &f.batch.Interval, "send selected events at most at `RATE`, such as 5/s or 100/m")
	addNumber(fl, &f.batch.Parallel, "parallel", 1, math.MaxInt, "send `N` selected events at a time; with more than 1, in no fixed order")
	fl.BoolVar(&f.batch.IncludeUnknown, "include-unknown", false, "with --failed: send even events that your app may have processed")
	fl.BoolVar(&f.batch.DryRun, "dry-run", false, "only print what a run without it sends")
	onlyOnCommandLine(fl, "failed", "new-id", "set", "set-json", "unset", "unverified", "include-unknown", "dry-run", "timeout")
	return a.withJSON(cmd, "print one JSON object per line")
}

// understand turns the flags into a batch, which selects no events when they
// are named.
func (f *resendFlags) understand(a *app, cmd *cobra.Command, names []string) (webhook.Batch, error) {
	if err := f.checkCombination(a, cmd, names); err != nil {
		return webhook.Batch{}, err
	}
	if err := checkTarget(cmd, &f.batch.Resend.To); err != nil {
		return webhook.Batch{}, err
	}
	query, err := f.query.query(cmd)
	if err != nil {
		return webhook.Batch{}, err
	}
	batch := f.batch
	batch.Filter = query.Filter
	if cmd.Flags().Changed("sign") {
		batch.Resend.Sign = webhook.Sign(f.sign.value)
	}
	return batch, nil
}

// checkCombination reports flags that contradict each other. What a variable
// has set is passed over where it does not apply.
func (f *resendFlags) checkCombination(a *app, cmd *cobra.Command, names []string) error {
	given := func(name string) bool { return cmd.Flags().Changed(name) && !a.fromEnv[name] }
	selected := f.batch.Failed || f.query.given()
	switch {
	case len(names) == 0 && !selected:
		return usageError(cmd, errors.New("no events are named or selected"),
			"for example: taskhook resend latest, taskhook resend --failed, or taskhook resend --filter 'type:Contact*'")
	case len(names) > 0 && selected:
		return usageError(cmd, fmt.Errorf("events are either named, such as %s, or selected with flags", names[0]),
			"drop the names, or drop --failed and the flags that select events")
	case f.batch.IncludeUnknown && !f.batch.Failed:
		return usageError(cmd, errors.New("--include-unknown adds to what --failed selects"),
			"add --failed, or select them with --filter state:interrupted")
	}
	if len(names) > 0 {
		for _, name := range []string{"rate", "parallel"} {
			if given(name) {
				return usageError(cmd, fmt.Errorf("--%s is for events that --failed or --filter selects", name),
					"select the events, such as with --filter id:42..50, or drop --"+name)
			}
		}
	}
	if f.batch.Failed {
		for _, name := range []string{"new-id", "set", "set-json", "unset"} {
			if given(name) {
				return usageError(cmd, fmt.Errorf("--failed sends events with their own bodies, and --%s changes them: they would still be failed afterwards", name),
					"drop one of the two, or select the events with --filter state:failed")
			}
		}
	}
	return nil
}

// checkTarget makes a --to that cannot be parsed a usage error, and one that
// can be the same for another process: the path of a socket may be relative.
func checkTarget(cmd *cobra.Command, to *string) error {
	if *to == "" {
		return nil
	}
	t, err := httpwire.ParseTarget(*to)
	if err != nil {
		return usageError(cmd, fmt.Errorf("invalid --to: %w", err))
	}
	*to = t.String()
	return nil
}

// resend sends the events that are named, or else those that the batch selects.
func (a *app) resend(ctx context.Context, b *backend, names []string, batch webhook.Batch) error {
	ids, err := findAll(ctx, b, names)
	if err != nil {
		return err
	}
	if !batch.DryRun {
		if err := a.needTarget(ctx, b, batch.Resend.To); err != nil {
			return err
		}
	}
	switch {
	case len(ids) == 0:
		return a.resendBatch(ctx, b, batch)
	case batch.DryRun:
		batch.Filter = idFilter(ids)
		return a.resendBatch(ctx, b, batch)
	}
	return a.resendEach(ctx, b, ids, batch.Resend)
}

// idFilter is the filter that selects some events.
func idFilter(ids []webhook.ID) string {
	numbers := make([]string, len(ids))
	for i, id := range ids {
		numbers[i] = fmt.Sprint(uint64(id))
	}
	return "id:" + strings.Join(numbers, "|")
}

// resendEach sends events one after the other, in the order in which they are
// named, and continues after failures.
func (a *app) resendEach(ctx context.Context, b *backend, ids []webhook.ID, r webhook.Resend) error {
	failed := false
	for _, id := range ids {
		r.EventID = id
		stop := a.noteSlowApp(id)
		sent, err := b.Resend(ctx, r)
		stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failed = true
			a.report(sendError("resend", id, err))
			continue
		}
		failed = failed || !webhook.Delivered(sent.Attempt.StatusCode)
		if err := a.printResent(sent); err != nil {
			return err
		}
	}
	if failed {
		return errReported
	}
	return nil
}

// slowApp is how long a resend takes until it is said what it waits for.
const slowApp = 5 * time.Second

// noteSlowApp says that the app is waited for, once that takes long. The caller
// calls stop when it has answered.
func (a *app) noteSlowApp(id webhook.ID) (stop func()) {
	noted := make(chan struct{})
	timer := time.AfterFunc(slowApp, func() {
		defer close(noted)
		a.note("%s: waiting for your app's answer; Ctrl+C cancels, --timeout limits it", id)
	})
	return func() {
		if !timer.Stop() {
			<-noted
		}
	}
}

// needTarget is an error when it is not known where to send.
func (a *app) needTarget(ctx context.Context, b *backend, to string) error {
	if to != "" {
		return nil
	}
	l, err := b.Listener(ctx)
	if err != nil {
		return err
	}
	if l.Target == "" {
		return usageHint(errors.New("no target is known"), "name your app with --to 3000")
	}
	return nil
}

// sendError says why a stored event could not be sent.
func sendError(verb string, id webhook.ID, err error) error {
	err = fmt.Errorf("%s %s: %w", verb, id, err)
	show := fmt.Sprintf("taskhook events show %d", uint64(id))
	switch {
	case errors.Is(err, webhook.ErrUnverified):
		return withHint(err, "look at it first: "+show+"; then add --unverified if it is yours")
	case errors.Is(err, webhook.ErrIgnored):
		return withHint(err, "name an app with --to 3000")
	case errors.Is(err, webhook.ErrPruned):
		return withHint(err, "have it sent again, with a larger --max-body if it was too large")
	case errors.Is(err, jsjson.ErrPath):
		return withHint(err, "see what the body has: "+show)
	}
	return err
}

func (a *app) printResent(r webhook.Resent) error {
	at := r.Attempt
	for _, n := range r.Notes {
		a.note("%s: %s", at.EventID, noteText(n))
	}
	return a.printAttempt(at, r.State, fmt.Sprintf("%s → %s  %s  (%s)", at.EventID, format.MaskURLs(at.Target), attemptOutcome(at), format.StateAfter(at, r.State)))
}

// printAttempt prints an attempt as a JSON line, or without --json what words say
// of it.
func (a *app) printAttempt(at webhook.Attempt, state webhook.State, words string) error {
	if a.json {
		return export.AttemptLine(a.stdout, at, state)
	}
	_, err := fmt.Fprintln(a.stdout, format.CleanLines(words))
	return err
}

// noteText is a note about a resend with the flag that helps.
func noteText(note string) string {
	switch note {
	case webhook.NoteSameID:
		note += "; use --new-id"
	case webhook.NoteSameSignature:
		note += "; use --sign dev"
	}
	return note
}

// attemptOutcome is what came of an attempt: "200 in 3.1ms", or why there was
// no complete answer.
func attemptOutcome(at webhook.Attempt) string {
	outcome := at.Error
	if at.StatusCode != 0 {
		outcome = format.Answer(at.StatusCode, at.Duration)
		if at.Error != "" {
			outcome += ", then " + at.Error
		}
	}
	if at.Waited > 0 {
		outcome += ", " + format.Waited(at.Waited)
	}
	return outcome
}
