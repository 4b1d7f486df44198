package retry

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Control steers one simulation while [Do] runs it. The zero value is ready;
// it must not be copied. Its methods may be called from any goroutine, and
// before Do has begun or after it has ended.
type Control struct {
	mu        sync.Mutex
	taken     bool
	cancelled bool
	cancel    context.CancelFunc // nil unless Do runs
	waiting   chan struct{}      // closed to end the wait; nil when there is none
	next      int                // the forced status of the next send, 0: none
}

// errSteered refuses a Control that had its simulation.
var errSteered = errors.New("its control has steered another one: each needs its own")

// Skip ends the wait for the next send. The virtual clock goes on as if the
// wait had passed. It reports whether there was a wait to end.
func (c *Control) Skip() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == nil {
		return false
	}
	close(c.waiting)
	c.waiting = nil
	return true
}

// Answer has the next send that begins answered with a status from 200 to
// 599, or with [Nothing], in place of the app's answer and of what the
// simulation planned. The app is called only if the simulation masks. Of two
// calls before that send the later one holds; a send that is under way is
// not changed. Another status is an [ErrSimulation].
func (c *Control) Answer(status int) error {
	if err := checkStatus(status); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = status
	return nil
}

// Cancel ends the simulation, also one that has not begun. The send under
// way, if any, has its context cancelled and is recorded.
func (c *Control) Cancel() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancelled = true
	if c.cancel != nil {
		c.cancel()
	}
}

// begin binds the control to one run, whose context cancel ends.
func (c *Control) begin(cancel context.CancelFunc) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken {
		return fmt.Errorf("%w: %w", ErrSimulation, errSteered)
	}
	c.taken, c.cancel = true, cancel
	if c.cancelled {
		cancel()
	}
	return nil
}

// end lets go of the run.
func (c *Control) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel, c.waiting = nil, nil
}

// wait opens a wait; the channel is closed when somebody skips it.
func (c *Control) wait() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = make(chan struct{})
	return c.waiting
}

// waited ends a wait that was not skipped.
func (c *Control) waited() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = nil
}

// forced takes the status that somebody forced on the next send, 0 if none.
func (c *Control) forced() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	status := c.next
	c.next = 0
	return status
}
