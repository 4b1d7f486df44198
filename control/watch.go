package control

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// watch streams one JSON line a hint and an empty line as a heartbeat, until
// the asking process goes, the backend ends or the server shuts down.
func (h *handler) watch(w http.ResponseWriter, r *http.Request) {
	if err := argument(w, r, &struct{}{}); err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	hints, err := h.backend.Watch(ctx)
	if err != nil {
		fail(w, statusOf(err), err)
		return
	}
	newest, pumped := make(chan webhook.Change, 1), make(chan struct{})
	go func() {
		defer close(pumped)
		pump(ctx, hints, newest)
	}()
	defer func() { cancel(); <-pumped }()
	w.Header().Set("Content-Type", "application/x-ndjson")
	h.stream(ctx, w, newest)
}

// stream writes hints. Its first line is a heartbeat: the asking process must
// know that nothing will be missed from then on.
func (h *handler) stream(ctx context.Context, w http.ResponseWriter, newest <-chan webhook.Change) {
	rc := http.NewResponseController(w)
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	line := []byte("\n")
	for {
		_ = rc.SetWriteDeadline(time.Now().Add(writeTimeout))
		if _, err := w.Write(line); err != nil {
			return
		}
		if err := rc.Flush(); err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-h.stopping:
			return
		case <-beat.C:
			line = []byte("\n")
		case c, ok := <-newest:
			if !ok {
				return
			}
			line, _ = json.Marshal(c)
			line = append(line, '\n')
		}
	}
}

// pump takes every hint at once and keeps the newest, so that a slow reader
// does not hold up who gives them. It closes newest when there are no more.
func pump(ctx context.Context, hints <-chan webhook.Change, newest chan webhook.Change) {
	defer close(newest)
	for {
		select {
		case <-ctx.Done():
			return
		case c, ok := <-hints:
			if !ok {
				return
			}
			offer(newest, c)
		}
	}
}

// offer puts a hint into a channel of one place, instead of an older one that
// nobody took. There is one goroutine that offers.
func offer(newest chan webhook.Change, c webhook.Change) {
	for {
		select {
		case newest <- c:
			return
		default:
		}
		select {
		case <-newest:
		default:
		}
	}
}

// Watch implements [Backend]: hints until ctx or the listener ends, or c is
// closed; then the channel is closed. To watch on is the caller's part.
func (c *Client) Watch(ctx context.Context) (<-chan webhook.Change, error) {
	ctx, cancel := context.WithCancel(ctx)
	unbind := context.AfterFunc(c.life, cancel)
	end := func() { unbind(); cancel() }
	body, err := c.ask(ctx, pathWatch, struct{}{})
	if err != nil {
		end()
		return nil, err
	}
	newest := make(chan webhook.Change, 1)
	c.watches.Go(func() {
		defer close(newest)
		defer end()
		defer func() { _ = body.Close() }()
		follow(body, cancel, newest)
	})
	return newest, nil
}

// follow reads hints until the stream ends, or is silent for too long: then
// it calls stop, which is to end the stream.
func follow(stream io.Reader, stop func(), newest chan webhook.Change) {
	quiet := time.AfterFunc(silence, stop)
	defer quiet.Stop()
	for lines := bufio.NewScanner(stream); lines.Scan(); {
		quiet.Reset(silence)
		if len(lines.Bytes()) == 0 {
			continue
		}
		var c webhook.Change
		if json.Unmarshal(lines.Bytes(), &c) != nil {
			return // cut off in the middle
		}
		offer(newest, c)
	}
}
