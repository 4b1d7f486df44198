package store

import (
	"context"
	"sync"

	"github.com/taskhook/taskhook/webhook"
)

// hub hands out hints. It starts no goroutine: a watcher's channel has room
// for one hint, and a newer one takes the place of one that nobody took.
type hub struct {
	mu       sync.Mutex
	version  uint64
	watchers map[chan webhook.Change]func() bool // how to stop waiting for its context
	closed   bool
}

// Watch hints at changes until ctx or the store ends; then the channel is
// closed. Hints that nobody took in time are joined into the newest.
func (s *Store) Watch(ctx context.Context) <-chan webhook.Change {
	return s.hub.watch(ctx)
}

func (h *hub) watch(ctx context.Context) <-chan webhook.Change {
	ch := make(chan webhook.Change, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(ch)
		return ch
	}
	if h.watchers == nil {
		h.watchers = map[chan webhook.Change]func() bool{}
	}
	h.watchers[ch] = context.AfterFunc(ctx, func() { h.drop(ch) })
	return ch
}

func (h *hub) drop(ch chan webhook.Change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, there := h.watchers[ch]; there {
		delete(h.watchers, ch)
		close(ch)
	}
}

func (h *hub) changed() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.version++
	for ch := range h.watchers {
		select {
		case <-ch:
		default:
		}
		ch <- webhook.Change{Version: h.version} // nobody else sends
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for ch, stop := range h.watchers {
		stop()
		close(ch)
	}
	h.watchers = nil
}
