package inspector

import (
	"context"
	"errors"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// confirmAbove is how many events are sent without asking first.
const confirmAbove = 10

// deleteStep is how many events are deleted at a time: esc stops between two.
const deleteStep = 200

// giveUpAfter is after how many events in a row that could not be sent, though
// nothing is wrong with them, the rest is not tried.
const giveUpAfter = 3

// target is an event that an action is for.
type target struct {
	id       webhook.ID
	rejected bool // for its signature
}

// chosen are the events that an action is for, in order of arrival.
type chosen struct {
	events []target
	name   string // in words: "#42", "the 3 marked events"
}

func (c chosen) rejected() int {
	n := 0
	for _, t := range c.events {
		if t.rejected {
			n++
		}
	}
	return n
}

// withoutRejected leaves the rejected events out.
func (c chosen) withoutRejected() chosen {
	rest := make([]target, 0, len(c.events))
	for _, t := range c.events {
		if !t.rejected {
			rest = append(rest, t)
		}
	}
	return chosen{rest, events(len(rest))}
}

func (c chosen) ids() []webhook.ID {
	ids := make([]webhook.ID, len(c.events))
	for i, t := range c.events {
		ids[i] = t.id
	}
	return ids
}

// selectedOnly is the selected event.
func (m *model) selectedOnly() (chosen, bool) {
	e, ok := m.selection()
	if !ok {
		return chosen{}, false
	}
	return chosen{[]target{{e.ID, e.State(m.now) == webhook.StateRejected}}, e.ID.String()}, true
}

// markedQuery selects the marked events, whatever the list shows.
func markedQuery() webhook.Query {
	return webhook.Query{Filter: "is:marked", Order: webhook.OrderArrival}
}

// shownQuery selects what the list shows, also what is not on the screen.
func (m *model) shownQuery() webhook.Query {
	q := m.list.query()
	q.Order = webhook.OrderArrival // whatever the screen's order is
	return q
}

// choose decides which events an action is for: the selected one. When others
// are marked the person is asked, for marks may be out of sight.
func (m *model) choose(verb string, then func(m *model, c chosen) tea.Cmd) tea.Cmd {
	own, ok := m.selectedOnly()
	if !ok {
		return nil
	}
	return m.find(markedQuery(), "looking for marked events", func(m *model, found []target) tea.Cmd {
		if len(found) == 0 || len(found) == 1 && found[0].id == own.events[0].id {
			return then(m, own)
		}
		marked := chosen{found, "the " + format.Count(len(found)) + " marked events"}
		are := "are"
		if len(found) == 1 {
			marked.name, are = "the marked "+found[0].id.String(), "is"
		}
		m.ask(&menu{text: events(len(found)) + " " + are + " marked.", choices: []choice{
			{"m", "marked", verb + " " + marked.name, func(m *model) tea.Cmd { return then(m, marked) }},
			{"o", "only " + own.name, verb + " " + own.name + " alone", func(m *model) tea.Cmd { return then(m, own) }},
		}})
		return nil
	})
}

// find looks for events and goes on with them, in order of arrival. What
// arrives after it began is not among them.
func (m *model) find(q webhook.Query, title string, then func(m *model, found []target) tea.Cmd) tea.Cmd {
	m.list.hold()
	now := m.now
	ctx, cancel := context.WithCancel(m.background.ctx)
	p := &progress{title: title, cancel: cancel}
	return m.work(p, func(context.Context) func(*model, bool) tea.Cmd {
		defer cancel()
		found, missing, err := readTargets(ctx, m.feed, q, now, p)
		return func(m *model, left bool) tea.Cmd {
			switch {
			case left:
				return nil
			case err != nil:
				m.say(moodBad, "cannot read events: "+err.Error())
				return nil
			}
			if words := missing.words(); words != "" {
				m.say(moodWarn, words)
			}
			return then(m, found)
		}
	})
}

// readTargets reads the events that q selects, in its order, and what is left
// out of them.
func readTargets(ctx context.Context, feed Feed, q webhook.Query, now time.Time, p *progress) (found []target, missing leftOut, err error) {
	for chunk, err := range feed.Read(ctx, q) {
		if err != nil {
			return nil, missing, err
		}
		missing.add(chunk.LeftOut)
		for _, r := range chunk.Records {
			found = append(found, target{r.ID, r.State(now) == webhook.StateRejected})
		}
		p.done.Store(int64(len(found)))
	}
	return found, missing, nil
}

// findShown looks for all events that the list shows.
func (m *model) findShown(then func(m *model, c chosen) tea.Cmd) tea.Cmd {
	text := m.list.filter()
	return m.find(m.shownQuery(), "counting the events shown", func(m *model, found []target) tea.Cmd {
		if len(found) == 0 {
			m.say(moodDim, "no event is shown")
			return nil
		}
		name := "all " + events(len(found))
		if len(found) == 1 {
			name = found[0].id.String()
		}
		if text != "" {
			name += " that fit " + text
		}
		return then(m, chosen{found, name})
	})
}

// sendShown asks how to send all that is shown.
func (m *model) sendShown() tea.Cmd {
	return m.findShown(func(m *model, c chosen) tea.Cmd {
		send := func(r webhook.Resend) func(m *model) tea.Cmd {
			return func(m *model) tea.Cmd { return m.askSend(c, r) }
		}
		m.ask(&menu{text: "Resend " + c.name + "?", choices: []choice{
			{"r", "resend", "as they were received", send(webhook.Resend{})},
			{"f", "as new", "as new events: a new webhookId and timestamp", send(webhook.Resend{NewID: true})},
		}})
		return nil
	})
}

// sending counts what came of sending many events.
type sending struct {
	total, sent, delivered int
	first                  string // the first failure, in words
	unsent                 int    // that could not be sent at all
	stopped                bool
}

// cutAfter is how long an event that is being sent may still take when the person
// stops.
const cutAfter = 2 * time.Second

// sendAll sends events in order of arrival, one after the other.
func (m *model) sendAll(c chosen, r webhook.Resend) tea.Cmd {
	if len(c.events) == 1 {
		r.EventID, r.Unverified = c.events[0].id, c.events[0].rejected
		return m.resend(r)
	}
	ctx, cut := context.WithCancel(m.background.ctx)
	p := &progress{title: "Sending " + c.name + wordsOf(r), total: len(c.events)}
	p.cut = func() { time.AfterFunc(cutAfter, cut) } // the app may hang
	return m.work(p, func(context.Context) func(*model, bool) tea.Cmd {
		defer cut()
		s := m.sendEach(ctx, p, c.events, r)
		return func(m *model, _ bool) tea.Cmd {
			m.refresh()
			m.say(s.words())
			return nil
		}
	})
}

func (m *model) sendEach(ctx context.Context, p *progress, targets []target, r webhook.Resend) sending {
	s := sending{total: len(targets)}
	inARow := 0
	for _, t := range targets {
		if s.stopped = p.stopped.Load() || ctx.Err() != nil || inARow == giveUpAfter; s.stopped {
			break
		}
		r.EventID, r.Unverified = t.id, t.rejected
		res, err := m.actions.Resend(ctx, r)
		if !s.add(t.id, res, err) {
			p.failed.Add(1)
		}
		inARow++
		if err == nil || ofTheEvent(err) {
			inARow = 0
		}
		p.done.Add(1)
	}
	return s
}

// ofTheEvent reports whether an error concerns one event alone.
func ofTheEvent(err error) bool {
	return errors.Is(err, webhook.ErrNotFound) || errors.Is(err, webhook.ErrPruned) || errors.Is(err, webhook.ErrUnverified)
}

// add takes one outcome over and reports whether it was a good one.
func (s *sending) add(id webhook.ID, res webhook.Resent, err error) bool {
	outcome, delivered := outcomeOf(res.Attempt)
	switch {
	case err != nil:
		s.unsent++
		outcome, delivered = err.Error(), false
	case delivered:
		s.sent++
		s.delivered++
	default:
		s.sent++
	}
	if !delivered && s.first == "" {
		s.first = id.String() + ": " + outcome
	}
	return delivered
}

// words sums up.
func (s *sending) words() (mood, string) {
	text := format.Count(s.sent) + " sent"
	switch failed := s.sent - s.delivered; {
	case failed > 0:
		text += fmt.Sprintf(": %s delivered, %s failed", format.Count(s.delivered), format.Count(failed))
	case s.sent > 0:
		text += ", all delivered"
	}
	if s.unsent > 0 {
		text += ", " + format.Count(s.unsent) + " could not be sent"
	}
	if s.stopped {
		text = fmt.Sprintf("stopped after %s of %s: %s", format.Count(s.sent+s.unsent), format.Count(s.total), text)
	}
	if s.first != "" {
		return moodBad, signBad + " " + text + "; first " + s.first
	}
	if s.stopped {
		return moodWarn, text
	}
	return moodGood, signGood + " " + text
}

// deleteShown deletes all that is shown.
func (m *model) deleteShown() tea.Cmd { return m.findShown((*model).askDelete) }

// askDelete deletes events once the person has agreed: nothing brings them
// back.
func (m *model) askDelete(c chosen) tea.Cmd {
	m.ask(&question{text: "Delete " + c.name + " for good?", yes: func(m *model) tea.Cmd { return m.deleteAll(c) }})
	return nil
}

func (m *model) deleteAll(c chosen) tea.Cmd {
	p := &progress{title: "Deleting " + c.name, total: len(c.events)}
	ids := c.ids()
	return m.work(p, func(ctx context.Context) func(*model, bool) tea.Cmd {
		deleted := 0
		var failure error
		for left := ids; len(left) > 0 && failure == nil && !p.stopped.Load(); {
			step := left[:min(deleteStep, len(left))]
			n, err := m.actions.Delete(ctx, step)
			left, failure = left[len(step):], err
			deleted += n
			p.done.Add(int64(len(step)))
		}
		return func(m *model, _ bool) tea.Cmd {
			m.refresh()
			switch {
			case failure != nil && !errors.Is(failure, context.Canceled):
				m.say(moodBad, fmt.Sprintf("%s of %s deleted: %v", format.Count(deleted), events(len(ids)), failure))
			case deleted < len(ids) && p.stopped.Load():
				m.say(moodWarn, fmt.Sprintf("stopped: %s of %s deleted", format.Count(deleted), events(len(ids))))
			case len(ids) == 1:
				m.say(moodGood, signGood+" "+c.name+" deleted")
			default:
				m.say(moodGood, signGood+" "+events(deleted)+" deleted")
			}
			return nil
		}
	})
}
