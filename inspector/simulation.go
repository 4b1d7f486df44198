package inspector

import (
	"context"
	"errors"
	"sync"

	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// simulation is one that the screen has started. A goroutine of its own writes
// it, the screen reads it.
type simulation struct {
	id     webhook.ID
	asked  retry.SimulationRequest
	cancel context.CancelFunc

	mu       sync.Mutex
	version  int // grows with every change
	sends    []retry.Progress
	now      retry.Progress // what it is about to do
	notes    []string
	promised int // the answer to the next send that a person chose; 0: none
	ended    bool
	report   retry.Report
	err      error
}

// see records a step.
func (s *simulation) see(step retry.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.notes = append(s.notes, step.Notes...)
	switch s.now = step; step.Step {
	case retry.StepSend:
		s.promised = 0 // from here on the step says it
	case retry.StepAnswer:
		s.sends = append(s.sends, step)
	}
}

func (s *simulation) end(r retry.Report, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.ended, s.report, s.err = true, r, err
}

// moment is how far a simulation has got.
type moment struct {
	made int // sends that are over
	step retry.Step
}

func (s *simulation) moment() moment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return moment{len(s.sends), s.now.Step}
}

// promise records the answer to the next send that was chosen at some moment. If
// that moment has passed, the send may have begun already.
func (s *simulation) promise(status int, at moment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at == (moment{len(s.sends), s.now.Step}) {
		s.promised = status
		s.version++
	}
}

func (s *simulation) running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.ended
}

// note adds a note for the person who looks at it.
func (s *simulation) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.notes = append(s.notes, text)
}

// words says how it ended, and how well.
func (s *simulation) words() (string, mood) {
	s.mu.Lock()
	defer s.mu.Unlock()
	record := s.report.Record
	switch {
	case errors.Is(s.err, webhook.ErrSimulating):
		return "a simulation of " + s.id.String() + " is running already", moodBad
	case errors.Is(s.err, context.Canceled):
		return "cancelled", moodWarn
	case s.err != nil && len(record.Sends) == 0:
		return "nothing was sent: " + s.err.Error(), moodBad
	case s.err != nil:
		return s.err.Error(), moodBad
	case record.Outcome == retry.OutcomeDelivered && len(record.Sends) == 1:
		return "delivered at once, nothing to retry: simulate with the first 2 answers replaced", moodGood
	case record.Outcome == retry.OutcomeDelivered:
		return record.Summary(), moodGood
	case record.Outcome == retry.OutcomeCancelled:
		return record.Summary(), moodWarn
	}
	return record.Summary(), moodBad
}
