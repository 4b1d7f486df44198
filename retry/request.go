package retry

import "github.com/taskhook/taskhook/webhook"

// SimulationRequest asks for a simulation with a stored event.
type SimulationRequest struct {
	// Resend says which event is sent, where to, and whether it gets a new
	// webhookId and timestamp: one for the whole simulation.
	Resend     webhook.Resend `json:"resend"`
	Simulation Simulation     `json:"simulation"`
}

// Stage is one step of a simulation, for whoever watches it.
type Stage struct {
	Progress
	// Attempt is stored, and State is the event's after it. In a StepAnswer.
	Attempt *webhook.Attempt `json:",omitempty"`
	State   webhook.State    `json:",omitempty"`
	// Notes are what a person should know beforehand. In the first StepSend.
	Notes []string `json:",omitempty"`
}

// Report is how a simulation ended.
type Report struct {
	EventID webhook.ID
	Record  Record
	Remarks []Remark // what it shows about the app
}

// Steering is what a person wants of the simulation of an event that is under
// way. The zero value of all but EventID wants nothing.
type Steering struct {
	EventID webhook.ID `json:"eventId"`
	Skip    bool       `json:"skip,omitempty"`   // end the wait for the next send
	Answer  int        `json:"answer,omitempty"` // what the next send is answered, or Nothing: see [Control.Answer]
	Cancel  bool       `json:"cancel,omitempty"`
}

// Steer does what a person wants. The error is an [ErrSimulation].
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
