package inspector

import (
	"slices"
	"time"

	"github.com/taskhook/taskhook/format"
)

// messageTime is how long a message stands that is not an error; an error
// stands until it is dismissed.
const messageTime = 6 * time.Second

// pathTime is how long a message stands that says where something is: a path
// is copied by hand.
const pathTime = time.Minute

// messageMost is how many lines a message may take.
const messageMost = 3

// message is what the last action came to.
type message struct {
	text  string
	mood  mood
	until time.Time // zero: until it is dismissed, or replaced
}

func (msg message) stands() bool { return msg.text != "" && msg.mood == moodBad }

// say shows a message. An error stays until it is seen: what comes after it
// waits behind it, and news that would be old by then is only shown below it.
func (m *model) say(md mood, text string) {
	msg := message{text: text, mood: md}
	if md != moodBad {
		msg.until = m.now.Add(messageTime)
	}
	if !m.message.stands() {
		m.message = msg
		return
	}
	errors := slices.DeleteFunc(m.acts.later, func(l message) bool { return !l.stands() })
	errors = append(errors, msg)
	m.acts.later = errors
}

// showFor lets the message just shown stand for another time than usual; 0:
// until its outcome replaces it.
func (m *model) showFor(d time.Duration) {
	msg := &m.message
	if n := len(m.acts.later); n > 0 {
		msg = &m.acts.later[n-1]
	}
	switch {
	case msg.stands():
	case d == 0:
		msg.until = time.Time{}
	default:
		msg.until = m.now.Add(d)
	}
}

// dismiss takes the message away and shows the next one, if there is one.
func (m *model) dismiss() {
	m.message = message{}
	if len(m.acts.later) > 0 {
		m.message = m.acts.later[0]
		m.acts.later = m.acts.later[1:]
	}
}

// expire takes back messages whose time is over.
func (m *model) expire() bool {
	over := func(msg message) bool { return msg.text != "" && !msg.until.IsZero() && !m.now.Before(msg.until) }
	changed := false
	if n := len(m.acts.later); n > 0 && over(m.acts.later[n-1]) {
		m.acts.later, changed = m.acts.later[:n-1], true
	}
	if over(m.message) {
		m.dismiss()
		changed = true
	}
	return changed
}

// messageLines draws the dialog, the message, or what hinders reading.
func (m *model) messageLines() []string {
	msg := m.message
	switch {
	case m.place == inDialog:
		return indented(m.dialog.lines(m, m.width-2, max(1, m.height/2)))
	case msg.text == "" && m.feedError() != "":
		msg = message{text: m.feedError(), mood: moodBad}
	case msg.text == "":
		return nil
	}
	text := msg.text
	var after []string
	if n := len(m.acts.later); n > 0 {
		last := m.acts.later[n-1]
		if !last.stands() {
			after = m.paragraph(last.mood, last.text, m.width-2, 1)
			n--
		}
		if n > 0 {
			text = "(" + format.Count(n) + " more) " + text
		}
	}
	return indented(append(m.paragraph(msg.mood, text, m.width-2, messageMost), after...))
}

// paragraph wraps a text of any origin.
func (m *model) paragraph(md mood, text string, width, height int) []string {
	lines := wrap(format.Clean(clip(text, height*width)), width, height, true)
	for i, l := range lines {
		lines[i] = m.styles.mood(md, l)
	}
	return lines
}
