package inspector

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// plainRemember is how many events' names are known without asking.
const plainRemember = 4096

// Plain writes one line for people for each attempt, and for each event that
// was answered without one, from now (or o.From) until ctx ends, and for what
// was stored before that end; then it returns nil. A failure has a second line
// with its reason. It returns the first error of the feed or of the writer.
func Plain(ctx context.Context, w io.Writer, feed Feed, o PlainOptions) error {
	o.Location = location(o.Location)
	var from webhook.Position
	if o.From != nil {
		from = *o.From
	} else {
		var err error
		if from, err = present(ctx, feed); err != nil {
			return err
		}
	}
	p := &plain{
		w: w, feed: feed, o: o, styles: newStyles(true, !o.Color),
		known: map[webhook.ID]webhook.Summary{}, shown: map[webhook.ID]bool{},
	}
	return follow(ctx, feed, from, p)
}

// plain prints updates as lines.
type plain struct {
	w      io.Writer
	feed   Feed
	o      PlainOptions
	styles styles
	b      bytes.Buffer

	known   map[webhook.ID]webhook.Summary // recent events, for their attempts
	order   []webhook.ID                   // of known, oldest first
	waiting waiting
	shown   map[webhook.ID]bool // of the waiting ones: it has its line that says so
}

func (p *plain) print(ctx context.Context, updates webhook.Updates) error {
	p.b.Reset()
	now := time.Now()
	if err := p.lookUp(ctx, updates); err != nil {
		return err
	}
	err := inOrder(updates,
		func(e webhook.Summary) error { p.arrived(e, now); return nil },
		func(a webhook.Attempted) error { p.attempt(a, now); return nil })
	if err != nil {
		return err
	}
	if err := p.askAgain(ctx, now, waitGrace); err != nil {
		return err
	}
	return write(p.w, p.b.Bytes())
}

func (p *plain) due(now time.Time) time.Duration { return p.waiting.due(now) }

// finish prints what became of the events that are still waited for, when
// there is nothing left to wait for.
func (p *plain) finish(ctx context.Context) error {
	p.b.Reset()
	if err := p.askAgain(ctx, time.Now(), 0); err != nil {
		return err
	}
	return write(p.w, p.b.Bytes())
}

// arrived prints an event whose outcome is known and remembers any other.
func (p *plain) arrived(e webhook.Summary, now time.Time) {
	p.remember(e)
	if e.Attempts > 0 {
		return // its attempt is among the updates, or comes next
	}
	if e.Answer.Status != 0 || e.Outcome.Interrupted {
		p.event(e, now)
		return
	}
	p.waiting.add(e.ID, now)
}

// askAgain looks after the events that have waited for some time.
func (p *plain) askAgain(ctx context.Context, now time.Time, grace time.Duration) error {
	events, err := p.waiting.read(ctx, p.feed, now, grace)
	for _, e := range events {
		switch {
		case e.Answer.Status != 0:
			p.event(e, now)
			p.waiting.done(e.ID)
			delete(p.shown, e.ID)
		case !p.shown[e.ID]:
			p.event(e, now)
			p.shown[e.ID] = true
		}
	}
	return err
}

// lookUp reads the events of attempts that are too old to be remembered, and
// those that came before a redelivery: their answers were not known when they
// came.
func (p *plain) lookUp(ctx context.Context, updates webhook.Updates) error {
	coming := map[webhook.ID]bool{}
	for _, e := range updates.Events {
		coming[e.ID] = true
	}
	var ids []webhook.ID
	for _, e := range updates.Events {
		before := e.RedeliveryOf
		if before != 0 && !coming[before] && p.known[before].Answer.At.IsZero() {
			ids = append(ids, before)
			coming[before] = true
		}
	}
	for _, a := range updates.Attempts {
		if _, ok := p.known[a.EventID]; !ok && !coming[a.EventID] {
			ids = append(ids, a.EventID)
			coming[a.EventID] = true
		}
	}
	if len(ids) == 0 {
		return nil
	}
	page, err := webhook.ReadPage(ctx, p.feed, webhook.Query{IDs: ids, Limit: len(ids)})
	if err != nil {
		return fmt.Errorf("read earlier events: %w", err)
	}
	for _, e := range page.Events {
		p.remember(e)
	}
	return nil
}

func (p *plain) remember(e webhook.Summary) {
	if _, ok := p.known[e.ID]; !ok {
		p.order = append(p.order, e.ID)
	}
	p.known[e.ID] = e
	for len(p.order) > plainRemember {
		if !p.waiting.has(p.order[0]) {
			delete(p.known, p.order[0])
		}
		p.order = p.order[1:]
	}
}

// event writes the line of an event that has no attempt.
func (p *plain) event(e webhook.Summary, now time.Time) {
	state := stateLong(e.Outcome, e.Try, now, p.o.Policy, p.o.Location)
	if a := e.Answer; a.By == webhook.ByTaskhook && a.Status != 0 {
		state += " (taskhook answered " + strconv.Itoa(a.Status) + ")"
	}
	p.line(e.ReceivedAt, e, 0, "", e.State(now), state)
	why := verdictReason(e)
	if !e.Decision.Rejected() || why == "" {
		why = sentences(why, e.Answer.Reason)
	}
	p.reason(why)
}

// attempt writes the line of an attempt.
func (p *plain) attempt(a webhook.Attempted, now time.Time) {
	p.waiting.done(a.EventID)
	delete(p.shown, a.EventID)
	e, ok := p.known[a.EventID]
	if !ok {
		e.ID = a.EventID // deleted since
	}
	state := stateLong(a.Outcome, e.Try, now, p.o.Policy, p.o.Location)
	if after := format.StateAfter(a.Attempt, a.Outcome.State(now)); strings.Contains(after, " ") {
		state = after
	}
	if a.Trigger != webhook.TriggerReceived {
		state += " (" + format.Clean(a.Name()) + ")"
	}
	p.line(a.StartedAt.Add(a.Duration), e, a.StatusCode, format.Duration(a.Duration), a.Outcome.State(now), state)
	var reasons []string
	if a.Trigger == webhook.TriggerReceived {
		reasons = append(reasons, p.redelivery(e))
		reasons = append(reasons, verdictReason(e))
	}
	if a.Trigger == webhook.TriggerLate {
		reasons = append(reasons, format.Told(a.Answered))
	}
	if a.Unsuccessful {
		reasons = append(reasons, `the app answered "success":false`)
	}
	if a.Slow {
		reasons = append(reasons, "slow")
	}
	if a.Waited > 0 {
		reasons = append(reasons, format.Waited(a.Waited))
	}
	reasons = append(reasons, p.simulated(a), a.Error)
	reasons = append(reasons, a.Notes...)
	p.reason(sentences(append(reasons, a.Hint)...))
}

// verdictReason says why an event is not valid, and what to do about it unless
// that is done: one without a signature was let in.
func verdictReason(e webhook.Summary) string {
	if e.Verdict.Status == webhook.Unsigned && !e.Decision.Rejected() {
		return e.Verdict.Reason
	}
	return sentences(e.Verdict.Reason, e.Verdict.Next)
}

// redelivery says that an event came before, "" if it did not.
func (p *plain) redelivery(e webhook.Summary) string {
	if e.RedeliveryOf == 0 {
		return ""
	}
	text := "the same webhookId as " + e.RedeliveryOf.String()
	if before, ok := p.known[e.RedeliveryOf]; ok && !before.Answer.At.IsZero() {
		text = gapWords(p.o.Policy, before, e)
	}
	if e.Altered {
		text += ", with other bytes"
	}
	if e.Duplicate {
		text += ", duplicate: it was delivered before"
	}
	return text
}

// simulated says what of an attempt was not the app's and the platform's own.
func (p *plain) simulated(a webhook.Attempted) string {
	var parts []string
	if a.Fault != "" {
		parts = append(parts, "fault: "+a.Fault)
	}
	if a.Outcome.Answer.Shielded && a.Trigger == webhook.TriggerReceived {
		parts = append(parts, "shielded: the sender was told 429 and comes again"+comesAgain(a.Outcome.Answer, p.o.Location))
		if strings.Contains(a.Outcome.Answer.Reason, webhook.MayBeProcessed) {
			parts = append(parts, webhook.MayBeProcessed)
		}
	}
	if a.VirtualTime.IsZero() {
		return sentences(parts...)
	}
	text := "would arrive " + format.Clock(a.VirtualTime.In(p.o.Location))
	switch {
	case a.Simulated && a.AppStatus != 0:
		text += ", simulated in place of the app's " + strconv.Itoa(a.AppStatus)
	case a.Simulated:
		text += ", simulated: the app was not called"
	}
	return sentences(append(parts, text)...)
}

// Widths of the plain columns.
const (
	plainID       = 7
	plainType     = 26
	plainVerdict  = 11
	plainStatus   = 4
	plainDuration = 7
)

func (p *plain) line(at time.Time, e webhook.Summary, status int, took string, state webhook.State, words string) {
	s := &p.styles
	mark, verdictMood := verdictSign(e.Verdict)
	sign, stateMood := stateSign(state)
	code, codeMood := statusText(status), answerMood(e.Decision, status)
	if status == 0 && took == "" {
		code, codeMood = "", moodPlain
	}
	fmt.Fprintf(&p.b, "%s  %s %s %s %s %s  %s\n",
		s.mood(moodDim, format.Clock(at.In(p.o.Location))),
		fit(e.ID.String(), plainID),
		fit(title(e.Event), plainType),
		s.mood(verdictMood, fit(mark+" "+format.VerdictStatus(e.Verdict.Status), plainVerdict)),
		s.mood(codeMood, fitRight(code, plainStatus)),
		fitRight(took, plainDuration),
		s.mood(stateMood, sign+" "+words))
}

func (p *plain) reason(text string) {
	if text != "" {
		fmt.Fprintf(&p.b, "          %s\n", p.styles.mood(moodDim, "↳ "+format.Clean(text)))
	}
}

// title names an event: its type, or the request where it has none.
func title(e webhook.Event) string {
	if e.Type != "" {
		return e.Type
	}
	if e.Method == "" {
		return "(deleted)"
	}
	return e.Method + " " + e.Path
}
