package control

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// frame is a part of the answer to a call that takes steps: a step, or at the end
// the outcome, with the failure if there was one. The answer is a stream of gob
// values: they carry bodies and texts byte by byte, and cost a tenth of what
// JSON does.
type frame[Step, Out any] struct {
	Step    *Step
	Outcome *Out
	Failure *failure
}

// steps is a call of the backend that tells of each of its steps.
type steps[In, Step, Out any] func(ctx context.Context, in In, tell func(Step)) (Out, error)

// stream makes a handler of a call that takes steps. The call ends when the
// requester disconnects, and waits for one that reads slowly: for as long as
// timeout for each step, or with 0 until the server shuts down.
func stream[In, Step, Out any](h *handler, timeout time.Duration, do steps[In, Step, Out]) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := argument(w, r, &in); err != nil {
			fail(w, http.StatusBadRequest, err)
			return
		}
		rc := http.NewResponseController(w)
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		if timeout == 0 {
			defer context.AfterFunc(h.life, func() {
				cancel()
				_ = rc.SetWriteDeadline(time.Now()) // for a requester that does not read
			})()
		}
		frames := gob.NewEncoder(w)
		begun := false
		send := func(f frame[Step, Out]) {
			if !begun {
				w.Header().Set("Content-Type", "application/octet-stream")
				begun = true
			}
			if timeout > 0 {
				_ = rc.SetWriteDeadline(time.Now().Add(timeout))
			}
			if frames.Encode(f) != nil || rc.Flush() != nil {
				cancel() // the requester has gone
			}
		}
		out, err := do(ctx, in, func(step Step) { send(frame[Step, Out]{Step: &step}) })
		switch {
		case ctx.Err() != nil:
			return // without an outcome
		case err != nil && !begun:
			fail(w, statusOf(err), err)
			return
		}
		last := frame[Step, Out]{Outcome: &out}
		if err != nil {
			f := newFailure(err)
			last.Failure = &f
		}
		send(last)
	}
}

// follow makes a call that takes steps, until watch returns false. It gives up
// a listener that is silent for timeout, if that is not 0, but not while watch
// takes its time. An answer that breaks off is an error.
func follow[Step, Out any](ctx context.Context, c *Client, timeout time.Duration, path string, in any, watch func(Step) bool) (out Out, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	listen := func() (stop func() bool) {
		if timeout == 0 {
			return func() bool { return true }
		}
		return time.AfterFunc(timeout, func() { cancel(errSilent(timeout)) }).Stop
	}
	stop := listen()
	body, err := c.ask(ctx, path, in)
	stop()
	if err != nil {
		return out, err
	}
	defer func() { _ = body.Close() }()
	for frames := gob.NewDecoder(body); ; {
		var f frame[Step, Out]
		stop := listen()
		err := frames.Decode(&f)
		stop()
		switch {
		case err != nil:
			return out, interrupted(ctx, err)
		case f.Step != nil && !watch(*f.Step):
			return out, nil
		case f.Outcome == nil:
		case f.Failure != nil:
			return *f.Outcome, f.Failure.err()
		default:
			return *f.Outcome, nil
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
