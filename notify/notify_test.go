package notify

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
)

func TestWatchersGetTheNewestNotice(t *testing.T) {
	var h Hub[int]
	h.Notify(1) // nobody is told
	quick, slow := h.Watch(t.Context()), h.Watch(t.Context())
	h.Notify(2)
	if got := <-quick; got != 2 {
		t.Errorf("the first notice is %d", got)
	}
	h.Notify(3)
	h.Notify(4)
	if a, b := <-quick, <-slow; a != 4 || b != 4 {
		t.Errorf("the newest notices are %d and %d", a, b)
	}
	select {
	case n := <-slow:
		t.Errorf("%d comes twice", n)
	default:
	}
}

func TestWatchEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h Hub[int]
		ctx, cancel := context.WithCancel(t.Context())
		ends, stays := h.Watch(ctx), h.Watch(t.Context())
		h.Notify(1)
		cancel()
		synctest.Wait()
		h.Notify(2)
		if n, open := <-ends; n != 1 || !open {
			t.Errorf("what came before the end is lost: %d, %v", n, open)
		}
		if n, open := <-ends; open {
			t.Errorf("%d comes after the end", n)
		}
		if n := <-stays; n != 2 {
			t.Errorf("another watcher gets %d", n)
		}
		h.Close()
		h.Close()
		if _, open := <-stays; open {
			t.Error("a closed hub has an open channel")
		}
		if _, open := <-h.Watch(t.Context()); open {
			t.Error("a closed hub can be watched")
		}
		cancel()
		h.Notify(3)
	})
}

func TestWatchersComeAndGoAsNoticesAreSent(t *testing.T) {
	var h Hub[int]
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				ctx, cancel := context.WithCancel(t.Context())
				h.Watch(ctx)
				cancel()
			}
		})
		all.Go(func() {
			for i := range 100 {
				h.Notify(i)
			}
		})
	}
	all.Wait()
	h.Close()
}
