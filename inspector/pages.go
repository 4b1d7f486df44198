package inspector

import (
	"context"
	"errors"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/webhook"
)

const (
	// appearAfter is how long an event without an answer is kept off the list:
	// most are answered before, and a row that changes at once flickers.
	appearAfter = 100 * time.Millisecond
	// slowRead is when a read of a whole scope counts as a search that is not
	// done again for every change.
	slowRead = 150 * time.Millisecond
	// peekEvery is how often a list that is slow to read looks for news.
	peekEvery = 250 * time.Millisecond
)

// pageMsg is the answer to a request.
type pageMsg struct {
	request
	page webhook.Page
	top  bool // nothing newer was selected at page.Position
	more bool // the search goes on with the request, which has all found so far
	took time.Duration
	err  error
}

// want returns the read that the list needs most, if any. Unasked reads wait
// for notYet.
func (l *list) want(now time.Time) (request, bool) {
	r := request{gen: l.gen, limit: l.window(), scope: l.scope}
	if l.reading || now.Before(l.retryAt) {
		return r, false
	}
	if !l.follow && l.byTime() {
		r.held = l.held.Event
	}
	refresh := (l.dirty || l.unsure && !l.slow) && !now.Before(l.notYet)
	switch {
	case !l.loaded:
		r.kind = readNewest
		return r, true
	case l.byTime():
		return l.wantByTime(r, refresh, now)
	}
	return l.wantOrdered(r, refresh)
}

// wantByTime is want in the order of time.
func (l *list) wantByTime(r request, refresh bool, now time.Time) (request, bool) {
	switch {
	case l.jump:
		r.kind = readOldest
	case l.nearTop(now) && (refresh || !l.topKnown || l.rising):
		r.kind, r.first, r.have, r.next = readAbove, l.rows[0].ID, l.ids(), l.next
	case l.peeks(now) && !refresh:
		r.kind, r.have, r.next = readPeek, l.ids(), l.next
		if l.follow {
			r.first = l.seen
		}
	case l.nearBottom(now):
		r.kind, r.cursor = readBelow, l.rows[max(0, l.off-l.height)].ID+1
	case refresh:
		r.kind, r.cursor = l.again()
	default:
		return r, false
	}
	return r, true
}

// margin is how many rows from an end of those there are the next are read.
func (l *list) margin() int { return max(2, l.height/2) }

// nearTop reports whether rows above those there are may be wanted.
func (l *list) nearTop(now time.Time) bool {
	return !l.follow && len(l.rows) > 0 && !l.atTop() && l.off < l.margin() && !now.Before(l.farAt)
}

// nearBottom reports whether rows below those there are may be wanted.
func (l *list) nearBottom(now time.Time) bool {
	return l.next != 0 && len(l.rows) > 0 && len(l.rows)-l.off-l.height < l.margin() && !now.Before(l.farAt)
}

// peeks reports whether a list that is slow to read looks for news.
func (l *list) peeks(now time.Time) bool {
	return l.slow && len(l.rows) > 0 && (l.dirty || l.unsure) && !now.Before(l.peekAt)
}

// again is the read of the same window once more. An empty window is looked
// for from the newest again.
func (l *list) again() (kind, webhook.ID) {
	switch {
	case len(l.rows) == 0, l.follow:
		return readNewest, 0
	case l.cutOff != 0:
		return readHere, l.cutOff + 1
	}
	return readHere, l.rows[0].ID + 1
}

// wantOrdered is want in another order than time's.
func (l *list) wantOrdered(r request, refresh bool) (request, bool) {
	margin := l.margin()
	skip := l.off - l.height // rows that a window further down leaves out
	switch {
	case l.rising && l.off < margin && len(l.above) > 0:
		r.kind, r.after = readAbove, l.above[len(l.above)-1]
	case l.next != 0 && len(l.rows)-l.off-l.height < margin && skip > 0:
		r.kind, r.after = readBelow, l.rows[skip-1].ID
	case refresh:
		r.kind, r.after = readHere, l.from
	default:
		return r, false
	}
	r.cursor = r.after
	return r, true
}

func (l *list) ids() []webhook.ID {
	ids := make([]webhook.ID, len(l.rows))
	for i, e := range l.rows {
		ids[i] = e.ID
	}
	return ids
}

// start marks a request as under way and returns the command that reads it.
func (l *list) start(r request, b *background, feed Feed) tea.Cmd {
	l.reading = true
	if r.found == nil { // else it goes on
		l.asked++
		r.number = l.asked
	}
	switch r.kind {
	case readNewest, readHere, readAbove:
		l.dirty, l.unsure = false, false
	case readPeek:
		l.unsure = false
	}
	var ctx context.Context
	ctx, l.cancel = context.WithCancel(b.ctx)
	cancel := l.cancel
	return b.do(func(context.Context) tea.Msg {
		defer cancel()
		began := time.Now()
		msg := r.read(ctx, feed)
		msg.took = time.Since(began)
		return msg
	})
}

// apply takes over a page.
func (l *list) apply(msg pageMsg, now time.Time) {
	l.reading = false
	l.pace(msg, now)
	if msg.err != nil {
		l.failed(msg.err, now)
		return
	}
	l.scanned = l.progress(msg)
	if msg.more && l.loaded {
		return // the rows there are stand until all are found
	}
	page := l.withoutFresh(msg.page, now)
	l.remark(page.Events, msg.number)
	l.see(page.Events)
	selected, had := l.selected()
	line := l.sel - l.off
	sameTop := had && len(page.Events) > 0 && page.Events[0].ID == l.rows[0].ID
	if l.cutOff = 0; had && l.cuts(msg.kind, page, selected.ID) {
		// More rows than fit have come up between the first one and the
		// selected one: the window begins at that.
		l.cutOff, l.dirty, l.notYet = selected.ID, true, now
		return
	}
	l.rows, l.next, l.pos = page.Events, page.Next, page.Position
	l.noteEnds(msg, sameTop, now)
	l.shift(msg)
	switch {
	case l.follow || !l.current || !had:
		l.sel, l.off = 0, 0
	case msg.kind == readOldest:
		l.jump = false
		l.sel = len(l.rows) - 1
	default:
		l.sel = l.indexOf(selected.ID)
		l.off = l.sel - line
	}
	l.current, l.loaded = true, l.loaded || !msg.more
	l.clamp()
	l.resume()
}

// cuts reports whether a page leaves the selected event out.
func (l *list) cuts(k kind, page webhook.Page, selected webhook.ID) bool {
	return k == readHere && !l.follow && l.byTime() && endsAbove(page, selected)
}

// noteEnds notes what a page says about the rows above and below it.
func (l *list) noteEnds(msg pageMsg, sameTop bool, now time.Time) {
	if msg.top {
		l.topKnown, l.topAt = true, l.pos.Event
	} else if !sameTop {
		l.topKnown = false
	}
	if msg.held != 0 && msg.held == l.held.Event && !l.follow {
		l.came = msg.came
	}
	if (msg.kind == readAbove && !msg.top || msg.kind == readBelow) && sameTop {
		l.farAt = now.Add(appearAfter) // all the rest is left out for now
	}
}

// endsAbove reports whether a page ends before it comes to an event.
func endsAbove(page webhook.Page, id webhook.ID) bool {
	n := len(page.Events)
	return n > 0 && page.Next != 0 && page.Events[n-1].ID > id
}

// pace keeps reading to a small part of the time, so that a slow search of a large
// store leaves the machine alone.
func (l *list) pace(msg pageMsg, now time.Time) {
	rest := 24 * (msg.spent + msg.took)
	l.peekAt = now.Add(max(peekEvery, rest))
	if msg.kind == readPeek {
		return
	}
	l.notYet = now.Add(rest)
	if whole := msg.kind == readNewest || msg.kind == readHere; whole && msg.err == nil {
		l.slow = l.narrowed() && l.byTime() && msg.spent+msg.took > slowRead
	}
}

// failed lets a read be tried again after a while.
func (l *list) failed(err error, now time.Time) {
	l.dirty, l.scanned = true, 0
	l.retryAt = now.Add(time.Second)
	if !l.byTime() && errors.Is(err, webhook.ErrNotFound) {
		l.from, l.above = 0, nil // the event that the window began after is gone
	}
}

// progress is how far a search has come that has not found enough yet.
func (l *list) progress(msg pageMsg) float64 {
	if !msg.more || l.loaded || l.stored <= 0 {
		return 0
	}
	seen := float64(msg.page.Position.Event) - float64(msg.cursor)
	return max(0.01, min(seen/float64(l.stored), 0.99))
}

// withoutFresh leaves out what came just now and is not answered yet; the list asks
// again for it. The position is as if those above all others had not come. When
// so many wait that little else would be left, they are all shown.
func (l *list) withoutFresh(page webhook.Page, now time.Time) webhook.Page {
	young := func(e webhook.Summary) bool {
		age := now.Sub(e.ReceivedAt)
		return age < appearAfter && age > -time.Minute && e.State(now) == webhook.StateForwarding && !l.shows(e.ID)
	}
	l.seen = page.Position.Event
	if page.Next != 0 && len(page.Events)-countOf(page.Events, young) < 2*l.height {
		return page
	}
	at := slices.IndexFunc(page.Events, young)
	if at < 0 {
		return page
	}
	l.unsure = true
	kept := append(make([]webhook.Summary, 0, len(page.Events)), page.Events[:at]...)
	for _, e := range page.Events[at:] {
		switch {
		case !young(e):
			kept = append(kept, e)
		case len(kept) == 0 && l.byTime():
			l.seen, page.Position.Event = e.ID-1, e.ID-1
		default:
			l.seen = min(l.seen, e.ID-1)
		}
	}
	page.Events = kept
	return page
}

// shows reports whether an event has a row: what was shown once stays.
func (l *list) shows(id webhook.ID) bool {
	return slices.ContainsFunc(l.rows, func(e webhook.Summary) bool { return e.ID == id })
}

func countOf(rows []webhook.Summary, is func(webhook.Summary) bool) (n int) {
	for _, e := range rows {
		if is(e) {
			n++
		}
	}
	return n
}

// shift keeps the cursors of a window in another order than time's.
func (l *list) shift(msg pageMsg) {
	if l.byTime() {
		return
	}
	switch n := len(l.above); {
	case msg.kind == readBelow:
		l.above = append(l.above, l.from)
	case msg.kind == readAbove && n > 0:
		l.above = l.above[:n-1]
	}
	l.from = msg.after
}

// see remembers the types of events for completion.
func (l *list) see(rows []webhook.Summary) {
	if l.types == nil {
		l.types = map[string]bool{}
	}
	for _, e := range rows {
		if e.Type != "" && len(e.Type) <= 100 && len(l.types) < typesMost {
			l.types[e.Type] = true
		}
	}
}

// typesMost bounds the types offered for completion; anybody can invent some.
const typesMost = 200

// apply implements result.
func (msg pageMsg) apply(m *model) tea.Cmd {
	l := &m.list
	if msg.gen != l.gen {
		return nil
	}
	m.readErr = msg.err
	l.leftOut.add(msg.page.LeftOut)
	l.apply(msg, m.now)
	if msg.more && msg.err == nil {
		r := msg.request
		r.spent += msg.took
		return l.start(r, m.background, m.feed)
	}
	return nil
}
