package retry

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// ErrSimulation is returned when a simulation cannot be meant.
var ErrSimulation = errors.New("invalid simulation")

// Nothing stands for no response at all where a status is asked for.
const Nothing = -1

// Simulation describes a sender's retries with one event. Its zero
// value sends once, and the app's own answer decides.
type Simulation struct {
	Policy Policy
	// Fail is how many answers, from the first, are replaced by Status. The
	// app is not called for them unless Mask is set.
	Fail   int
	Status int   // 200 to 599, or Nothing; 0: 429
	Mask   bool  // the app is called, and its answer is replaced all the same
	Speed  Speed // the zero value waits for nothing
	Seed   uint64
	// Control steers the simulation while it runs; nil: nobody does.
	Control *Control `json:"-"`
}

// Validate returns an [ErrSimulation] for the first thing in the simulation
// that cannot be meant, and with it the [*PolicyError] or [ErrSpeed] if that
// is what it is.
func (s Simulation) Validate() error {
	if err := s.Policy.Validate(); err != nil {
		return fmt.Errorf("%w: policy: %w", ErrSimulation, err)
	}
	if err := s.Speed.Validate(); err != nil {
		return fmt.Errorf("%w: speed %w", ErrSimulation, err)
	}
	if s.Fail < 0 {
		return fmt.Errorf("%w: %d answers cannot fail", ErrSimulation, s.Fail)
	}
	if s.Status != 0 {
		if err := checkStatus(s.Status); err != nil {
			return err
		}
	}
	if s.Mask && s.Fail == 0 && s.Control == nil {
		return fmt.Errorf("%w: mask replaces answers: say how many of them fail", ErrSimulation)
	}
	return nil
}

// checkStatus refuses what no app can answer.
func checkStatus(status int) error {
	if status == Nothing || status >= 200 && status <= 599 {
		return nil
	}
	return fmt.Errorf("%w: status %d is not between 200 and 599", ErrSimulation, status)
}

// replacement is the status that stands for the answer to a send when nobody
// forces another; 0: the app's own answer counts.
func (s Simulation) replacement(number int) int {
	switch {
	case number > s.Fail:
		return 0
	case s.Status == 0:
		return http.StatusTooManyRequests
	}
	return s.Status
}

// Send is one send of a simulation as it is planned.
type Send struct {
	Number int           // from 1; send 2 is retry 1
	Offset time.Duration // on the virtual clock, from the first send
	Gap    time.Duration // on the virtual clock, from the answer to the send before; 0 for send 1
	// Replaced is the status that the sender is told in place of the app's
	// answer, or Nothing; 0: the app's own answer counts. It is known when
	// the send begins.
	Replaced int
	// NextGap is the planned gap after its answer, should that bring the event
	// back; 0 for the last send.
	NextGap time.Duration
}

// Result is what the app answered to one send.
type Result struct {
	Status     int    // 0: no response
	RetryAfter string // the Retry-After header, "" if there was none
	// Took is how long the answer took; 0: as long as the call did.
	Took  time.Duration
	Error string // of the transport, in words; "" if there was a response
}

// Sent is one send that was made.
type Sent struct {
	Send
	Status    int    // what the sender is told; 0: no response
	Simulated bool   // Status was written here, not by the app
	Called    bool   // the app was asked
	App       Result // the app's own answer, also where another replaces it; zero when it was not called
	// Interrupted says that the simulation was cancelled while the app was at
	// work: whether it did anything is unknown.
	Interrupted bool
	// Failure is why the send could not be made or kept at all, "" if it was.
	Failure string
}

// Outcome is how a simulation ended.
type Outcome string

// The outcomes of a simulation.
const (
	OutcomeAccepted  Outcome = "accepted"  // a send was answered 2xx
	OutcomeLost      Outcome = "lost"      // the sender would not send again
	OutcomeCancelled Outcome = "cancelled" // ended before either was known
)

// Record is what happened in a simulation, complete whenever it ended.
type Record struct {
	Simulation Simulation // as asked for, without its Control
	Start      time.Time  // of the first send, where the virtual clock starts
	Sends      []Sent     // in order, at most Policy.MaxRetries+1
	Outcome    Outcome
	Duration   time.Duration // on the virtual clock, to the last answer
	// Reason is why it was cancelled when that was not simply asked for.
	Reason string
}

// Step is what a simulation is about to do, or did.
type Step string

// The steps of a simulation. Every send passes through them in this order;
// the first has nothing to wait for, and a cancelled one may miss the rest.
const (
	StepWait   Step = "wait"   // the time until the send begins to pass
	StepSend   Step = "send"   // the send begins
	StepAnswer Step = "answer" // the send is over
)

// Progress is one step of a running simulation. From a StepWait a screen can
// count down by itself: there is none for every second.
type Progress struct {
	Step    Step
	Send    Send      // Replaced is still 0 in a StepWait
	Arrives time.Time // when the send would arrive: Record.Start and its Offset
	Due     time.Time // when it is really made; it carries a monotonic reading
	Sent    *Sent     // in a StepAnswer, for the watcher to keep; else nil
}
