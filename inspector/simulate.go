package inspector

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"unicode"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// The choices of the form, in the order of its values.
var (
	formStatuses = [...]int{http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable, retry.NoResponse}
	formSpeeds   = [...]retry.Speed{600, 60, 1, retry.Instant}
)

// seeds is how many schedules the form draws its first one from.
const seeds = 1000

// askSimulation asks how to put the app through the platform's retries with
// the selected event or the marked ones, or shows the simulation of the
// selected event that runs.
func (m *model) askSimulation() tea.Cmd {
	e, ok := m.selection()
	if !ok {
		return nil
	}
	m.list.hold()
	if s := m.acts.simulations[e.ID]; s != nil && s.running() {
		m.ask(&timeline{simulation: s})
		return nil
	}
	return m.choose("simulate", func(m *model, c chosen) tea.Cmd {
		switch rejected := c.rejected(); {
		case len(c.events) == 0:
			m.say(moodDim, "there is nothing to simulate with")
		case rejected == 0 && len(c.events) == 1:
			m.ask(m.simulationForm(c))
		case len(c.events) == 1:
			m.ask(&question{text: c.name + " was rejected. Send it to the app all the same?", yes: func(m *model) tea.Cmd {
				m.ask(m.simulationForm(c))
				return nil
			}})
		case rejected == len(c.events):
			m.say(moodWarn, "all of them were rejected for their signature: simulate them one by one")
		default:
			m.ask(m.simulationForm(c.withoutRejected()))
		}
		return nil
	})
}

// simulationForm is the form of one event or of several.
func (m *model) simulationForm(c chosen) *form {
	answers := &setting{name: "answers", values: []string{"your app's own"}}
	for n := 1; n <= m.opts.Policy.MaxRetries+1; n++ {
		answers.values = append(answers.values, "the first "+strconv.Itoa(n)+" replaced")
	}
	own := func() bool { return answers.at == 0 }
	with := &setting{name: "by", values: []string{"429", "500", "503", "no answer"}, idle: own}
	called := &setting{name: "your app", values: []string{"is not called for them", "is called, its answer masked"}, idle: own}
	event := &setting{name: "new ID", key: "f", values: []string{"no: the event as it came", "yes: a new webhookId, signed anew"}}
	speed := &setting{name: "speed", values: []string{"600x: ten minutes a second", "60x", "1x: as long as Taskee", "instant"}}
	seed := &setting{
		name: "seed", text: strconv.FormatInt(m.now.UnixNano()%seeds, 10), empty: "0",
		takes: func(r rune) bool { return r >= '0' && r <= '9' }, invalid: invalidSeed,
	}
	to := &setting{
		name: "to", empty: cmp.Or(m.resendTarget(), "the current target"),
		takes: func(r rune) bool { return unicode.IsPrint(r) && r != ' ' }, invalid: invalidSimulationTarget,
	}
	name, delivered := c.name, false
	if e, ok := m.shownEvent(c.events[0].id); ok && len(c.events) == 1 {
		name += " " + title(e.Event)
		state := e.State(m.now)
		delivered = state == webhook.StateDelivered || state == webhook.StateRecovered || e.Outcome.DeliveredLater
	}
	return &form{
		text:     "Taskee's retries with " + name + ":",
		settings: []*setting{answers, with, called, event, speed, seed, to},
		warn: func() string {
			if delivered && event.at == 0 {
				return "delivered before: an idempotent app will just say so. f: a new ID"
			}
			return ""
		},
		begin: func(m *model) tea.Cmd {
			return m.simulateChosen(c, retry.SimulationRequest{
				Resend: webhook.Resend{To: to.text, NewID: event.at == 1},
				Simulation: retry.Simulation{
					Policy: m.opts.Policy, Fail: answers.at, Status: formStatuses[with.at],
					Mask: answers.at > 0 && called.at == 1, Speed: formSpeeds[speed.at], Seed: seedOf(seed.text),
				},
			})
		},
	}
}

// shownEvent is an event of the list, if it has it.
func (m *model) shownEvent(id webhook.ID) (webhook.Summary, bool) {
	for _, e := range m.list.rows {
		if e.ID == id {
			return e, true
		}
	}
	return webhook.Summary{}, false
}

func invalidSeed(text string) error {
	if _, err := strconv.ParseUint(cmp.Or(text, "0"), 10, 64); err != nil {
		return errors.New("a seed is a number with at most 19 digits")
	}
	return nil
}

// seedOf is the number of a text that invalidSeed lets pass.
func seedOf(text string) uint64 {
	n, _ := strconv.ParseUint(text, 10, 64) // "" is 0
	return n
}

func invalidSimulationTarget(text string) error {
	if text == "" {
		return nil
	}
	return invalidTarget(text)
}

// simulateChosen begins with the events that were chosen.
func (m *model) simulateChosen(c chosen, ask retry.SimulationRequest) tea.Cmd {
	if ask.Resend.To != "" {
		m.acts.targets = remember(m.acts.targets, ask.Resend.To)
	}
	if len(c.events) > 1 {
		return m.simulateEach(c, ask)
	}
	ask.Resend.EventID, ask.Resend.Unverified = c.events[0].id, c.events[0].rejected
	return m.simulate(ask)
}

// simulate begins a simulation and shows its timeline.
func (m *model) simulate(ask retry.SimulationRequest) tea.Cmd {
	ctx, cancel := context.WithCancel(m.background.ctx)
	s := &simulation{id: ask.Resend.EventID, asked: ask, cancel: cancel}
	if m.acts.simulations == nil {
		m.acts.simulations = map[webhook.ID]*simulation{}
	}
	m.acts.simulations[s.id] = s
	m.ask(&timeline{simulation: s})
	return m.background.do(func(context.Context) tea.Msg {
		defer cancel()
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
	if m.watches(msg.simulation) {
		return nil
	}
	text, md := msg.simulation.words()
	if md == moodBad && msg.simulation.err == nil {
		md = moodWarn // what the app did is no error of the screen's
	}
	m.say(md, "simulation of "+msg.simulation.id.String()+": "+text)
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

// simulations sums up simulations of many events.
type simulations struct {
	total, delivered, failed, unsent int
	first                            string // the first that was not delivered, in words
	stopped                          bool
}

// simulateEach simulates events one after the other, in order of arrival.
func (m *model) simulateEach(c chosen, ask retry.SimulationRequest) tea.Cmd {
	ctx, cancel := context.WithCancel(m.background.ctx)
	p := &progress{title: "Simulating " + c.name, total: len(c.events), cancel: cancel, finishes: true}
	return m.work(p, func(context.Context) func(*model, bool) tea.Cmd {
		defer cancel()
		all := simulations{total: len(c.events)}
		for _, t := range c.events {
			if ctx.Err() != nil {
				break
			}
			ask.Resend.EventID, ask.Resend.Unverified = t.id, t.rejected
			report, err := m.actions.Simulate(ctx, ask)
			if all.add(t.id, report, err) {
				p.delivered.Add(1)
			} else {
				p.failed.Add(1)
			}
			p.done.Add(1)
		}
		all.stopped = ctx.Err() != nil
		return func(m *model, _ bool) tea.Cmd {
			m.refresh()
			m.say(all.words())
			return nil
		}
	})
}

// add counts one outcome and reports whether the event was delivered.
func (r *simulations) add(id webhook.ID, report retry.Report, err error) bool {
	why := report.Record.Summary()
	switch {
	case errors.Is(err, context.Canceled), err == nil && report.Record.Outcome == retry.OutcomeCancelled:
		r.unsent++
		return false
	case err != nil:
		r.unsent++
		why = err.Error()
	case report.Record.Outcome == retry.OutcomeDelivered:
		r.delivered++
		return true
	default:
		r.failed++
	}
	if r.first == "" {
		r.first = id.String() + ": " + why
	}
	return false
}

// words sums up the simulations.
func (r *simulations) words() (mood, string) {
	text := fmt.Sprintf("%s simulated: %s delivered", events(r.delivered+r.failed), format.Count(r.delivered))
	if r.failed > 0 {
		text += ", " + format.Count(r.failed) + " failed"
	}
	if r.unsent > 0 {
		text += ", " + format.Count(r.unsent) + " unfinished"
	}
	if r.stopped {
		text = fmt.Sprintf("stopped after %s of %s: %s", format.Count(r.delivered+r.failed+r.unsent), format.Count(r.total), text)
	}
	if r.first != "" {
		return moodWarn, signBad + " " + text + "; first " + r.first
	}
	if r.stopped {
		return moodWarn, text
	}
	return moodGood, signGood + " " + text
}
