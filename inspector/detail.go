package inspector

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/taskhook/taskhook/webhook"
)

// tab is one page of the detail.
type tab int

const (
	tabPayload tab = iota
	tabHeaders
	tabAttempts
	tabSignature
	tabRaw
	tabDiff
	tabCount
)

var tabNames = [tabCount]string{"Payload", "Headers", "Attempts", "Signature", "Raw", "Diff"}

// How the detail reads.
const (
	// detailEvery is how often it follows the newest event; a pane that
	// changes faster cannot be read.
	detailEvery = 300 * time.Millisecond
	// detailAgain is when it tries again after an error.
	detailAgain = time.Second
	// keepCost is how large a page may be that is kept while another tab is open.
	keepCost = 1 << 20
)

// detail shows one event, one tab at a time: a page is read and laid out in
// the background when it is turned to.
type detail struct {
	tab     tab
	panes   [tabCount]pane  // all of one event
	summary webhook.Summary // of that event, when it was last read

	unwrapped bool
	other     [tabCount]bool // the tab's other view is on
	base      int            // which comparison the diff shows
	search    search

	height  int // lines of a tab, its last line included
	want    int // width to lay out for
	loading bool
	reading pageSpec // what is being read
	cancel  context.CancelFunc
	readAt  time.Time
}

// laidOutMsg brings a page.
type laidOutMsg struct {
	page    *page
	summary webhook.Summary
}

func (d *detail) pane() *pane { return &d.panes[d.tab] }

// spec is the page that should be shown of an event.
func (d *detail) spec(e webhook.Summary, now time.Time) pageSpec {
	s := pageSpec{id: e.ID, tab: d.tab, width: d.want, unwrapped: d.unwrapped, other: d.other[d.tab]}
	switch d.tab {
	case tabAttempts:
		s.attempts, s.answer, s.state, s.again = e.Attempts, e.Answer.Status, e.State(now), e.RedeliveredAs
	case tabDiff:
		s.attempts, s.base = e.Attempts, d.base
	}
	return s
}

// due reports whether a page has to be read.
func (d *detail) due(s pageSpec, now time.Time, follow bool) bool {
	p, ago := d.pane().page, now.Sub(d.readAt)
	switch {
	case d.want <= 0:
		return false
	case d.loading:
		// What follows the newest would never come to an end that way.
		if !follow && d.reading != s {
			d.cancel()
		}
		return false
	case follow && d.summary.ID != s.id && ago < detailEvery:
		return false
	case p == nil || p.spec != s:
		return true
	}
	return p.err != nil && ago >= detailAgain
}

// detailReads starts what the detail needs and what is not under way.
func (m *model) detailReads() tea.Cmd {
	d := &m.detail
	e, ok := m.selection()
	if !ok || !m.detailShown() {
		return nil
	}
	if s := d.spec(e, m.now); d.due(s, m.now, m.list.follow) {
		return m.layOut(s, e)
	}
	if p := d.pane().page; d.search.due(p) {
		return d.search.start(p, m.background)
	}
	return nil
}

// layOut reads and lays out a page.
func (m *model) layOut(s pageSpec, e webhook.Summary) tea.Cmd {
	ctx, cancel := context.WithCancel(m.background.ctx)
	d := &m.detail
	d.loading, d.reading, d.readAt, d.cancel = true, s, m.now, cancel
	r := &reading{spec: s, summary: e, feed: m.feed, policy: m.opts.Policy, now: m.now, loc: m.loc}
	return m.background.do(func(context.Context) tea.Msg {
		defer cancel()
		return laidOutMsg{r.page(ctx), e}
	})
}

// apply implements result.
//
//nolint:unparam // as the interface wants it
func (msg laidOutMsg) apply(m *model) tea.Cmd {
	d, p := &m.detail, msg.page
	d.loading = false
	if errors.Is(p.err, context.Canceled) {
		return nil
	}
	if p.spec.id != d.summary.ID {
		d.panes, d.base = [tabCount]pane{}, 0
	}
	d.summary = msg.summary
	d.panes[p.spec.tab].take(p, d.rowsHeight())
	d.forget()
	return nil
}

// forget drops the large pages of tabs that are not open.
func (d *detail) forget() {
	for i := range d.panes {
		if p := d.panes[i].page; tab(i) != d.tab && p != nil && p.cost > keepCost {
			d.panes[i] = pane{}
		}
	}
	if d.search.page != d.pane().page {
		d.search.page, d.search.matches = nil, nil
	}
}

// scroll moves what is visible of the open tab.
func (d *detail) scroll(by int) { d.pane().scroll(by, d.rowsHeight()) }

func (d *detail) move(by int) { d.pane().move(by, d.rowsHeight()) }

// turn goes some tabs on.
func (d *detail) turn(by int) { d.turnTo((d.tab + tab(by) + tabCount) % tabCount) }

func (d *detail) turnTo(t tab) {
	if t != d.tab {
		d.tab = t
		d.search.at = 0
		d.forget()
		d.scroll(0)
	}
}

// rowsHeight is how many rows of a page there is room for.
func (d *detail) rowsHeight() int {
	if d.hasFoot() {
		return max(1, d.height-1)
	}
	return max(1, d.height)
}

// hasFoot reports whether a line below the page says more about it.
func (d *detail) hasFoot() bool {
	p := d.pane().page
	return d.height > 3 && p != nil && p.err == nil && (p.json || p.note != "" || d.search.text != "")
}

// subject is the event that the detail is about: the selected one or, while
// the newest changes faster than a person reads, the one read last.
func (m *model) subject() (webhook.Summary, bool) {
	e, ok := m.selection()
	last := m.detail.summary
	if !ok || !m.list.follow || last.ID == 0 || last.ID == e.ID {
		return e, ok
	}
	if i := m.list.indexOf(last.ID); m.list.rows[i].ID == last.ID {
		return m.list.rows[i], true
	}
	return last, true
}
