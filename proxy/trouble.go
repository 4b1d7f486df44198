package proxy

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// saidAgain is how long the same trouble is not said again, should it come
// and go.
const saidAgain = time.Minute

// trouble is why events are being answered 429. It is said when it begins and
// when it ends, not for every request.
type trouble struct {
	logger *slog.Logger
	any    atomic.Bool // whether there may be something to end

	mu    sync.Mutex
	store condition // the store does not take events
	room  condition // too many bytes of bodies in flight
}

// condition is one thing that can go wrong.
type condition struct {
	text string // "": it is well
	said time.Time
	loud bool // its beginning was said, so its end is
}

func (t *trouble) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.store.text != "" {
		return t.store.text
	}
	return t.room.text
}

func (t *trouble) begin(c *condition, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.any.Store(true)
	began := c.text == ""
	c.text = text
	if now := time.Now(); began && now.Sub(c.said) > saidAgain {
		c.said, c.loud = now, true
		t.logger.Error(text + "; events are answered 429 until it works again")
	}
}

func (t *trouble) end(c *condition, text string) {
	if !t.any.Load() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.text == "" {
		return
	}
	c.text = ""
	t.any.Store(t.store.text != "" || t.room.text != "")
	if c.loud {
		c.loud = false
		t.logger.Info(text)
	}
}
