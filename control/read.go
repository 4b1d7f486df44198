package control

import (
	"context"
	"iter"

	"github.com/taskhook/taskhook/webhook"
)

// complete is the outcome of a call that is all in its steps.
type complete struct{ Chunks int }

// readSteps makes a step of each chunk.
func readSteps(b Backend) steps[webhook.Query, webhook.Chunk, complete] {
	return func(ctx context.Context, q webhook.Query, tell func(webhook.Chunk)) (complete, error) {
		var done complete
		for chunk, err := range b.Read(ctx, q) {
			if err != nil {
				return done, err
			}
			tell(chunk)
			if ctx.Err() != nil {
				break
			}
			done.Chunks++
		}
		return done, nil
	}
}

// Read implements [webhook.Reader]. The caller may take any time over a chunk;
// only a listener that is silent is given up. An answer that breaks off is an
// error.
func (c *Client) Read(ctx context.Context, q webhook.Query) iter.Seq2[webhook.Chunk, error] {
	return func(yield func(webhook.Chunk, error) bool) {
		_, err := follow[webhook.Chunk, complete](ctx, c, callTimeout, pathRead, q, func(chunk webhook.Chunk) bool {
			return yield(chunk, nil)
		})
		if err != nil {
			yield(webhook.Chunk{}, err)
		}
	}
}
