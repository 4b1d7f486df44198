package inspector

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	tea "charm.land/bubbletea/v2"

	"taskhook/retry"
	"taskhook/webhook"
)

// The choices of the form, in the order of its values.
var (
	formStatuses = [...]int{http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable, retry.Nothing}
	formSpeeds   = [...]retry.Speed{600, 60, 1, retry.Instant}
)

// seeds is how many schedules the form offers.
const seeds = 1000

// askSimulation asks how to put the app through the platform's retries with
// the selected event, or shows the simulation of it that runs.
func (m *model) askSimulation() {
	e, ok := m.selection()
	if !ok {
		return
	}
	m.list.hold()
	if s := m.acts.simulations[e.ID]; s != nil && s.running() {
		m.ask(&timeline{simulation: s})
		return
	}
	if e.State(m.now) == webhook.StateRefused {
		m.ask(&question{text: e.ID.String() + " was refused for its signature. Send it to the app all the same?", yes: func(m *model) tea.Cmd {
			m.ask(m.simulationForm(e, true))
			return nil
		}})
		return
	}
	m.ask(m.simulationForm(e, false))
}

// simulationForm is the form of an event.
func (m *model) simulationForm(e webhook.Summary, unverified bool) *form {
	answers := &setting{name: "answers", values: []string{"your app's own"}}
	for n := 1; n <= m.opts.Policy.MaxRetries+1; n++ {
		answers.values = append(answers.values, "the first "+strconv.Itoa(n)+" replaced")
	}
	own := func() bool { return answers.at == 0 }
	with := &setting{name: "by", values: []string{"429", "500", "503", "no answer"}, idle: own}
	called := &setting{name: "your app", values: []string{"is not called for them", "is called, its answer masked"}, idle: own}
	event := &setting{name: "event", values: []string{"as it came", "fresh: a new webhookId, signed anew"}}
	speed := &setting{name: "speed", values: []string{"600x: ten minutes a second", "60x", "1x: as long as Taskee", "instant"}}
	seed := &setting{name: "seed", at: int(m.now.UnixNano() % seeds)}
	for n := range seeds {
		seed.values = append(seed.values, strconv.Itoa(n))
	}
	state := e.State(m.now)
	accepted := state == webhook.StateAccepted || state == webhook.StateRescued || e.Outcome.AcceptedLater
	return &form{
		text:     fmt.Sprintf("Taskee's retries with %s %s:", e.ID, title(e.Event)),
		settings: []*setting{answers, with, called, event, speed, seed},
		warn: func() string {
			if accepted && event.at == 0 {
				return "the app has accepted it: an idempotent one will just say so; choose fresh"
			}
			return ""
		},
		begin: func(m *model) tea.Cmd {
			return m.simulate(retry.Rehearsal{
				Resend: webhook.Resend{EventID: e.ID, Fresh: event.at == 1, Unverified: unverified},
				Simulation: retry.Simulation{
					Policy: m.opts.Policy, Fail: answers.at, Status: formStatuses[with.at],
					Mask: answers.at > 0 && called.at == 1, Speed: formSpeeds[speed.at], Seed: uint64(seed.at),
				},
			})
		},
	}
}

// simulation is one that the screen has begun. The feed's goroutine writes it,
// the screen reads it.
type simulation struct {
	id    webhook.ID
	asked retry.Rehearsal

	mu      sync.Mutex
	version int // grows with every change
	sends   []retry.Stage
	now     retry.Stage // what it is about to do
	notes   []string
	ended   bool
	report  retry.Report
	err     error
}

// see takes a stage.
func (s *simulation) see(stage retry.Stage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.notes = append(s.notes, stage.Notes...)
	if s.now = stage; stage.Step == retry.StepAnswer {
		s.sends = append(s.sends, stage)
	}
}

func (s *simulation) end(r retry.Report, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.ended, s.report, s.err = true, r, err
}

func (s *simulation) running() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.ended
}

// brief says in a few words what a running simulation is about to do.
func (s *simulation) brief() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("simulation of %s: send %d of %d", s.id, max(1, s.now.Send.Number), s.asked.Simulation.Policy.MaxRetries+1)
}

// words says how it ended, and how well.
func (s *simulation) words() (string, mood) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case errors.Is(s.err, webhook.ErrSimulating):
		return "a simulation of " + s.id.String() + " is running already", moodBad
	case s.err != nil && len(s.report.Record.Sends) == 0:
		return fmt.Sprintf("%s was not simulated: %v", s.id, s.err), moodBad
	case s.err != nil:
		return fmt.Sprintf("%s: %v", s.id, s.err), moodBad
	case s.report.Record.Outcome == retry.OutcomeAccepted && len(s.report.Record.Sends) == 1:
		return "accepted at once: nothing to retry; have the first answers replaced", moodGood
	case s.report.Record.Outcome == retry.OutcomeAccepted:
		return s.report.Record.Words(), moodGood
	case s.report.Record.Outcome == retry.OutcomeCancelled:
		return s.report.Record.Words(), moodWarn
	}
	return s.report.Record.Words(), moodBad
}

// simulate begins a simulation and shows its timeline.
func (m *model) simulate(ask retry.Rehearsal) tea.Cmd {
	s := &simulation{id: ask.Resend.EventID, asked: ask}
	if m.acts.simulations == nil {
		m.acts.simulations = map[webhook.ID]*simulation{}
	}
	m.acts.simulations[s.id] = s
	m.ask(&timeline{simulation: s})
	return m.background.do(func(ctx context.Context) tea.Msg {
		s.end(m.actions.Simulate(ctx, ask, s.see))
		return simulatedMsg{s}
	})
}

// simulatedMsg is the end of a simulation.
type simulatedMsg struct{ simulation *simulation }

// apply says how it ended, unless the timeline does.
//
//nolint:unparam // as the interface wants it
func (msg simulatedMsg) apply(m *model) tea.Cmd {
	m.refresh()
	if t, ok := m.dialog.(*timeline); ok && m.place == inDialog && t.simulation == msg.simulation {
		return nil
	}
	text, md := msg.simulation.words()
	if md == moodBad && msg.simulation.err == nil {
		md = moodWarn // what the app did is no error of the screen's
	}
	m.say(md, msg.simulation.id.String()+": "+text)
	return nil
}

// runningSimulation is one that runs, nil if none does.
func (m *model) runningSimulation() *simulation {
	var first *simulation
	for _, s := range m.acts.simulations {
		if s.running() && (first == nil || s.id < first.id) {
			first = s
		}
	}
	return first
}
