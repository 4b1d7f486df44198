package inspector

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// timeline is the dialog that shows a simulation as it goes on.
type timeline struct {
	simulation *simulation
	off        int // lines that are scrolled back
	drawn      int // the version that was drawn
}

// timelineRoomy is from which width on a timeline names the sends in full.
const timelineRoomy = 60

var (
	keySkip   = bind("s", "skip", "s", "space")
	keyBehind = bind("esc", "let it run", "esc")
	keyCancel = bind("x", "cancel", "x")
	keyNext   = bind("2/4/5/0", "next is 200/429/500/none", "2", "4", "5", "0")
	keyClose  = bind("esc", "close", "esc", "enter", "q")
	keyAgain  = bind("t", "again", "t")
	keyScroll = bind("↑/↓", "scroll", "up", "down", "k", "j")
)

// nextAnswers are what the keys of keyNext have the next send answered.
var nextAnswers = map[string]int{"2": 200, "4": 429, "5": 500, "0": retry.NoResponse}

func (t *timeline) press(m *model, msg tea.KeyPressMsg) (tea.Cmd, bool) {
	s := t.simulation
	switch {
	case key.Matches(msg, keyScroll):
		t.off++
		if !backwards(msg) {
			t.off = max(0, t.off-2)
		}
		return nil, false
	case !s.running() && key.Matches(msg, keyAgain):
		m.leave(t)
		m.askAgain(s)
		return nil, true
	case !s.running():
		return nil, key.Matches(msg, keyClose)
	case key.Matches(msg, keyBehind):
		return nil, true
	case key.Matches(msg, keySkip):
		return m.steer(s, retry.Steering{Skip: true}), false
	case key.Matches(msg, keyCancel):
		return m.steer(s, retry.Steering{Cancel: true}), false
	case key.Matches(msg, keyNext):
		return m.steer(s, retry.Steering{Answer: nextAnswers[msg.String()]}), false
	}
	return nil, false
}

// askAgain opens the form for another simulation with the same event.
func (m *model) askAgain(s *simulation) {
	t := target{s.id, s.asked.Resend.Unverified}
	m.ask(m.simulationForm(chosen{[]target{t}, s.id.String()}))
}

// steer steers a simulation.
func (m *model) steer(s *simulation, what retry.Steering) tea.Cmd {
	what.EventID = s.id
	at := s.moment()
	return m.background.do(func(ctx context.Context) tea.Msg {
		return steeredMsg{s, what, at, m.actions.Steer(ctx, what)}
	})
}

// steeredMsg is the outcome of steering.
type steeredMsg struct {
	simulation *simulation
	steering   retry.Steering
	at         moment
	err        error
}

// apply records what will be done, for the timeline. A simulation that cannot be
// cancelled by steering, because it has not begun or cannot be reached, is given
// up.
//
//nolint:unparam // as the interface wants it
func (msg steeredMsg) apply(*model) tea.Cmd {
	s := msg.simulation
	switch {
	case !s.running():
	case msg.err != nil && msg.steering.Cancel:
		s.cancel()
	case msg.err != nil:
		s.note(msg.err.Error())
	case msg.steering.Answer != 0:
		s.promise(msg.steering.Answer, msg.at)
	}
	return nil
}

// moved reports whether it has to be drawn again: while it counts down, it does
// with every tick.
func (t *timeline) moved() bool {
	s := t.simulation
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version != t.drawn || !s.ended
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
	lines := []string{m.styles.title.on(fit(s.title(), width))}
	body := t.sends(m, width)
	switch {
	case words != "":
		body = append(body, m.paragraph(md, words, width, 2)...)
		for _, remark := range s.report.Remarks {
			body = append(body, m.paragraph(moodDim, signWarning+" "+remark, width, 3)...)
		}
	default:
		line, _ := cut(s.nextRow(m, width), width)
		body = append(body, m.styles.mood(moodDim, line))
		if help := keyNext.Help(); width < timelineRoomy { // the bottom line has no room for it
			body = append(body, m.styles.mood(moodDim, fit("  "+help.Key+" "+help.Desc, width)))
		}
	}
	room := max(1, height-1)
	t.off = max(0, min(t.off, len(body)-room))
	to := len(body) - t.off
	return append(lines, body[max(0, to-room):to]...)
}

// title says what is simulated, and how.
func (s *simulation) title() string {
	sim := s.asked.Simulation
	text := fmt.Sprintf("%s by the policy %s, %s, seed %d", s.id, sim.Policy.Name, sim.Speed, sim.Seed)
	if s.asked.Resend.NewID {
		text += ", new ID"
	}
	if to := s.asked.Resend.To; to != "" {
		text += ", to " + to
	}
	return text
}

// sends are what should be known beforehand, and the sends that were made.
func (t *timeline) sends(m *model, width int) []string {
	var lines []string
	for _, note := range m.noteTexts(t.simulation.notes) {
		lines = append(lines, m.paragraph(moodWarn, signWarning+" "+note, width, 2)...)
	}
	if width >= timelineRoomy && len(t.simulation.sends) > 0 {
		lines = append(lines, m.styles.mood(moodDim, "             would arrive     answer"))
	}
	for _, step := range t.simulation.sends {
		text, md := m.sendRow(step, width)
		line, _ := cut(text, width)
		lines = append(lines, m.styles.mood(md, line))
	}
	return lines
}

// sendRow is a send that was made.
func (m *model) sendRow(step retry.Progress, width int) (string, mood) {
	sent := step.Sent
	md, sign := statusMood(sent.Status), signBad
	switch {
	case sent.Interrupted:
		md, sign = moodWarn, signUnknown
	case md == moodGood:
		sign = signGood
	case md == moodWarn:
		sign = signRetrying
	}
	answer := sendAnswer(sent)
	if width < timelineRoomy {
		answer = sendAnswerBrief(sent)
	}
	return m.sendHead(sign, step, width) + answer, md
}

// sendHead is a send's sign, name and place on the virtual clock.
func (m *model) sendHead(sign string, p retry.Progress, width int) string {
	number := max(1, p.Send.Number)
	name := fit(sendName(number), 10)
	if width < timelineRoomy {
		name = fit(strconv.Itoa(number), 1)
	}
	gap := ""
	if p.Send.Gap > 0 {
		gap = "+" + format.Duration(p.Send.Gap)
	}
	return sign + " " + name + " " + format.Clock(p.Arrives.In(m.loc)) + " " + fit(gap, 8) + " "
}

// sendAnswer is what the sender was told, and beside it what the app answered.
func sendAnswer(sent *retry.Sent) string {
	took := format.Duration(sent.App.Took)
	switch {
	case sent.Interrupted:
		return "cut off: what became of it only the app knows"
	case sent.Failure != "":
		return "not made: " + sent.Failure
	case sent.Simulated && sent.Called:
		return format.Status(sent.Status) + " in place of " + format.Status(sent.App.Status) + " in " + took
	case sent.Simulated:
		return format.Status(sent.Status) + " simulated, app not called"
	case sent.App.Error != "":
		return "no answer in " + took + ": " + sent.App.Error
	}
	return format.Answer(sent.Status, sent.App.Took)
}

// sendAnswerBrief is sendAnswer where there is little room.
func sendAnswerBrief(sent *retry.Sent) string {
	switch {
	case sent.Interrupted:
		return "cut off"
	case sent.Simulated && sent.Called:
		return statusText(sent.Status) + " for " + statusText(sent.App.Status) + " " + format.Duration(sent.App.Took)
	case sent.Simulated:
		return statusText(sent.Status) + " simulated"
	}
	return sendAnswer(sent)
}

// nextRow is what comes next: a countdown, or that the app is at work.
func (s *simulation) nextRow(m *model, width int) string {
	now := s.now
	head := m.sendHead(signWaiting, now, width)
	then := ""
	if s.promised != 0 {
		then = ", then " + format.Status(s.promised)
	}
	switch now.Step {
	case retry.StepSend:
		return head + s.atWork(m) + then
	case retry.StepWait:
		left := max(0, now.Due.Sub(m.now))
		roomy := width >= timelineRoomy
		text := toggled(roomy || then == "", "in ", "") + format.Duration(left.Truncate(100*time.Millisecond))
		if speed := s.asked.Simulation.Speed; speed > 1 && (roomy || then == "") {
			text += " · " + format.Duration(time.Duration(float64(left)*float64(speed)).Truncate(time.Second)) + toggled(roomy, " virtual", "")
		}
		return head + text + then
	}
	return signWaiting + " beginning"
}

// atWork says that the app has a send, for how long, and what is told in its
// place.
func (s *simulation) atWork(m *model) string {
	text := "at the app"
	if since := m.now.Sub(s.now.Due); since >= time.Second && !s.now.Due.IsZero() {
		text += " " + format.Duration(since)
	}
	if replaced := s.now.Send.Replaced; replaced != 0 {
		text += ", answered " + format.Status(replaced)
	}
	return text
}

func sendName(number int) string {
	if number == 1 {
		return "first send"
	}
	return "retry " + strconv.Itoa(number-1)
}

func (t *timeline) keys() []key.Binding {
	if !t.simulation.running() {
		return []key.Binding{keyClose, keyAgain, keyScroll}
	}
	return []key.Binding{keyBehind, keySkip, keyCancel, keyNext, keyScroll}
}

// virtual says where an attempt stands on the clock of its simulation.
func virtual(a webhook.Attempt, before *webhook.Attempt, loc *time.Location) string {
	text := "would arrive " + format.Clock(a.VirtualTime.In(loc))
	if before != nil && before.Delivery == a.Delivery && !before.VirtualTime.IsZero() {
		text += ", +" + format.Duration(a.VirtualTime.Sub(before.VirtualTime))
	}
	return text
}
