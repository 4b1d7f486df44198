package inspector

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// newsMost is how far the news of a narrowed list are counted.
const newsMost = 100

// kind says what a page is read for.
type kind int

const (
	readNewest kind = iota // the first page
	readHere               // the window again
	readBelow              // a window further down
	readAbove              // a window further up
	readOldest             // the last page
	readPeek               // what is new, and the rows there are again
)

// request is one read of the list.
type request struct {
	scope
	kind   kind
	gen    int
	number int        // grows with every request
	cursor webhook.ID // as in webhook.Query
	limit  int
	after  webhook.ID    // the cursor at which the window begins, in another order than time's
	first  webhook.ID    // readAbove: the first row so far; readPeek: up to where all is known, 0: look for nothing new
	have   []webhook.ID  // readAbove, readPeek: the rows so far
	next   webhook.ID    // of these
	held   webhook.ID    // count what came since, see since; 0: do not
	came   int           // how many these were
	spent  time.Duration // on what was found

	// found is what a search came upon before it took too long for one read;
	// nil when it begins.
	found []webhook.Summary
	most  webhook.Position // when it began
}

// read does what a request asks for.
func (r request) read(ctx context.Context, feed Feed) (msg pageMsg) {
	msg.request = r
	switch {
	case r.kind == readAbove && r.byTime():
		msg.page, msg.top, msg.err = r.readAbove(ctx, feed)
	case r.kind == readOldest:
		msg.page, msg.err = r.readOldest(ctx, feed)
	case r.kind == readPeek:
		msg.page, msg.err = r.readPeek(ctx, feed)
		msg.top = r.first != 0
	default:
		r.readPart(ctx, feed, &msg)
		msg.top = r.kind == readNewest
	}
	if msg.err == nil && r.held != 0 && (r.kind == readHere || r.kind == readPeek || r.kind == readAbove) {
		msg.came, msg.err = r.since(ctx, feed)
	}
	return msg
}

// hiddenMost is more than a store keeps of requests that are no webhooks.
const hiddenMost = 2000

// since counts, up to newsMost, the events of a narrowed list that came since
// the person holds it. Of the list of all events, whose numbers tell that, it
// counts what has a number and no row: requests that are no webhooks.
func (r request) since(ctx context.Context, feed Feed) (int, error) {
	most := newsMost
	if !r.narrowed() {
		r.text, most = "state:"+string(webhook.StatePassed), hiddenMost
	}
	page, err := r.newerThan(r.held).page(ctx, feed, 0, most)
	return len(page.Events), err
}

func (r request) page(ctx context.Context, feed Feed, cursor webhook.ID, limit int) (webhook.Page, error) {
	q := r.query()
	q.Cursor, q.Limit = cursor, limit
	return webhook.ReadPage(ctx, feed, q)
}

// newerThan narrows a request down to events after one.
func (r request) newerThan(id webhook.ID) request {
	if r.narrowed() {
		r.text, r.marked = both(fmt.Sprintf("id:%d..", id+1), r.filter()), false
	}
	return r
}

// readPart reads a window, or as much of it as the feed finds in one go.
func (r request) readPart(ctx context.Context, feed Feed, msg *pageMsg) {
	page, err := r.page(ctx, feed, r.cursor, r.limit-len(r.found))
	if err != nil {
		msg.err = err
		return
	}
	if r.found == nil {
		r.most, r.found = page.Position, []webhook.Summary{}
	}
	page.Position = r.most // what came since is news
	page.Events = append(r.found, page.Events...)
	if page.Next != 0 && len(page.Events) < r.limit {
		r.found, r.cursor, msg.more = page.Events, page.Next, true
	}
	msg.request, msg.page = r, page
}

// readPeek reads what is newer than all that is known, and the rows there are.
func (r request) readPeek(ctx context.Context, feed Feed) (webhook.Page, error) {
	var newer []webhook.Summary
	var now webhook.Position
	if r.first != 0 {
		for cursor := webhook.ID(0); ; {
			page, err := r.newerThan(r.first).page(ctx, feed, cursor, r.limit-len(newer))
			if err != nil {
				return page, err
			}
			if cursor == 0 {
				now = page.Position
			}
			newer = append(newer, page.Events...)
			cursor = page.Next
			if len(newer) >= r.limit {
				page.Events, page.Position = newer, now
				return page, nil
			}
			if cursor == 0 {
				break
			}
		}
	}
	page, err := r.again(ctx, feed, newer)
	if r.first != 0 {
		page.Position = now
	}
	return page, err
}

// again reads the rows there are once more, behind those that are newer.
func (r request) again(ctx context.Context, feed Feed, newer []webhook.Summary) (webhook.Page, error) {
	have := r.have
	if r.kind == readPeek && r.first != 0 {
		for len(have) > 0 && have[0] > r.first {
			have = have[1:]
		}
	}
	room := max(0, r.limit-len(newer))
	next := r.next
	if len(have) > room {
		have = have[:room]
		if room > 0 {
			next = have[room-1]
		} else {
			next = newer[len(newer)-1].ID
		}
	}
	if len(have) == 0 { // a query without IDs takes all
		return webhook.Page{Events: newer, Next: next}, nil
	}
	q := r.query()
	q.IDs, q.Limit = have, len(have)
	page, err := webhook.ReadPage(ctx, feed, q)
	if err != nil {
		return page, err
	}
	page.Events = append(newer, page.Events...)
	page.Next = next
	return page, nil
}

// readAbove reads the window that begins a screen above a row.
func (r request) readAbove(ctx context.Context, feed Feed) (page webhook.Page, top bool, err error) {
	above, err := r.upwards(ctx, feed, r.first, max(1, r.limit/3))
	if err != nil {
		return page, false, err
	}
	page, err = r.again(ctx, feed, above.Events)
	page.Position.Event = above.Position.Event // what came since is news
	return page, above.Next == 0, err
}

// readOldest reads the last window.
func (r request) readOldest(ctx context.Context, feed Feed) (webhook.Page, error) {
	page, err := r.upwards(ctx, feed, 0, r.limit)
	page.Next = 0
	return page, err
}

// upwards reads the n events right above one in the order of time, 0: the oldest.
// Next is the last of them if there are more.
func (r request) upwards(ctx context.Context, feed Feed, after webhook.ID, n int) (webhook.Page, error) {
	q := r.query()
	q.Order, q.Cursor = webhook.OrderArrival, after
	var rows []webhook.Summary
	for {
		q.Limit = n - len(rows)
		page, err := webhook.ReadPage(ctx, feed, q)
		if err != nil {
			return page, err
		}
		rows, q.Cursor = append(rows, page.Events...), page.Next
		if q.Cursor == 0 || len(rows) == n {
			slices.Reverse(rows)
			page.Events = rows
			return page, nil
		}
	}
}
