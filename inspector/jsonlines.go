package inspector

import (
	"bytes"
	"context"
	"io"
	"time"

	"taskhook/webhook"
	"taskhook/webhook/export"
)

// JSONLines writes the event and attempt lines of the command line's contract
// for everything stored from now until ctx ends, and for what was stored
// before that end; then it returns nil. It returns the first error of the feed
// or of the writer.
func JSONLines(ctx context.Context, w io.Writer, feed Feed) error {
	from, err := present(ctx, feed)
	if err != nil {
		return err
	}
	return JSONLinesFrom(ctx, w, feed, from)
}

// JSONLinesFrom is [JSONLines] for everything stored after a position.
func JSONLinesFrom(ctx context.Context, w io.Writer, feed Feed, from webhook.Position) error {
	var b bytes.Buffer
	return follow(ctx, feed, from, func(_ context.Context, news webhook.News) error {
		b.Reset()
		now := time.Now()
		err := inOrder(news,
			func(e webhook.Summary) error { return export.EventLine(&b, e) },
			func(a webhook.Attempted) error { return export.AttemptLine(&b, a.Attempt, a.Outcome.State(now)) })
		if err != nil {
			return err
		}
		return write(w, b.Bytes())
	})
}
