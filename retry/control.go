package retry

import (
	"context"
	"sync"

	"github.com/taskhook/taskhook/webhook"
)

// Control steers one simulation while [Do] runs it; each needs its own. The
// zero value is ready; it must not be copied. Its methods may be called from
// any goroutine, before Do has begun and after it has ended as well.
type Control struct {
	mu        sync.Mutex
	cancelled bool
	cancel    context.CancelFunc // nil unless Do runs
	waiting   chan struct{}      // closed to end the wait; nil when there is none
	next      int                // the forced status of the next send, 0: none
}

// Steering is what a person asks of the running simulation of an event. The
// zero value of every field but EventID asks for nothing.
type Steering struct {
	EventID webhook.ID `json:"eventId"`
	Skip    bool       `json:"skip,omitempty"`   // see [Control.Skip]
	Answer  int        `json:"answer,omitempty"` // see [Control.Answer]
	Cancel  bool       `json:"cancel,omitempty"` // see [Control.Cancel]
}

// Steer does what a person asks for. The error is an [ErrSimulation].
func (c *Control) Steer(s Steering) error {
	if s.Answer != 0 {
		if err := c.Answer(s.Answer); err != nil {
			return err
		}
	}
	if s.Skip {
		c.Skip()
	}
	if s.Cancel {
		c.Cancel()
	}
	return nil
}

// Skip ends the wait for the next send, if there is one. The virtual clock
// advances as if the wait had passed.
func (c *Control) Skip() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting != nil {
		close(c.waiting)
		c.waiting = nil
	}
}

// Answer makes the answer to the next send a status from 200 to 599, or
// [NoResponse], in place of the app's answer and of the one the simulation
// planned. The app is called only if the simulation masks. Of several calls
// before that send the last one counts; a send that is under way does not
// change. Any other status is an [ErrSimulation].
func (c *Control) Answer(status int) error {
	if err := checkStatus(status); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.next = status
	return nil
}

// Cancel ends the simulation, even before it has begun. The context of a send
// under way is cancelled, and the send recorded.
func (c *Control) Cancel() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancelled = true
	if c.cancel != nil {
		c.cancel()
	}
}

// begin ties the control to a run, whose context cancel ends.
func (c *Control) begin(cancel context.CancelFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel = cancel
	if c.cancelled {
		cancel()
	}
}

// end unties the control from its run.
func (c *Control) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel, c.waiting = nil, nil
}

// wait begins a wait and returns a channel that Skip closes.
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

// forced returns the status that Answer set for the next send, 0 if none, and
// clears it.
func (c *Control) forced() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	status := c.next
	c.next = 0
	return status
}
