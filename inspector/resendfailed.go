package inspector

import (
	"context"
	"errors"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// failedForm is what a person has chosen for a resend of what failed.
type failedForm struct {
	unknown, unverified, shown bool
}

// planResendFailed counts the failed events, and asks.
func (m *model) planResendFailed(f failedForm) tea.Cmd {
	m.list.hold()
	ask := m.failedBatch(f)
	ask.DryRun = true
	ctx, cancel := context.WithCancel(m.background.ctx)
	p := &progress{title: "looking for failed events", cancel: cancel}
	return m.work(p, func(context.Context) func(*model, bool) tea.Cmd {
		defer cancel()
		report, err := m.actions.ResendBatch(ctx, ask, func(one webhook.BatchItem) { p.done.Store(int64(one.Done)) })
		return func(m *model, left bool) tea.Cmd {
			switch {
			case left:
			case err != nil:
				m.say(moodBad, "cannot look for failed events: "+err.Error())
			case report.Total == 0:
				m.say(moodGood, signGood+" no event has failed")
			default:
				m.ask(m.resendFailedDialog(f, report))
			}
			return nil
		}
	})
}

// failedBatch is the batch that was chosen.
func (m *model) failedBatch(f failedForm) webhook.Batch {
	r := webhook.Batch{Failed: true, IncludeUnknown: f.unknown, Resend: webhook.Resend{Unverified: f.unverified}}
	if f.shown {
		r.Filter = m.list.filter()
	}
	return r
}

// resendFailedDialog asks whether to begin. Each choice that changes what would be
// sent looks again.
func (m *model) resendFailedDialog(f failedForm, r webhook.BatchReport) *menu {
	d := &menu{text: batchPlan(r)}
	again := func(f failedForm) func(*model) tea.Cmd {
		return func(m *model) tea.Cmd { return m.planResendFailed(f) }
	}
	to := ""
	if target := m.resendTarget(); target != "" {
		to = " to " + target
	}
	if r.Delivered > 0 {
		d.choices = append(d.choices, choice{"r", "resend", "send " + events(r.Delivered) + " in order of arrival" + to, func(m *model) tea.Cmd { return m.resendFailed(f, r.Total) }})
	}
	if m.list.filter() != "" {
		other := f
		other.shown = !f.shown
		d.choices = append(d.choices, choice{"o", toggled(f.shown, "all", "only shown"), toggled(f.shown, "all failed events", "only those that the list shows"), again(other)})
	}
	if r.Unknown > 0 || f.unknown {
		other := f
		other.unknown = !f.unknown
		d.choices = append(d.choices, choice{"u", "unknown", toggled(f.unknown, "leave out", "include") + " those of unknown outcome: the app may have processed them", again(other)})
	}
	if r.Rejected > 0 || f.unverified {
		other := f
		other.unverified = !f.unverified
		d.choices = append(d.choices, choice{"v", "unverified", toggled(f.unverified, "leave out", "include") + " rejected ones", again(other)})
	}
	if len(d.choices) == 0 {
		d.choices = append(d.choices, choice{"c", "close", "there is nothing to send", func(*model) tea.Cmd { return nil }})
	}
	return d
}

// batchPlan says what will be sent and what will not.
func batchPlan(r webhook.BatchReport) string {
	text := "Resend failed events: " + format.Count(r.Delivered) + " to send"
	if apart := notSent(r); apart != "" {
		text += "; not sent: " + apart
	}
	return text + "."
}

// notSent names what is not sent.
func notSent(r webhook.BatchReport) string {
	var parts []string
	for _, p := range []struct {
		n     int
		words string
	}{
		{r.Failed, "cannot be sent"}, {r.Rejected, "rejected"}, {r.Unknown, "of unknown outcome"},
		{r.Bodyless, "without a body"}, {r.Skipped, "delivered or deleted meanwhile"}, {r.Same, "sent as another event"},
		{r.Ignored, "that a route sends to no app"}, {r.Down, "whose app fails"},
		{r.Undecided, "left out: the filter is too much for them"},
	} {
		if p.n > 0 {
			parts = append(parts, format.Count(p.n)+" "+p.words)
		}
	}
	return strings.Join(parts, ", ")
}

// resendFailed sends the failed events, behind a bar. What was begun when it is stopped
// is finished.
func (m *model) resendFailed(f failedForm, total int) tea.Cmd {
	ask := m.failedBatch(f)
	ctx, cancel := context.WithCancel(m.background.ctx)
	p := &progress{title: "Resending", total: total, cancel: cancel, finishes: true}
	return m.work(p, func(context.Context) func(*model, bool) tea.Cmd {
		defer cancel()
		first := "" // failure, in words
		report, err := m.actions.ResendBatch(ctx, ask, func(one webhook.BatchItem) {
			p.done.Store(int64(one.Done))
			switch {
			case one.Skip != webhook.SkipNone:
			case one.Reason != "":
				if p.failed.Add(1) == 1 {
					first = "first " + one.Event.ID.String() + ": " + one.Reason
				}
			default:
				p.delivered.Add(1)
			}
		})
		stopped := errors.Is(err, context.Canceled)
		if stopped { // the report may not have come: what was seen counts
			report.Delivered, report.Failed = int(p.delivered.Load()), int(p.failed.Load())
			report.Stopped, err = "", nil
		}
		return func(m *model, _ bool) tea.Cmd {
			m.refresh()
			m.sayBatch(report, first, stopped, err)
			return nil
		}
	})
}

// sayBatch sums up a batch, with its first failure; a person may have stopped
// it.
func (m *model) sayBatch(r webhook.BatchReport, first string, stopped bool, err error) {
	text := fmt.Sprintf("%s %s recovered", signRecovered, events(r.Delivered))
	if r.Failed > 0 {
		text += ", " + format.Count(r.Failed) + " failed"
	}
	rest := r
	rest.Failed = 0
	if r.Stopped != "" {
		first = "" // the reason is the same, and stands there
	}
	text = sentences(text, first, notSent(rest))
	if r.Delivered > 0 && r.Failed == 0 && r.Stopped == "" && !stopped {
		m.listener.Resendable = 0 // until the listener says otherwise
	}
	switch {
	case err != nil:
		m.say(moodBad, sentences(text, err.Error()))
	case stopped:
		m.say(moodWarn, sentences(text, "stopped", "ctrl+r continues where it stopped"))
	case r.Stopped != "":
		m.say(moodBad, sentences(text, "stopped: "+r.Stopped, "ctrl+r continues where it stopped"))
	case r.Failed > 0:
		m.say(moodBad, text)
	default:
		m.say(moodGood, text)
	}
}
