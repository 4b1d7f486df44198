package retry

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// ErrSimulation is returned for an invalid simulation.
var ErrSimulation = errors.New("invalid simulation")

// NoResponse stands for no response at all where a status is expected.
const NoResponse = -1

// Simulation describes a sender's retries with one event. The zero value sends
// once, and the app's own answer decides.
type Simulation struct {
	Policy Policy
	// Fail is how many answers, from the first, are replaced by Status. The
	// app is not called for them unless Mask is set.
	Fail   int
	Status int    // 200 to 599, or NoResponse; 0: 429
	Mask   bool   // call the app although its answer is replaced
	Speed  Speed  // the zero value does not wait
	Seed   uint64 // of the jitter
}

// SimulationRequest asks for a simulation with a stored event.
type SimulationRequest struct {
	// Resend says which event is sent, where to, and whether it gets a new
	// webhookId and timestamp: one for the whole simulation.
	Resend     webhook.Resend `json:"resend"`
	Simulation Simulation     `json:"simulation"`
}

// Validate returns an [ErrSimulation] for the first field that is out of range.
func (s Simulation) Validate() error {
	if err := s.Speed.validate(); err != nil {
		return fmt.Errorf("%w: speed %w", ErrSimulation, err)
	}
	if s.Fail < 0 {
		return fmt.Errorf("%w: fail is %d and cannot be negative", ErrSimulation, s.Fail)
	}
	if s.Status != 0 {
		if err := checkStatus(s.Status); err != nil {
			return err
		}
	}
	return nil
}

// checkStatus refuses a status that no app can answer.
func checkStatus(status int) error {
	if status == NoResponse || status >= 200 && status <= 599 {
		return nil
	}
	return fmt.Errorf("%w: status %d is not between 200 and 599", ErrSimulation, status)
}

// replacement is the planned status in place of the answer to a send; 0: the
// app's own answer counts.
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
	// Replaced is the status that the sender gets in place of the app's
	// answer, or NoResponse; 0: the app's own answer counts. It is known when
	// the send begins.
	Replaced int
	// NextGap is the planned gap after its answer, if that leads to a retry; 0
	// for the last send.
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

// Sent is a send that was made.
type Sent struct {
	Send
	Status    int    // what the sender gets; 0: no response
	Simulated bool   // Status replaces the app's answer
	Called    bool   // the app was called
	App       Result // the app's own answer, even if it was replaced; zero if the app was not called
	// Interrupted says that the simulation was cancelled while the app was at
	// work: whether it did anything is unknown.
	Interrupted bool
	// Failure is why the send could not be made or stored, "" if it was.
	Failure string
}

// Outcome is how a simulation ended.
type Outcome string

// The outcomes of a simulation.
const (
	OutcomeDelivered Outcome = "delivered" // a send was answered 2xx
	OutcomeFailed    Outcome = "failed"    // the sender gives up
	OutcomeCancelled Outcome = "cancelled" // ended before either was known
)

// Record is what happened in a simulation. It is complete even if the
// simulation was cancelled.
type Record struct {
	Simulation Simulation
	Start      time.Time // of the first send, where the virtual clock starts
	Sends      []Sent    // in order, at most Policy.MaxRetries+1
	Outcome    Outcome
	Duration   time.Duration // on the virtual clock, to the last answer
	// Reason is why it was cancelled, "" if a person did.
	Reason string
}

// Report is how a simulation with a stored event ended.
type Report struct {
	EventID webhook.ID
	Record  Record
	Remarks []string // see [Record.Remarks]
}

// Step is what a simulation is about to do, or did.
type Step string

// The steps of a simulation. Every send passes through them in this order. The
// first send has no StepWait, and cancelling skips the steps that are left.
const (
	StepWait   Step = "wait"   // the wait for the send begins
	StepSend   Step = "send"   // the send begins
	StepAnswer Step = "answer" // the send is over
)

// Progress is one step of a running simulation. There is one StepWait for each
// wait: a screen counts down by itself.
type Progress struct {
	Step    Step
	Send    Send      // Replaced is still 0 in a StepWait
	Arrives time.Time // when the send would arrive: Record.Start and its Offset
	Due     time.Time // when the send is really made, with a monotonic reading
	Sent    *Sent     // in a StepAnswer, the watcher's to retain; else nil

	// The fields below concern a stored event; [Do] does not set them.

	// Attempt is the attempt that was stored, and State the event's state after
	// it. In a StepAnswer.
	Attempt *webhook.Attempt `json:",omitempty"`
	State   webhook.State    `json:",omitempty"`
	// Notes are for the person who asked. In the first StepSend.
	Notes []string `json:",omitempty"`
}
