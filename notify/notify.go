// Package notify tells any number of watchers of changes without waiting for
// them.
package notify

import (
	"context"
	"sync"
)

// Hub passes notices to its watchers. It starts no goroutine: each watcher's
// channel holds one notice, and a newer notice replaces it until it is
// received. A slow watcher misses notices, but never the newest. The zero value
// is ready to use; all methods are safe for concurrent use.
type Hub[T any] struct {
	mu       sync.Mutex
	watchers map[chan T]func() bool // how to stop waiting for its context
	closed   bool
}

// Watch returns a channel of the notices from now on. It is closed when ctx
// ends or the hub is closed.
func (h *Hub[T]) Watch(ctx context.Context) <-chan T {
	ch := make(chan T, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(ch)
		return ch
	}
	if h.watchers == nil {
		h.watchers = map[chan T]func() bool{}
	}
	h.watchers[ch] = context.AfterFunc(ctx, func() { h.remove(ch) })
	return ch
}

func (h *Hub[T]) remove(ch chan T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, there := h.watchers[ch]; there {
		delete(h.watchers, ch)
		close(ch)
	}
}

// Notify tells every watcher.
func (h *Hub[T]) Notify(notice T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for ch := range h.watchers {
		select {
		case <-ch:
		default:
		}
		ch <- notice // nobody else sends
	}
}

// Close closes the channels of all watchers, also of those to come. To close
// twice does nothing.
func (h *Hub[T]) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for ch, stop := range h.watchers {
		stop()
		close(ch)
	}
	h.watchers = nil
}
