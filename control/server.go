package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// Source is the Backend of a listener.
type Source interface {
	Backend
	// Flush returns once everything that was queued to be stored before can be
	// read, or with the reason why it cannot. It is cheap when nothing is queued.
	Flush(ctx context.Context) error
}

// Handler answers a [Client]: each request sees everything that was queued to
// be stored before it. It is to be served on what [Listen] returns, by one
// http.Server; watches and reads end when that server's Shutdown is called, or
// its Close.
func Handler(b Source) http.Handler {
	h := &handler{backend: b}
	h.life, h.stop = context.WithCancel(context.Background())
	h.handle(pathListener, answer(func(ctx context.Context, _ struct{}) (webhook.Listener, error) { return b.Listener(ctx) }))
	h.handle(pathRead, stream(h, 0, readSteps(b)))
	h.handle(pathUpdates, answer(b.Updates))
	h.handle(pathFind, answer(b.Find))
	h.handle(pathResend, answer(func(ctx context.Context, w exactly[webhook.Resend]) (exactly[webhook.Resent], error) {
		r, err := b.Resend(ctx, w.value)
		return exactly[webhook.Resent]{r}, err
	}))
	h.handle(pathSimulate, stream(h, writeTimeout, func(ctx context.Context, r retry.SimulationRequest, watch func(retry.Progress)) (retry.Report, error) {
		return b.Simulate(ctx, r, watch)
	}))
	h.handle(pathSteer, answer(noResult(b.Steer)))
	h.handle(pathBatch, stream(h, writeTimeout, b.ResendBatch))
	h.handle(pathSalvage, stream(h, writeTimeout, b.Salvage))
	h.handle(pathFaults, answer(b.ChangeFaults))
	h.handle(pathAnnounce, answer(noResult(b.Announce)))
	h.handle(pathExpect, answer(noResult(func(ctx context.Context, e expected) error { return b.ExpectRetry(ctx, e.ID, e.At) })))
	h.handle(pathShield, answer(noResult(b.SetShield)))
	h.handle(pathSkip, answer(b.SkipVerifyLike))
	h.handle(pathDelete, answer(b.Delete))
	h.handle(pathMark, answer(noResult(func(ctx context.Context, m marking) error { return b.Mark(ctx, m.IDs, m.Marked) })))
	h.handle(pathDiagnose, answer(b.Diagnose))
	h.handle(pathLog, answer(b.Log))
	h.handle(pathWatch, stream(h, 0, watchSteps(b)))
	return h
}

type handler struct {
	backend Source
	mux     http.ServeMux
	hook    sync.Once
	life    context.Context // ends when the server shuts down
	stop    context.CancelFunc
}

func (h *handler) handle(path string, do http.HandlerFunc) { h.mux.Handle("POST "+path, do) }

// ServeHTTP refuses to talk to another version of the protocol before
// anything is done.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if srv, ok := r.Context().Value(http.ServerContextKey).(*http.Server); ok {
		// Shutdown waits for requests without telling them.
		h.hook.Do(func() { srv.RegisterOnShutdown(h.stop) })
	}
	w.Header().Set(versionHeader, protocol)
	if theirs := r.Header.Get(versionHeader); theirs != protocol {
		fail(w, http.StatusBadRequest, fmt.Errorf("this listener speaks version %s of the control protocol, the request is of version %q", protocol, theirs))
		return
	}
	// The sender of an event may ask for it as soon as it was answered. A disk that
	// refuses to be written to is no reason to show nothing.
	_ = h.backend.Flush(r.Context())
	h.mux.ServeHTTP(w, r)
}

// answer makes a handler of one call of the backend.
func answer[In, Out any](do func(context.Context, In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := argument(w, r, &in); err != nil {
			fail(w, http.StatusBadRequest, err)
			return
		}
		out, err := do(r.Context(), in)
		if err != nil {
			fail(w, statusOf(err), err)
			return
		}
		reply(w, http.StatusOK, out)
	}
}

// noResult makes of a call without a result one with an empty result.
func noResult[In any](do func(context.Context, In) error) func(context.Context, In) (struct{}, error) {
	return func(ctx context.Context, in In) (struct{}, error) { return struct{}{}, do(ctx, in) }
}

// argument reads the argument of a request to its end: only after that does the
// server notice when the requester disconnects.
func argument(w http.ResponseWriter, r *http.Request, in any) error {
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Now().Add(readTimeout))
	// The server's own timeout is for requests from outside, not for a call that
	// may last as long as the app does.
	_ = rc.SetWriteDeadline(time.Time{})
	body := http.MaxBytesReader(w, r.Body, maxRequest)
	dec := json.NewDecoder(body)
	dec.DisallowUnknownFields() // a condition that is not understood must not select everything
	if err := dec.Decode(in); err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return fmt.Errorf("read the request: %w", err)
	}
	_ = rc.SetReadDeadline(time.Time{})
	return nil
}

func fail(w http.ResponseWriter, status int, err error) { reply(w, status, newFailure(err)) }

func reply(w http.ResponseWriter, status int, out any) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(out); err != nil {
		status = http.StatusInternalServerError
		text.Reset()
		_ = enc.Encode(newFailure(fmt.Errorf("write the answer: %w", err)))
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // an error means that the requester has gone, or is too slow
}
