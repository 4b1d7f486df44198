package inspector

import (
	"strconv"

	"github.com/taskhook/taskhook/format"
)

// notice is something that must not be forgotten, and the same in fewer words.
type notice struct {
	text, brief string
	mood        mood
}

// notices are the rules that are on, the shield, failed events that can be resent, a
// simulation that runs.
func (m *model) notices() []notice {
	l := m.listener
	var all []notice
	on := 0
	for _, r := range l.Faults {
		if !r.Ended {
			on++
		}
	}
	if on > 0 {
		all = append(all, notice{"FAULTS " + format.Plural(on, "rule", "rules"), "FAULTS " + format.Count(on), moodBad})
	}
	if l.Shielded() {
		n := notice{m.shieldWord(), m.shieldWord(), moodWarn}
		if l.Counts.Retrying > 0 {
			n.text += " · " + format.Count(l.Counts.Retrying) + " retrying"
			n.brief += " " + format.Count(l.Counts.Retrying)
			if !l.NextRetry.IsZero() {
				n.text += ", next retry about " + format.ShortTime(l.NextRetry.In(m.loc), m.now)
			}
		}
		all = append(all, n)
	}
	if l.Resendable > 0 {
		failed := format.Count(l.Resendable) + " failed: ctrl+r"
		all = append(all, notice{failed + " to resend", failed, moodBad})
	}
	if s := m.runningSimulation(); s != nil && !m.watches(s) {
		all = append(all, s.notice())
	}
	return all
}

// watches reports whether the timeline of a simulation is open.
func (m *model) watches(s *simulation) bool {
	t, ok := m.dialog.(*timeline)
	return ok && m.place == inDialog && t.simulation == s
}

// notice says in a few words what a running simulation is about to do.
func (s *simulation) notice() notice {
	s.mu.Lock()
	defer s.mu.Unlock()
	number, all := strconv.Itoa(max(1, s.now.Send.Number)), strconv.Itoa(s.asked.Simulation.Policy.MaxRetries+1)
	return notice{
		"simulation of " + s.id.String() + ": send " + number + " of " + all,
		"sim " + s.id.String() + " " + number + "/" + all, moodWarn,
	}
}

// noticeLines are the notices: in full and in two lines at most where there is
// room for that, else in few words and in one.
func (m *model) noticeLines() []string {
	all := m.notices()
	switch low := m.height < headerFull; {
	case len(all) == 0, m.height < minHeight+2 && m.listener.Degraded != "":
		return nil
	case low || m.width < 60:
		texts := make([]piece, len(all))
		for i, n := range all {
			texts[i] = piece{toggled(len(all) == 1, n.text, n.brief), n.mood}
		}
		return m.besides(texts, 1)
	}
	texts := make([]piece, len(all))
	for i, n := range all {
		texts[i] = piece{n.text, n.mood}
	}
	return m.besides(texts, 2)
}

// besides sets texts beside each other, in at most so many lines.
func (m *model) besides(texts []piece, most int) []string {
	const between = " · "
	var lines []string
	line, room := "", m.width-2
	for _, p := range texts {
		_, w := cut(p.text, m.width-2)
		switch {
		case line == "":
		case w+len(between)-1 > room && len(lines)+1 < most:
			lines = append(lines, " "+line)
			line, room = "", m.width-2
		default:
			line += m.styles.mood(moodDim, between)
			room -= len(between) - 1
		}
		text, w := cut(p.text, room)
		line += m.styles.mood(p.mood, text)
		room -= w
		if room <= len(between) {
			break
		}
	}
	return append(lines, " "+line)
}
