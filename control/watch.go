package control

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/taskhook/taskhook/notify"
	"github.com/taskhook/taskhook/webhook"
)

// watch streams one JSON line for each hint, and an empty line as a heartbeat,
// until the client goes, the backend ends or the server shuts down.
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
	w.Header().Set("Content-Type", "application/x-ndjson")
	h.writeHints(ctx, w, hints)
}

// writeHints writes hints. Its first line is a heartbeat: the client must know
// that nothing will be missed from then on.
func (h *handler) writeHints(ctx context.Context, w http.ResponseWriter, hints <-chan webhook.Change) {
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
		case <-h.life.Done():
			return
		case <-beat.C:
			line = []byte("\n")
		case c, ok := <-hints:
			if !ok {
				return
			}
			line, _ = json.Marshal(c)
			line = append(line, '\n')
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
	var changes notify.Hub[webhook.Change]
	hints := changes.Watch(ctx)
	c.watches.Go(func() {
		defer changes.Close()
		defer end()
		defer func() { _ = body.Close() }()
		readHints(body, cancel, changes.Notify)
	})
	return hints, nil
}

// readHints passes on hints until the stream ends, or is silent for too long:
// then it calls stop, which is to end the stream.
func readHints(stream io.Reader, stop func(), hint func(webhook.Change)) {
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
		hint(c)
	}
}
