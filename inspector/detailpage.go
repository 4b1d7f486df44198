package inspector

import (
	"context"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/webhook"
)

// pageSpec is everything that decides how a page looks: two pages with the
// same one are the same.
type pageSpec struct {
	id        webhook.ID
	tab       tab
	width     int
	unwrapped bool
	other     bool // the tab's other view
	base      int  // of the diff
	// What the page depends on and that may change:
	attempts int
	answer   int
	state    webhook.State
	again    webhook.ID
}

// page is one tab of one event, laid out. It never changes.
type page struct {
	spec    pageSpec
	entries []entry
	strips  []strip
	json    bool // the entries are JSON: they fold, and have a cursor
	// dump is shown as hexadecimal, perRow bytes a line, in place of entries.
	dump   []byte
	perRow int
	note   string // about the whole page, for its last line
	bases  int    // how many comparisons the diff has
	base   int    // which of them this is
	err    error
	cost   int // bytes it holds, about
	widest int // cells of the longest row, where it is not wrapped
}

// reading is what a page is made of. It works in the background.
type reading struct {
	spec    pageSpec
	summary webhook.Summary
	feed    Feed
	policy  retry.Policy
	now     time.Time
	loc     *time.Location
}

// page reads and lays out.
func (r *reading) page(ctx context.Context) *page {
	b := &pageBuilder{ctx: ctx, page: &page{spec: r.spec}}
	switch r.spec.tab {
	case tabPayload:
		b.err = r.payload(b)
	case tabHeaders:
		b.err = r.headers(b)
	case tabAttempts:
		b.err = r.attempts(b)
	case tabSignature:
		b.err = r.signature(b)
	case tabRaw:
		b.err = r.raw(b)
	case tabDiff:
		b.err = r.diff(b)
	}
	return b.finish()
}

// event reads the event with its payload.
func (r *reading) event(ctx context.Context) (webhook.Event, error) {
	record, err := webhook.ReadRecord(ctx, r.feed, r.spec.id, webhook.Parts{Payload: true})
	return record.Event, err
}

// pageBuilder collects the entries of a page.
type pageBuilder struct {
	*page
	ctx context.Context
}

func (b *pageBuilder) full() bool { return len(b.entries) >= maxEntries }

func (b *pageBuilder) blank() { b.add(lookPlain, "") }

// add appends a text of any origin as one entry.
func (b *pageBuilder) add(l look, text string) {
	if !b.full() {
		b.entries = append(b.entries, entry{text: safe(text), look: l})
	}
}

// finish breaks the entries to the page's width.
func (b *pageBuilder) finish() *page {
	p := b.page
	if b.ctx.Err() != nil {
		p.err = b.ctx.Err()
	}
	if p.err != nil {
		return &page{spec: p.spec, err: p.err}
	}
	if p.dump != nil {
		p.perRow = dumpPerRow(p.spec.width)
		p.cost = len(p.dump)
		return p
	}
	width := max(1, p.spec.width)
	if p.json {
		width = max(1, width-1) // the cursor's column
	}
	if p.spec.unwrapped {
		width = unwrappedWidth
	}
	br := breaker{width: width, strips: make([]strip, 0, len(p.entries))}
	if br.breakAll(b.ctx, p.entries) {
		p.note = thereIsMore
	}
	if err := b.ctx.Err(); err != nil {
		return &page{spec: p.spec, err: err}
	}
	p.strips = br.strips
	const entrySize, pieceSize = 48, 16
	p.cost = entrySize*cap(p.entries) + pieceSize*cap(p.strips)
	for i := range p.entries {
		p.cost += len(p.entries[i].text)
	}
	if p.spec.unwrapped {
		for _, s := range p.strips {
			p.widest = max(p.widest, ansi.StringWidth(p.entries[s.entry].text[s.from:s.to]))
		}
	}
	return p
}

// rows is how many lines the page has.
func (p *page) rows() int {
	if p.dump != nil {
		return (len(p.dump) + p.perRow - 1) / p.perRow
	}
	return len(p.strips)
}

// visible is one line of a page as it is drawn.
type visible struct {
	text     string
	look     look
	entry    int // which entry it is of; of a dump, the line itself
	from     int // where in the entry it begins
	last     bool
	inString bool
}

// row returns a line of the page.
func (p *page) row(i int) visible {
	if p.dump != nil {
		text := dumpLine(p.dump, i*p.perRow, p.perRow)
		return visible{text: text, entry: i, last: true}
	}
	pc := p.strips[i]
	e := &p.entries[pc.entry]
	return visible{
		text: e.text[pc.from:pc.to], look: e.look, entry: int(pc.entry), from: int(pc.from),
		last: i+1 == len(p.strips) || p.strips[i+1].entry != pc.entry, inString: pc.inString,
	}
}

// entryOf returns the entry of a line.
func (p *page) entryOf(row int) int {
	if p.dump != nil {
		return row
	}
	if row >= len(p.strips) {
		return 0
	}
	return int(p.strips[row].entry)
}
