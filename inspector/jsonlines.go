package inspector

import (
	"bytes"
	"context"
	"io"
	"time"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/export"
)

// JSONLines writes the event and attempt lines of the command line's contract
// for everything stored after a position until ctx ends, and for what was
// stored before that end; then it returns nil. An event that was answered
// without an attempt only after its line had been written has a second line,
// which says how. It returns the first error of the feed or of the writer.
func JSONLines(ctx context.Context, w io.Writer, feed Feed, from webhook.Position) error {
	j := &jsonLines{w: w, feed: feed}
	return follow(ctx, feed, from, j)
}

type jsonLines struct {
	w       io.Writer
	feed    Feed
	b       bytes.Buffer
	waiting waiting
}

func (j *jsonLines) print(ctx context.Context, updates webhook.Updates) error {
	j.b.Reset()
	now := time.Now()
	err := inOrder(updates,
		func(e webhook.Summary) error {
			if e.Attempts == 0 && e.Answer.Status == 0 && !e.Outcome.Interrupted {
				j.waiting.add(e.ID, now)
			}
			return export.EventLine(&j.b, e)
		},
		func(a webhook.Attempted) error {
			j.waiting.done(a.EventID)
			return export.AttemptLine(&j.b, a.Attempt, a.Outcome.State(now))
		})
	if err != nil {
		return err
	}
	return j.askAgain(ctx, now, waitGrace)
}

func (j *jsonLines) due(now time.Time) time.Duration { return j.waiting.due(now) }

func (j *jsonLines) finish(ctx context.Context) error {
	j.b.Reset()
	return j.askAgain(ctx, time.Now(), 0)
}

// askAgain writes what there is, and again the events that were answered
// meanwhile.
func (j *jsonLines) askAgain(ctx context.Context, now time.Time, grace time.Duration) error {
	events, err := j.waiting.read(ctx, j.feed, now, grace)
	if err != nil {
		return err
	}
	for _, e := range events {
		if e.Answer.Status == 0 {
			continue
		}
		j.waiting.done(e.ID)
		if err := export.EventLine(&j.b, e); err != nil {
			return err
		}
	}
	return write(j.w, j.b.Bytes())
}
