package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

// progressLine is one line of the answer to a call that reports its progress: a
// step, or at the end the outcome, with the failure if there was one.
type progressLine[Step, Out any] struct {
	Step    *Step    `json:"step,omitempty"`
	Outcome *Out     `json:"outcome,omitempty"`
	Failure *failure `json:"failure,omitempty"`
}

// answerWithProgress makes a handler of a call of the backend that reports its
// progress. The call ends when the requester disconnects, and waits for one that
// reads slowly.
func answerWithProgress[In, Step, Out any](do func(context.Context, In, func(Step)) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := argument(w, r, &in); err != nil {
			fail(w, http.StatusBadRequest, err)
			return
		}
		begun := false
		send := func(line progressLine[Step, Out]) {
			if !begun {
				w.Header().Set("Content-Type", "application/x-ndjson")
				begun = true
			}
			rc := http.NewResponseController(w)
			_ = rc.SetWriteDeadline(time.Now().Add(writeTimeout))
			if json.NewEncoder(w).Encode(line) == nil {
				_ = rc.Flush() // a requester that has gone ends the call by its context
			}
		}
		out, err := do(r.Context(), in, func(step Step) { send(progressLine[Step, Out]{Step: &step}) })
		if err != nil && !begun {
			fail(w, statusOf(err), err)
			return
		}
		last := progressLine[Step, Out]{Outcome: &out}
		if err != nil {
			f := newFailure(err)
			last.Failure = &f
		}
		send(last)
	}
}

// callWithProgress makes a call that reports its progress.
func callWithProgress[Step, Out any](ctx context.Context, c *Client, path string, in any, watch func(Step)) (out Out, err error) {
	body, err := c.ask(ctx, path, in)
	if err != nil {
		return out, err
	}
	defer func() { _ = body.Close() }()
	for lines := json.NewDecoder(body); ; {
		var line progressLine[Step, Out]
		if err := lines.Decode(&line); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF // there was no outcome
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
