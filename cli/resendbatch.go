package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// resendBatch sends the events that a batch selects and prints what came of
// each.
func (a *app) resendBatch(ctx context.Context, b *backend, batch webhook.Batch) error {
	p := batchPrinter{app: a, batch: batch, bar: isTerminal(a.stderr) && !a.json && !batch.DryRun}
	report, err := b.ResendBatch(ctx, batch, p.item)
	p.clearBar()
	if ctx.Err() != nil {
		report = p.seen // a listener does not report to a command that has ended
	}
	switch {
	case errors.Is(err, webhook.ErrBatchRunning):
		return withHint(err, "wait until it has ended, or stop it where it was started")
	case err != nil && (ctx.Err() == nil || report.Total == 0):
		return fmt.Errorf("resend: %w", err)
	}
	if err := errors.Join(p.failed, p.summary(report)); err != nil {
		return err
	}
	if report.Stopped != "" && ctx.Err() == nil {
		a.report(withHint(fmt.Errorf("stopped: %s", report.Stopped), p.stopHint()))
		return errReported
	}
	if report.Failed > 0 {
		return errors.Join(ctx.Err(), errReported)
	}
	return ctx.Err()
}

// batchPrinter prints a batch as it is sent.
type batchPrinter struct {
	app    *app
	batch  webhook.Batch
	bar    bool
	drawn  time.Time // when the bar was last drawn; zero: it is not there
	failed error     // of the output
	notes  []string  // that were printed
	seen   webhook.BatchReport

	// The first and the last of the latest failures in a row, and whether the
	// app answered the last.
	firstFailed, lastFailed webhook.ID
	answered                bool
}

// item prints what was done with one event. With a bar, what went well is only
// counted.
func (p *batchPrinter) item(i webhook.BatchItem) {
	p.seen.Total = i.Total
	p.seen.Count(i)
	switch {
	case i.Skip != "":
	case i.Reason == "":
		p.firstFailed = 0
	default:
		p.firstFailed, p.lastFailed = cmp.Or(p.firstFailed, i.Event.ID), i.Event.ID
		p.answered = i.Attempt != nil && i.Attempt.StatusCode != 0
	}
	p.failed = cmp.Or(p.failed, p.line(i))
	for _, note := range i.Notes {
		if !slices.Contains(p.notes, note) { // once: it is the same for many events
			p.notes = append(p.notes, note)
			p.clearBar()
			p.app.note("%s: %s", i.Event.ID, noteText(note))
		}
	}
	p.drawBar(i)
}

func (p *batchPrinter) line(i webhook.BatchItem) error {
	switch {
	case p.batch.Failed && !p.batch.Resend.Unverified && i.State == webhook.StateRejected:
		return nil // there may be a thousand: the summary counts them
	case p.bar && i.Skip == "" && i.Reason == "":
		return nil
	}
	p.clearBar()
	if i.Attempt != nil {
		return p.app.printAttempt(*i.Attempt, i.State, p.words(i))
	}
	line := batchItemLine{i.Event.ID, i.Skip == "" && i.Reason == "", i.Skip, i.Reason, i.State}
	return p.app.print("resendEvent", line, "%s", p.words(i))
}

// words says what was done with one event.
func (p *batchPrinter) words(i webhook.BatchItem) string {
	event := fmt.Sprintf("%-6s %s", i.Event.ID, column(i.Event.Type, typeWidth))
	switch {
	case i.Skip != "":
		return fmt.Sprintf("%s not sent: %s (%s)", event, i.Skip, i.Reason)
	case i.Attempt != nil:
		return fmt.Sprintf("%s → %s  (%s)", event, attemptOutcome(*i.Attempt), format.StateAfter(*i.Attempt, i.State))
	case i.Reason != "":
		return event + " cannot be sent: " + i.Reason
	}
	return fmt.Sprintf("%s to send: received %s, %s", event, format.DateTime(i.Event.ReceivedAt.Local()), string(i.State))
}

// barEvery is the least time between two drawings of the bar.
const barEvery = 50 * time.Millisecond

func (p *batchPrinter) drawBar(i webhook.BatchItem) {
	if !p.bar || time.Since(p.drawn) < barEvery && i.Done < i.Total {
		return
	}
	const width = 30
	full := width * i.Done / max(i.Total, 1)
	_, _ = fmt.Fprintf(p.app.stderr, "\r\x1b[K[%s%s] %d of %d", strings.Repeat("#", full), strings.Repeat(".", width-full), i.Done, i.Total)
	p.drawn = time.Now()
}

func (p *batchPrinter) clearBar() {
	if !p.drawn.IsZero() {
		_, _ = fmt.Fprint(p.app.stderr, "\r\x1b[K")
		p.drawn = time.Time{}
	}
}

// batchItemLine is the JSON line of an event that was not sent.
type batchItemLine struct {
	EventID webhook.ID    `json:"eventId"`
	Send    bool          `json:"send"` // a real run would send it
	Skip    webhook.Skip  `json:"skip"`
	Reason  string        `json:"reason"`
	State   webhook.State `json:"state"`
}

// batchLine is the JSON line that sums up a batch.
type batchLine struct {
	webhook.BatchReport
	DryRun bool `json:"dryRun"`
}

func (p *batchPrinter) summary(r webhook.BatchReport) error {
	if r.Total == 0 && !p.app.json {
		what := "no events match"
		if p.batch.Failed {
			what = "no failed events"
			if p.batch.Filter != "" {
				what += " match"
			}
		}
		p.app.note("%s", what)
		return nil
	}
	return p.app.print("resend", batchLine{r, p.batch.DryRun}, "%s", p.summaryWords(r))
}

func (p *batchPrinter) summaryWords(r webhook.BatchReport) string {
	done := "delivered"
	switch {
	case p.batch.DryRun:
		done = "to send"
	case p.batch.Failed:
		done = "recovered"
	}
	failed := "failed"
	if p.batch.DryRun {
		failed = "cannot be sent"
	}
	parts := []string{fmt.Sprintf("%d %s", r.Delivered, done)}
	for _, part := range []struct {
		n     int
		words string
	}{
		{r.Failed, failed},
		{r.Skipped, "delivered or deleted meanwhile"},
		{r.Same, "sent as another event"},
		{r.Ignored, "that a route sends to no app (--to sends them)"},
		{r.Down, "not sent: their app fails"},
		{r.Undecided, "left out: the filter is too much for them"},
		{r.Rejected, "rejected (--unverified sends them)"},
		{r.Unknown, "of unknown outcome (--include-unknown sends them)"},
		{r.Bodyless, "without a body"},
		{r.Untried(), "not tried"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.words))
		}
	}
	return strings.Join(parts, ", ")
}

// stopHint says how to go on after a batch that stopped early.
func (p *batchPrinter) stopHint() string {
	switch {
	case p.answered:
		return fmt.Sprintf("see why your app answers so, or leave these events out with --filter 'id:>%d'", uint64(p.lastFailed))
	case p.batch.Failed:
		return "see that your app runs, then run the same command again: it continues where this one stopped"
	}
	return fmt.Sprintf("see that your app runs, then send the rest with id:>=%d in the filter", uint64(p.firstFailed))
}
