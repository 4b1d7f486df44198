package inspector

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"taskhook/retry"
	"taskhook/webhook"
)

// timeline is the dialog that shows a simulation as it goes on.
type timeline struct {
	simulation *simulation
	off        int // lines that are scrolled back
	drawn      int // the version that was drawn
}

var (
	keySkip    = bind("s", "skip the wait", "s", "space")
	keyBehind  = bind("esc", "let it run", "esc")
	keyCancel  = bind("x", "cancel", "x")
	keyNext2   = bind("2", "next: 200", "2")
	keyNext4   = bind("4", "429", "4")
	keyNext5   = bind("5", "500", "5")
	keyNext0   = bind("0", "nothing", "0")
	keyClose   = bind("esc", "close", "esc", "enter", "q")
	keyAgain   = bind("t", "again", "t")
	keyScroll  = bind("↑/↓", "scroll", "up", "down", "k", "j")
	nextAnswer = []struct {
		key    *key.Binding
		status int
	}{{&keyNext2, 200}, {&keyNext4, 429}, {&keyNext5, 500}, {&keyNext0, retry.Nothing}}
)

func (t *timeline) press(m *model, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	if key.Matches(msg, keyScroll) {
		t.off++
		if s := msg.String(); s == "down" || s == "j" {
			t.off = max(0, t.off-2)
		}
		return nil, false
	}
	if !t.simulation.running() {
		if key.Matches(msg, keyAgain) {
			m.leave(t)
			m.askSimulation()
			return nil, true
		}
		return nil, key.Matches(msg, keyClose)
	}
	steer := retry.Steering{EventID: t.simulation.id}
	switch {
	case key.Matches(msg, keyBehind):
		return nil, true
	case key.Matches(msg, keySkip):
		steer.Skip = true
	case key.Matches(msg, keyCancel):
		steer.Cancel = true
	default:
		for _, next := range nextAnswer {
			if key.Matches(msg, *next.key) {
				steer.Answer = next.status
			}
		}
	}
	if steer == (retry.Steering{EventID: steer.EventID}) {
		return nil, false
	}
	return m.steer(steer), false
}

// steer steers a simulation.
func (m *model) steer(s retry.Steering) tea.Cmd {
	return m.background.do(func(ctx context.Context) tea.Msg {
		return steeredMsg{s, m.actions.Steer(ctx, s)}
	})
}

// steeredMsg is the outcome of steering.
type steeredMsg struct {
	steering retry.Steering
	err      error
}

// apply says what will be done where the timeline does not show it at once.
//
//nolint:unparam // as the interface wants it
func (msg steeredMsg) apply(m *model) tea.Cmd {
	switch {
	case msg.err != nil && m.acts.simulations[msg.steering.EventID].running():
		m.say(moodBad, msg.err.Error())
	case msg.err == nil && msg.steering.Answer != 0:
		m.acts.simulations[msg.steering.EventID].promise(msg.steering.Answer)
	}
	return nil
}

// promise keeps what the next send will be answered, for the timeline.
func (s *simulation) promise(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.notes = append(s.notes, "the next send is answered "+toldWords(status))
}

// toldWords writes what the platform is told.
func toldWords(status int) string {
	if status <= 0 {
		return "nothing"
	}
	return strconv.Itoa(status)
}

// moved reports whether it would be drawn differently than it was: while there
// is a countdown it does with every tick.
func (t *timeline) moved() bool {
	s := t.simulation
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version != t.drawn || !s.ended && s.now.Step == retry.StepWait
}

func (t *timeline) lines(m *model, width, height int) []string {
	s := t.simulation
	words, md := "", moodPlain
	if !s.running() {
		words, md = s.words()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t.drawn = s.version
	policy := s.asked.Simulation.Policy
	speed := s.asked.Simulation.Speed
	lines := []string{m.styles.title.on(fit(fmt.Sprintf("%s by the policy %s, %s, seed %d", s.id, policy.Name, speed, s.asked.Simulation.Seed), width))}
	var body []string
	for _, note := range s.notes {
		body = append(body, m.paragraph(moodWarn, signWarning+" "+note, width, 2)...)
	}
	for _, stage := range s.sends {
		text, md := m.sendRow(stage)
		line, _ := cut(text, width)
		body = append(body, m.styles.mood(md, line))
	}
	switch {
	case words != "":
		body = append(body, m.paragraph(md, words, width, 2)...)
		for _, remark := range s.report.Remarks {
			body = append(body, m.paragraph(moodDim, signWarning+" "+remark.Words, width, 3)...)
		}
	default:
		line, _ := cut(m.nextRow(s.now), width)
		body = append(body, m.styles.mood(moodDim, line))
	}
	room := max(1, height-1)
	t.off = max(0, min(t.off, len(body)-room))
	to := len(body) - t.off
	return append(lines, body[max(0, to-room):to]...)
}

// sendRow is a send that was made.
func (m *model) sendRow(stage retry.Stage) (string, mood) {
	sent, name := stage.Sent, sendName(stage.Send.Number)
	md, sign := statusMood(sent.Status), signBad
	switch md {
	case moodGood:
		sign = signGood
	case moodWarn:
		sign = signPending
	}
	answer := statusText(sent.Status)
	switch {
	case sent.Interrupted:
		answer, md, sign = "cut: what became of it only the app knows", moodWarn, signUnknown
	case sent.Failure != "":
		answer = "not made: " + sent.Failure
	case sent.Simulated && sent.Called:
		answer = fmt.Sprintf("%s in place of %s in %s", answer, statusText(sent.App.Status), brief(sent.App.Took))
	case sent.Simulated:
		answer += ", app not called"
	case sent.App.Error != "":
		answer = sent.App.Error
	default:
		answer = fmt.Sprintf("%d in %s", sent.Status, brief(sent.App.Took))
	}
	return fmt.Sprintf("%s %-10s %s %8s  %s", sign, name, stage.Arrives.In(m.loc).Format("15:04:05"), gapBrief(stage.Send.Gap), answer), md
}

// nextRow is what comes next: a countdown, or that the app is at work.
func (m *model) nextRow(stage retry.Stage) string {
	name := sendName(max(1, stage.Send.Number))
	switch stage.Step {
	case retry.StepWait:
		left := max(0, stage.Due.Sub(m.now))
		return fmt.Sprintf("%s %-10s would arrive %s, %s · in %s", signWaiting, name,
			stage.Arrives.In(m.loc).Format("15:04:05"), gapBrief(stage.Send.Gap), left.Round(100*time.Millisecond))
	case retry.StepSend:
		return fmt.Sprintf("%s %-10s at the app", signWaiting, name)
	}
	return signWaiting + " beginning"
}

func sendName(number int) string {
	if number == 1 {
		return "first send"
	}
	return "retry " + strconv.Itoa(number-1)
}

func gapBrief(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return "+" + brief(d)
}

func (t *timeline) keys() []key.Binding {
	if !t.simulation.running() {
		return []key.Binding{keyClose, keyAgain, keyScroll}
	}
	return []key.Binding{keyBehind, keySkip, keyCancel, keyNext2, keyNext4, keyNext5, keyNext0, keyScroll}
}

// notices are what must not be forgotten: rules that are on, the shield, a
// rescue that is due, a simulation that runs.
func (m *model) notices() []piece {
	l := m.listener
	var all []piece
	on := 0
	for _, r := range l.Faults {
		if !r.Ended {
			on++
		}
	}
	if on > 0 {
		all = append(all, piece{"FAULTS " + plural(on, "rule"), moodBad})
	}
	if l.Shield {
		text := "SHIELD"
		if l.Counts.Pending > 0 {
			text += " " + count(l.Counts.Pending) + " pending"
			if !l.NextRetry.IsZero() {
				text += ", next about " + clock(l.NextRetry, m.now, m.loc)
			}
		}
		all = append(all, piece{text, moodWarn})
	}
	if l.Rescuable > 0 {
		all = append(all, piece{count(l.Rescuable) + " lost: ctrl+r to rescue", moodBad})
	}
	if s := m.runningSimulation(); s != nil {
		all = append(all, piece{s.brief(), moodWarn})
	}
	return all
}

// noticeLine is the notices in one line, "" if there are none.
func (m *model) noticeLine() string {
	var line string
	room := m.width - 2
	for i, p := range m.notices() {
		if i > 0 {
			line += m.styles.mood(moodDim, " · ")
			room -= 3
		}
		text, w := cut(p.text, room)
		room -= w
		line += m.styles.mood(p.mood, text)
	}
	if line == "" {
		return ""
	}
	return " " + line
}

// virtual says where an attempt stands on the clock of its simulation.
func virtual(a webhook.Attempt, before *webhook.Attempt, loc *time.Location) string {
	text := "would arrive " + a.VirtualTime.In(loc).Format("15:04:05")
	if before != nil && before.Delivery == a.Delivery && !before.VirtualTime.IsZero() {
		text += ", +" + brief(a.VirtualTime.Sub(before.VirtualTime))
	}
	return text
}
