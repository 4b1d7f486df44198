package inspector

import (
	"context"
	"time"

	tea "charm.land/bubbletea/v2"

	"taskhook/webhook"
)

// list is a window of events, newest first, on a store of any size. It holds
// some screens of rows around what is visible and asks for others by cursor.
//
// While it follows, its first row is the newest event and selected. As soon as
// the person moves, the selection stays on its event and nothing visible
// moves, whatever arrives.
type list struct {
	rows []webhook.Summary
	next webhook.ID // cursor of the rows below the window; 0: there are none
	sel  int        // index of the selected row
	off  int        // index of the first visible row

	height int // visible rows
	text   string
	follow bool
	loaded bool // at least one page has come for the text

	pos  webhook.Position // of the last page
	held webhook.Position // when the list stopped following
	// topAt is the position at which no event was newer than the first row;
	// valid only with topKnown.
	topAt    webhook.ID
	topKnown bool
	rising   bool // the person's last move was upwards: at the top it resumes following

	dirty   bool // the store has changed since the last request
	jump    bool // the person asked for the oldest
	reading bool
	gen     int // of the text: pages of an older one are dropped
	cancel  context.CancelFunc
	notYet  time.Time // no unasked read before: reads stay a small part of the time
	retryAt time.Time // no read before: the last one went wrong
	stored  int       // events in the store, about
}

// kind says what a page is read for.
type kind int

const (
	readNewest kind = iota // the first page
	readHere               // the window again
	readBelow              // a window further down
	readAbove              // a window further up
	readOldest             // the last page
)

// request is one read of the list.
type request struct {
	kind   kind
	gen    int
	cursor webhook.ID // events older than this; 0: from the newest
	above  webhook.ID // readAbove: the first row so far
	guess  webhook.ID // readOldest: where the last page may begin; 0: unknown
	limit  int
	text   string
}

// pageMsg is the answer to a request.
type pageMsg struct {
	request
	page webhook.Page
	top  bool // nothing newer was selected at page.Position
	took time.Duration
	err  error
}

func (l *list) window() int { return min(max(3*l.height, 60), 400) }

func (l *list) setHeight(h int) {
	l.height = max(1, h)
	l.settle()
}

// setText starts over with other events.
func (l *list) setText(text string) {
	if text == l.text {
		return
	}
	l.text = text
	l.gen++
	l.follow, l.loaded, l.dirty, l.jump = true, false, true, false
	l.sel, l.off, l.topKnown = 0, 0, false
	l.notYet, l.retryAt = time.Time{}, time.Time{}
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

// news counts the events that came while the list does not follow.
func (l *list) news() int {
	if l.follow || l.pos.Event < l.held.Event {
		return 0
	}
	return int(l.pos.Event - l.held.Event)
}

// atTop reports whether nothing is newer than the first row, as far as known.
func (l *list) atTop() bool { return l.topKnown && l.topAt == l.pos.Event }

// hold stops following: the selection stays on its event.
func (l *list) hold() {
	if l.follow {
		l.follow, l.held = false, l.pos
	}
}

// move moves the selection by some rows.
func (l *list) move(by int) {
	if by > 0 || !l.follow {
		l.hold()
	}
	l.rising = by < 0
	l.sel += by
	l.settle()
	l.resume()
}

// newest goes to the newest event and follows.
func (l *list) newest() {
	l.follow, l.jump, l.rising = true, false, false
	l.sel, l.off = 0, 0
	if !l.atTop() {
		l.dirty, l.notYet = true, time.Time{}
	}
}

// oldest goes to the last event.
func (l *list) oldest() {
	l.hold()
	l.rising = false
	if l.next != 0 {
		l.jump = true
		return
	}
	l.sel = len(l.rows) - 1
	l.settle()
}

// resume follows again once the person has come up to the newest event.
func (l *list) resume() {
	if l.rising && l.sel == 0 && l.atTop() {
		l.newest()
	}
}

// settle keeps selection and visible rows within bounds.
func (l *list) settle() {
	l.sel = max(0, min(l.sel, len(l.rows)-1))
	if l.follow {
		l.sel = 0
	}
	l.off = min(l.off, l.sel)
	l.off = max(l.off, l.sel-l.height+1)
	l.off = max(0, min(l.off, len(l.rows)-l.height))
}

// want returns the read that the list needs most, if any. Unasked reads wait
// for notYet.
func (l *list) want(now time.Time) (request, bool) {
	r := request{gen: l.gen, limit: l.window(), text: l.text}
	if l.reading || now.Before(l.retryAt) {
		return r, false
	}
	margin := max(2, l.height/2)
	// An empty window is looked for from the newest again.
	refresh := l.dirty && !now.Before(l.notYet)
	switch {
	case !l.loaded, len(l.rows) == 0 && refresh, l.follow && refresh:
		r.kind = readNewest
	case l.jump:
		r.kind, r.guess = readOldest, l.oldestGuess()
	case !l.follow && len(l.rows) > 0 && !l.atTop() && l.off < margin && (refresh || !l.topKnown || l.rising):
		r.kind, r.above = readAbove, l.rows[0].ID
	case l.next != 0 && len(l.rows)-l.off-l.height < margin:
		r.kind, r.cursor = readBelow, l.rows[max(0, l.off-l.height)].ID+1
	case refresh && len(l.rows) > 0:
		r.kind, r.cursor = readHere, l.rows[0].ID+1
	default:
		return r, false
	}
	return r, true
}

// oldestGuess is where the last page begins if few events were deleted in
// between; a filter leaves no way to know.
func (l *list) oldestGuess() webhook.ID {
	first := l.pos.Event - webhook.ID(max(0, l.stored))
	guess := first + webhook.ID(l.window())
	if l.text != "" || l.stored == 0 || first > l.pos.Event || guess >= l.pos.Event {
		return 0
	}
	return guess
}

// apply takes over a page.
func (l *list) apply(msg pageMsg, now time.Time) {
	if msg.gen != l.gen {
		return
	}
	l.reading = false
	// Reading may take a tenth of the time, so that a slow search of a large
	// store leaves the machine alone.
	l.notYet = now.Add(9 * msg.took)
	if msg.err != nil {
		l.dirty = true
		l.retryAt = now.Add(time.Second)
		return
	}
	selected, had := l.selected()
	line := l.sel - l.off
	sameTop := had && len(msg.page.Events) > 0 && msg.page.Events[0].ID == l.rows[0].ID
	l.rows, l.next, l.pos = msg.page.Events, msg.page.Next, msg.page.Position
	if msg.top {
		l.topKnown, l.topAt = true, l.pos.Event
	} else if !sameTop {
		l.topKnown = false
	}
	switch {
	case l.follow || !l.loaded || !had:
		l.sel, l.off = 0, 0
	case msg.kind == readOldest:
		l.jump = false
		l.sel = len(l.rows) - 1
	default:
		l.sel = l.indexOf(selected.ID)
		l.off = l.sel - line
	}
	l.loaded = true
	l.settle()
	l.resume()
}

// indexOf returns the row of an event, or of the next older one.
func (l *list) indexOf(id webhook.ID) int {
	for i, e := range l.rows {
		if e.ID <= id {
			return i
		}
	}
	return len(l.rows) - 1
}

// start marks a request as under way and returns the command that reads it.
func (l *list) start(r request, b *background, feed Feed) tea.Cmd {
	l.reading = true
	if r.kind == readNewest || r.kind == readHere || r.kind == readAbove {
		l.dirty = false
	}
	var ctx context.Context
	ctx, l.cancel = context.WithCancel(b.ctx)
	cancel := l.cancel
	return b.do(func(context.Context) tea.Msg {
		defer cancel()
		began := time.Now()
		msg := pageMsg{request: r}
		msg.page, msg.top, msg.err = r.read(ctx, feed)
		msg.took = time.Since(began)
		return msg
	})
}
