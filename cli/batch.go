package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/export"
)

func newRescueCommand(a *app) *cobra.Command {
	var (
		q      queryFlags
		r      webhook.Batch
		rate   string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "rescue",
		Short: "send your app everything that it missed",
		Long: "Send again, in the order of arrival, every event that is failed or overdue: Taskee does not\n" +
			"send it any more, and it exists only here. Signatures are checked again against the keys that\n" +
			"are trusted now. After an interruption a second rescue goes on where the first stopped.",
		Example: "  taskhook rescue --dry-run       # what would be sent, and what would not\n" +
			"  taskhook rescue --since 1h --rate 5/s",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			query, err := q.query(cmd)
			if err != nil {
				return err
			}
			r.Filter = query.Filter
			if err := understandBatch(cmd, &r, rate); err != nil {
				return err
			}
			b, err := a.openBackend(cmd.Context(), writes)
			if err != nil {
				return err
			}
			return errors.Join(a.resendBatch(cmd.Context(), b, r, asJSON), b.close())
		},
	}
	q.addSelection(cmd)
	f := cmd.Flags()
	f.StringVar(&r.To, "to", "", "send to this TARGET instead")
	f.StringVar(&rate, "rate", "", "at most so many events a second, such as 5/s, or 30/m a minute")
	f.IntVar(&r.Parallel, "parallel", 1, "events at one time; more than 1 does not keep their order")
	f.BoolVar(&r.DryRun, "dry-run", false, "send nothing, and say what would be sent")
	f.BoolVar(&r.Unverified, "unverified", false, "send even events whose signature is rejected")
	f.BoolVar(&r.IncludeUnknown, "include-unknown", false, "send even events whose outcome is unknown: your app may have processed them")
	f.BoolVar(&asJSON, "json", false, "print one JSON object per event, and one for the rescue")
	onlyOnCommandLine(f, "dry-run", "unverified", "include-unknown")
	return cmd
}

func understandBatch(cmd *cobra.Command, r *webhook.Batch, rate string) error {
	if r.To != "" {
		if _, err := httpwire.ParseTarget(r.To); err != nil {
			return usageError(cmd, fmt.Errorf("invalid --to: %w", err))
		}
	}
	if r.Parallel < 1 {
		return usageError(cmd, fmt.Errorf("invalid --parallel %d", r.Parallel), "want 1 or more")
	}
	if rate == "" {
		return nil
	}
	var err error
	if r.Rate, err = parseRate(rate); err != nil {
		return usageError(cmd, fmt.Errorf("invalid --rate %q", rate), "want a number of events a second or a minute, such as 5/s or 30/m")
	}
	return nil
}

// parseRate reads a rate as events a second.
func parseRate(s string) (float64, error) {
	number, unit, ok := strings.Cut(s, "/")
	n, err := strconv.ParseFloat(number, 64)
	switch {
	case err != nil || !(n >= 0.001) || n > 1e6:
		return 0, errors.New("no rate")
	case !ok || unit == "s":
		return n, nil
	case unit == "m":
		return n / 60, nil
	}
	return 0, errors.New("no rate")
}

func (a *app) resendBatch(ctx context.Context, b *backend, r webhook.Batch, asJSON bool) error {
	if !r.DryRun {
		if err := a.needTarget(ctx, b, r.To); err != nil {
			return err
		}
	}
	t := batchTale{app: a, dry: r.DryRun, json: asJSON, bar: isTerminal(a.stderr) && !asJSON && !r.DryRun}
	report, err := b.ResendBatch(ctx, r, t.event)
	if t.drawn {
		_, _ = fmt.Fprint(a.stderr, "\r\x1b[K")
	}
	if err != nil && (ctx.Err() == nil || report.Total == 0) {
		return batchError(err)
	}
	if err := errors.Join(t.broken, t.summary(report)); err != nil {
		return err
	}
	if report.Stopped != "" && ctx.Err() == nil {
		hint := "see that your app runs, then rescue again: it goes on where this one stopped"
		if t.answered {
			hint = "see why your app refuses them; leave them out with --filter, such as 'id:>=12'"
		}
		a.report(withHint(fmt.Errorf("stopped: %s", report.Stopped), hint))
		return errReported
	}
	if report.Failed > 0 {
		return errors.Join(ctx.Err(), errReported)
	}
	return ctx.Err()
}

func batchError(err error) error {
	if errors.Is(err, proxy.ErrNoTarget) {
		return &hintError{err: err, hint: "name your app with --to 3000", code: exitUsage}
	}
	return fmt.Errorf("rescue: %w", err)
}

// batchTale prints a rescue.
type batchTale struct {
	app    *app
	dry    bool
	json   bool
	bar    bool
	drawn  bool
	last   time.Time
	broken error
	// answered says that the last one to fail was answered by the app.
	answered bool
}

// event prints what was done with one event. With a bar, what went well is
// only counted.
func (t *batchTale) event(r webhook.BatchItem) {
	if r.Skip == "" && r.Reason != "" {
		t.answered = r.Attempt != nil && r.Attempt.StatusCode != 0
	}
	var err error
	switch {
	case t.json && r.Attempt != nil:
		err = export.AttemptLine(t.app.stdout, *r.Attempt, r.State)
	case t.json:
		err = export.Line(t.app.stdout, newSkippedLine(r))
	case t.bar && r.Skip == "" && r.Reason == "":
	default:
		if t.drawn {
			_, _ = fmt.Fprint(t.app.stderr, "\r\x1b[K")
		}
		_, err = fmt.Fprintln(t.app.stdout, format.CleanLines(t.words(r)))
	}
	if t.broken == nil {
		t.broken = err
	}
	t.draw(r)
}

// barEvery is how often the bar is drawn at most.
const barEvery = 50 * time.Millisecond

func (t *batchTale) draw(r webhook.BatchItem) {
	if !t.bar || time.Since(t.last) < barEvery && r.Done < r.Total {
		return
	}
	const width = 30
	full := width * r.Done / max(r.Total, 1)
	_, _ = fmt.Fprintf(t.app.stderr, "\r\x1b[K[%s%s] %d of %d", strings.Repeat("#", full), strings.Repeat(".", width-full), r.Done, r.Total)
	t.drawn, t.last = true, time.Now()
}

// words says what was done with one event.
func (t *batchTale) words(r webhook.BatchItem) string {
	head := fmt.Sprintf("%-6s %-24s", r.Event.ID, r.Event.Type)
	switch {
	case r.Skip != "":
		return fmt.Sprintf("%s not sent: %s (%s)", head, r.Skip, r.Reason)
	case t.dry && r.Reason != "":
		return head + " cannot be sent: " + r.Reason
	case t.dry:
		return fmt.Sprintf("%s would be sent: received %s, %s", head, format.DateTime(r.Event.ReceivedAt.Local()), r.State)
	case r.Reason != "":
		return head + " failed: " + r.Reason
	}
	return fmt.Sprintf("%s → %d in %s", head, r.Attempt.StatusCode, format.Duration(r.Attempt.Duration))
}

// skippedLine is one event of a rescue without an attempt.
type skippedLine struct {
	Kind    string        `json:"kind"`
	EventID webhook.ID    `json:"eventId"`
	Send    bool          `json:"send"` // it would be sent
	Skip    webhook.Skip  `json:"skip"`
	Reason  string        `json:"reason"`
	State   webhook.State `json:"state"`
}

func newSkippedLine(r webhook.BatchItem) skippedLine {
	return skippedLine{
		Kind: "rescued", EventID: r.Event.ID, Send: r.Skip == "" && r.Reason == "",
		Skip: r.Skip, Reason: r.Reason, State: r.State,
	}
}

// batchLine sums a rescue up.
type batchLine struct {
	Kind string `json:"kind"`
	webhook.BatchReport
	DryRun bool `json:"dryRun"`
}

func (t *batchTale) summary(r webhook.BatchReport) error {
	if t.json {
		return export.Line(t.app.stdout, batchLine{Kind: "rescue", BatchReport: r, DryRun: t.dry})
	}
	if r.Total == 0 {
		_, err := fmt.Fprintln(t.app.stdout, "nothing has failed")
		return err
	}
	done := "rescued"
	if t.dry {
		done = "would be sent"
	}
	parts := []string{fmt.Sprintf("%d %s", r.Delivered, done)}
	for _, part := range []struct {
		n     int
		words string
	}{
		{r.Failed, "failed"},
		{r.Skipped, "delivered meanwhile"},
		{r.Same, "sent as another"},
		{r.Rejected, "rejected for their signature (--unverified sends them)"},
		{r.Unknown, "of unknown outcome (--include-unknown sends them)"},
		{r.Bodyless, "without a body"},
		{r.Total - r.Delivered - r.Failed - r.Skipped - r.Same - r.Rejected - r.Unknown - r.Bodyless, "not tried"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.words))
		}
	}
	_, err := fmt.Fprintln(t.app.stdout, strings.Join(parts, ", "))
	return err
}
