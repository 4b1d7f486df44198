package inspector

import (
	"context"

	"taskhook/webhook"
)

// scanPage is how many events one read of a long way takes.
const scanPage = 1000

// read does what a request asks for. top says that nothing newer than the
// first row was selected.
func (r request) read(ctx context.Context, feed Feed) (page webhook.Page, top bool, err error) {
	switch r.kind {
	case readAbove:
		return r.readAbove(ctx, feed)
	case readOldest:
		page, err = r.readOldest(ctx, feed)
		return page, false, err
	}
	page, err = r.page(ctx, feed, r.cursor, r.limit)
	return page, r.kind == readNewest, err
}

func (r request) page(ctx context.Context, feed Feed, cursor webhook.ID, limit int) (webhook.Page, error) {
	return feed.Page(ctx, webhook.Query{Text: r.text, Cursor: cursor, Limit: limit})
}

// readAbove reads the window that begins a screen above a row. A feed only
// reads downwards: it is asked from ever further up until something is found.
func (r request) readAbove(ctx context.Context, feed Feed) (webhook.Page, bool, error) {
	most := max(1, r.limit/3)
	var newer []webhook.Summary
	var newest webhook.ID
	var top bool
	for step := webhook.ID(most); ; step *= 4 {
		cursor := r.above + step + 1
		var err error
		if newer, newest, err = r.between(ctx, feed, cursor, most); err != nil {
			return webhook.Page{}, false, err
		}
		top = cursor > newest
		if len(newer) > 0 || top {
			break
		}
	}
	page, err := r.page(ctx, feed, r.above+1, r.limit-len(newer))
	page.Events = append(newer, page.Events...)
	page.Position.Event = newest // what came since is news
	return page, top && len(newer) < most, err
}

// between reads the events between a cursor and the row above which r looks,
// of which it keeps the oldest; newest is the newest event when it began.
func (r request) between(ctx context.Context, feed Feed, cursor webhook.ID, most int) (rows []webhook.Summary, newest webhook.ID, err error) {
	for first := true; ; first = false {
		page, err := r.page(ctx, feed, cursor, scanPage)
		if err != nil {
			return nil, 0, err
		}
		if first {
			newest = page.Position.Event
		}
		for _, e := range page.Events {
			if e.ID <= r.above {
				return rows, newest, nil
			}
			rows = keepLast(append(rows, e), most)
		}
		if cursor = page.Next; cursor == 0 {
			return rows, newest, nil
		}
	}
}

// readOldest reads the last window.
func (r request) readOldest(ctx context.Context, feed Feed) (webhook.Page, error) {
	var last webhook.Page
	var rows []webhook.Summary
	for cursor := r.guess; ; cursor = last.Next {
		var err error
		if last, err = r.page(ctx, feed, cursor, scanPage); err != nil {
			return webhook.Page{}, err
		}
		rows = keepLast(append(rows, last.Events...), r.limit)
		if last.Next == 0 {
			break
		}
	}
	if len(rows) == 0 && r.guess != 0 {
		r.guess = 0
		return r.readOldest(ctx, feed)
	}
	last.Events = rows
	return last, nil
}

// keepLast drops rows from the front; append frees them when it next grows.
func keepLast(rows []webhook.Summary, n int) []webhook.Summary {
	return rows[max(0, len(rows)-n):]
}
