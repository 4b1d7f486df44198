package control

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// frame is a part of the answer to read, which is a stream of gob values: they
// carry bodies and texts byte by byte, and cost a tenth of what JSON does.
type frame struct {
	Chunk   *webhook.Chunk
	Failure *failure // why the read ended early
	Last    bool     // the read is complete
}

// read streams chunks. A requester may read as slowly as it likes: it blocks
// nobody but itself.
func (h *handler) read(w http.ResponseWriter, r *http.Request) {
	var q webhook.Query
	if err := argument(w, r, &q); err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	rc := http.NewResponseController(w)
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(h.life, func() {
		cancel()
		_ = rc.SetWriteDeadline(time.Now()) // for a requester that does not read
	})()
	enc := gob.NewEncoder(w)
	begun := false
	send := func(f frame) bool {
		if !begun {
			w.Header().Set("Content-Type", "application/octet-stream")
			begun = true
		}
		return enc.Encode(f) == nil && rc.Flush() == nil
	}
	for chunk, err := range h.backend.Read(ctx, q) {
		switch {
		case ctx.Err() != nil:
			return // without a last frame
		case err != nil && !begun:
			fail(w, statusOf(err), err)
			return
		case err != nil:
			f := newFailure(err)
			send(frame{Failure: &f})
			return
		case !send(frame{Chunk: &chunk}):
			return
		}
	}
	send(frame{Last: true})
}

// Read implements [webhook.Reader]. The caller may take any time over a chunk;
// only a listener that is silent is given up. An answer that breaks off is an
// error.
func (c *Client) Read(ctx context.Context, q webhook.Query) iter.Seq2[webhook.Chunk, error] {
	return func(yield func(webhook.Chunk, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		silent := time.AfterFunc(callTimeout, func() { cancel(errSilent(callTimeout)) })
		defer silent.Stop()
		body, err := c.ask(ctx, pathRead, q)
		if err != nil {
			yield(webhook.Chunk{}, err)
			return
		}
		defer func() { _ = body.Close() }()
		for frames := gob.NewDecoder(body); ; {
			silent.Reset(callTimeout)
			var f frame
			err := frames.Decode(&f)
			silent.Stop()
			switch {
			case err != nil:
				yield(webhook.Chunk{}, interrupted(ctx, err))
				return
			case f.Failure != nil:
				yield(webhook.Chunk{}, f.Failure.err())
				return
			case f.Last:
				return
			case !yield(*f.Chunk, nil):
				return
			}
		}
	}
}

// interrupted says why a stream could not be read to its end.
func interrupted(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return broken(ctx, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, new(*net.OpError)):
		return fmt.Errorf("the listener stopped in the middle of its answer: %w", ErrNoListener)
	}
	return fmt.Errorf("understand the listener's answer: %w", err)
}
