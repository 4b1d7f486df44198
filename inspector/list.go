package inspector

import (
	"context"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// scope is which events the list shows, and how.
type scope struct {
	text   string // a filter that parses; "": all
	marked bool   // only the marked ones
	order  webhook.Order
}

// narrowed reports whether the list may leave events out.
func (s scope) narrowed() bool { return s.text != "" || s.marked }

// byTime reports whether the list is in the order of arrival.
func (s scope) byTime() bool { return s.order == webhook.OrderTime }

// filter is the whole condition in the filter language.
func (s scope) filter() string {
	if s.marked {
		return both("is:marked", s.text)
	}
	return s.text
}

// query selects all that the list shows, visible or not.
func (s scope) query() webhook.Query {
	return webhook.Query{Filter: s.filter(), Order: s.order}
}

// both joins two filters.
func both(a, b string) string {
	if b == "" {
		return a
	}
	return a + " (" + b + ")"
}

// list is a window of events, newest first, on a store of any size. It holds
// some screens of rows around what is visible and asks for others by cursor.
//
// While it follows, its first row is the newest event and selected. As soon as
// the person moves, the selection stays on its event and nothing visible
// moves, whatever arrives. In any other order than time's it never follows.
type list struct {
	scope
	rows []webhook.Summary
	next webhook.ID // cursor of the rows below the window; 0: there are none
	sel  int        // index of the selected row
	off  int        // index of the first visible row

	height  int // visible rows
	follow  bool
	current bool // the rows are of the scope; else of the one before
	loaded  bool // and they are all that were found

	pos  webhook.Position // of the last page
	seen webhook.ID       // up to here nothing newer than the first row is left out
	held webhook.Position // when the list stopped following
	came int              // since then, as far as counted: see request.since
	// topAt is the position at which no event was newer than the first row;
	// valid only with topKnown.
	topAt    webhook.ID
	topKnown bool
	rising   bool // the person's last move was upwards: at the top it resumes following

	// In another order than time's an ID does not say what comes before it:
	// from is the cursor of the window, above those of the windows above it.
	from  webhook.ID
	above []webhook.ID

	dirty   bool // the store has changed since the last request
	unsure  bool // it may have changed without a hint
	jump    bool // the person asked for the oldest
	reading bool
	scanned float64    // share of the store that a search has seen; 0 while none is seen to run
	slow    bool       // a whole read of this scope takes long
	cutOff  webhook.ID // the selected event, if the window read last did not reach down to it
	gen     int        // of the scope: pages of an older one are dropped
	asked   int        // reads so far
	cancel  context.CancelFunc
	notYet  time.Time // no unasked read before: reads stay a small part of the time
	peekAt  time.Time // the same of readPeek
	farAt   time.Time // no readAbove or readBelow before: the last one brought nothing
	retryAt time.Time // no read before: the last one went wrong
	stored  int       // events in the store, about

	leftOut leftOut // of the scope

	back *list // all events, as they were left for others; nil: not left

	marks map[webhook.ID]markChange // set by the person, and not read back yet
	types map[string]bool           // seen so far, for completion
}

func (l *list) window() int { return min(max(3*l.height, 60), 400) }

func (l *list) setHeight(h int) {
	l.height = max(1, h)
	l.clamp()
}

// setText starts over with other events.
func (l *list) setText(text string) {
	s := l.scope
	s.text = text
	l.setScope(s)
}

// setScope starts over with other events, or in another order. A read that is
// under way is given up. Back in the scope of all events, the person is where
// they left it.
func (l *list) setScope(s scope) {
	if s == l.scope {
		return
	}
	l.stop()
	if b := l.back; b != nil && b.scope == s && !b.follow {
		l.returnTo(b)
		return
	}
	if !l.narrowed() && l.byTime() {
		left := *l
		l.back = &left
	}
	l.scope = s
	l.gen++
	l.follow, l.current, l.loaded, l.dirty, l.jump = s.byTime(), false, false, true, false
	l.sel, l.off, l.topKnown, l.rising = 0, 0, false, false
	l.from, l.above, l.came = 0, nil, 0
	l.notYet, l.peekAt, l.retryAt = time.Time{}, time.Time{}, time.Time{}
	l.slow, l.scanned, l.leftOut = false, 0, leftOut{}
	l.held = l.pos
}

// returnTo takes up the list where it was left. What has changed since is read
// anew, around the selection.
func (l *list) returnTo(left *list) {
	now := *l
	*l = *left
	l.height, l.gen, l.asked = now.height, now.gen+1, now.asked
	l.stored, l.marks, l.types = now.stored, now.marks, now.types
	l.back, l.dirty, l.rising, l.jump = nil, true, false, false
	l.notYet, l.peekAt, l.farAt, l.retryAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	l.clamp()
}

// stop gives up the read that is under way.
func (l *list) stop() {
	l.reading = false
	if l.cancel != nil {
		l.cancel()
		l.cancel = nil
	}
}

func (l *list) selected() (webhook.Summary, bool) {
	if l.sel >= len(l.rows) {
		return webhook.Summary{}, false
	}
	return l.rows[l.sel], true
}

// news counts the events that came while the list does not follow, those of a
// narrowed list up to newsMost.
func (l *list) news() int {
	switch {
	case l.follow || !l.byTime() || l.pos.Event < l.held.Event:
		return 0
	case l.narrowed():
		return l.came
	}
	return max(0, int(l.pos.Event-l.held.Event)-l.came)
}

// atTop reports whether nothing is newer than the first row, as far as known.
func (l *list) atTop() bool {
	if !l.byTime() {
		return l.from == 0
	}
	return l.topKnown && l.topAt == l.pos.Event
}

// hold stops following: the selection stays on its event.
func (l *list) hold() {
	if l.follow {
		l.follow, l.held, l.came = false, l.pos, 0
	}
}

// move moves the selection by some rows.
func (l *list) move(by int) { l.selectRow(l.sel + by) }

// selectRow moves the selection to a row.
func (l *list) selectRow(i int) {
	by := i - l.sel
	if by > 0 || !l.follow {
		l.hold()
	}
	l.rising = by < 0
	l.sel = i
	l.clamp()
	l.resume()
}

// newest goes to the first event, and follows.
func (l *list) newest() {
	l.follow, l.jump, l.rising = l.byTime(), false, false
	l.sel, l.off = 0, 0
	if !l.atTop() {
		l.from, l.above = 0, nil
		l.dirty, l.notYet = true, time.Time{}
	}
}

// oldest goes to the last event. In another order than time's that is the last
// one of the window: where it leads is not worth the way.
func (l *list) oldest() {
	l.hold()
	l.rising = false
	if l.next != 0 && l.byTime() {
		l.jump = true
		return
	}
	l.sel = len(l.rows) - 1
	l.clamp()
}

// resume follows again once the person has come up to the newest event.
func (l *list) resume() {
	if l.rising && l.sel == 0 && l.atTop() && l.byTime() {
		l.newest()
	}
}

// clamp keeps selection and visible rows within bounds.
func (l *list) clamp() {
	l.sel = max(0, min(l.sel, len(l.rows)-1))
	if l.follow {
		l.sel = 0
	}
	l.off = min(l.off, l.sel)
	l.off = max(l.off, l.sel-l.height+1)
	l.off = max(0, min(l.off, len(l.rows)-l.height))
}

// indexOf returns the row of an event, or of the next older one.
func (l *list) indexOf(id webhook.ID) int {
	for i, e := range l.rows {
		if e.ID == id || e.ID < id && l.byTime() {
			return i
		}
	}
	if !l.byTime() {
		return min(l.sel, len(l.rows)-1)
	}
	return len(l.rows) - 1
}
