package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

// told is one line of a call that tells how it goes on: a step, or at last
// the outcome, with the failure beside it if there was one.
type told[Step, Out any] struct {
	Step    *Step    `json:"step,omitempty"`
	Outcome *Out     `json:"outcome,omitempty"`
	Failure *failure `json:"failure,omitempty"`
}

// telling makes a handler of a call of the backend that takes a while. The
// call ends when the asking process goes; a slow reader holds it up.
func telling[In, Step, Out any](do func(context.Context, In, func(Step)) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := argument(w, r, &in); err != nil {
			fail(w, http.StatusBadRequest, err)
			return
		}
		begun := false
		say := func(line told[Step, Out]) {
			if !begun {
				w.Header().Set("Content-Type", "application/x-ndjson")
				begun = true
			}
			rc := http.NewResponseController(w)
			_ = rc.SetWriteDeadline(time.Now().Add(writeTimeout))
			if json.NewEncoder(w).Encode(line) == nil {
				_ = rc.Flush() // who does not read any more ends the call by its context
			}
		}
		out, err := do(r.Context(), in, func(step Step) { say(told[Step, Out]{Step: &step}) })
		if err != nil && !begun {
			fail(w, statusOf(err), err)
			return
		}
		last := told[Step, Out]{Outcome: &out}
		if err != nil {
			f := newFailure(err)
			last.Failure = &f
		}
		say(last)
	}
}

// callTelling makes a call that tells how it goes on.
func callTelling[Step, Out any](ctx context.Context, c *Client, path string, in any, watch func(Step)) (out Out, err error) {
	body, err := c.ask(ctx, path, in)
	if err != nil {
		return out, err
	}
	defer func() { _ = body.Close() }()
	for lines := json.NewDecoder(body); ; {
		var line told[Step, Out]
		if err := lines.Decode(&line); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF // the outcome did not come
			}
			return out, unreadable(ctx, err, false)
		}
		if line.Step != nil && watch != nil {
			watch(*line.Step)
		}
		if line.Outcome == nil {
			continue
		}
		if line.Failure != nil {
			return *line.Outcome, line.Failure.err()
		}
		return *line.Outcome, nil
	}
}
