package inspector

import (
	"sort"
	"strconv"
	"strings"
)

// pane is a page with what the person has done to it.
type pane struct {
	page   *page
	folded []bool  // by entry; nil: nothing is folded
	shown  []int32 // the rows that no fold hides; nil: all
	cursor int     // which visible row, where the page has a cursor
	offset int     // the first visible row
	left   int     // cells hidden at the left
	path   string  // of the value under the cursor
	pathAt int     // the entry that path is of, -1: none
}

// foldBeyond is how many lines of JSON are shown unfolded at first.
const foldBeyond = 2000

// take replaces the page. What was done to the one before is kept as far as
// it makes sense for this one.
func (v *pane) take(p *page, height int) {
	old := *v
	*v = pane{page: p, pathAt: -1}
	switch {
	case !p.json:
	case old.page != nil && old.page.json && len(old.page.entries) == len(p.entries):
		v.folded = old.folded
	case len(p.entries) > foldBeyond:
		v.foldAll()
	}
	v.filter()
	if old.page != nil && old.page.spec.other == p.spec.other && old.page.spec.base == p.spec.base {
		v.left = old.left
		v.offset = v.rowOf(old.entryAt(old.offset))
		v.cursor = v.rowOf(old.entryAt(old.cursor))
	}
	v.clamp(height)
}

// count is how many rows can be seen.
func (v *pane) count() int {
	switch {
	case v.page == nil:
		return 0
	case v.shown != nil:
		return len(v.shown)
	}
	return v.page.rows()
}

// row is the page's row at a visible one.
func (v *pane) row(i int) int {
	if v.shown != nil {
		return int(v.shown[i])
	}
	return i
}

// entryAt returns the entry at a visible row.
func (v *pane) entryAt(i int) int {
	if i < 0 || i >= v.count() {
		return 0
	}
	return v.page.entryOf(v.row(i))
}

// rowOf returns the first visible row of an entry, or of the next.
func (v *pane) rowOf(e int) int {
	return sort.Search(v.count(), func(i int) bool { return v.entryAt(i) >= e })
}

// clamp keeps everything within bounds.
func (v *pane) clamp(height int) {
	n := v.count()
	if v.page != nil && v.page.json && n > 0 {
		v.cursor = max(0, min(v.cursor, n-1))
		v.offset = max(min(v.offset, v.cursor), v.cursor-height+1)
		if e := v.entryAt(v.cursor); e != v.pathAt {
			v.path, v.pathAt = v.page.path(e), e
		}
	}
	v.offset = max(0, min(v.offset, n-height))
}

// move moves the cursor or, without one, what is visible.
func (v *pane) move(by, height int) {
	switch {
	case v.page == nil:
		return
	case v.page.json:
		v.cursor += by
	default:
		v.offset += by
	}
	v.clamp(height)
}

// scroll moves what is visible; a cursor stays on the screen.
func (v *pane) scroll(by, height int) {
	v.offset = max(0, min(v.offset+by, v.count()-height))
	v.cursor = max(v.offset, min(v.cursor, v.offset+height-1))
	v.clamp(height)
}

// filter finds out anew which rows the folds hide.
func (v *pane) filter() {
	v.shown = nil
	if v.folded == nil {
		return
	}
	p := v.page
	v.shown = make([]int32, 0, len(p.strips))
	for i := 0; i < len(p.strips); {
		e := p.strips[i].entry
		v.shown = append(v.shown, int32(i))
		i++
		if !v.folded[e] {
			continue
		}
		for i < len(p.strips) && p.strips[i].entry <= p.entries[e].end {
			if p.strips[i].entry == e {
				v.shown = append(v.shown, int32(i))
			}
			i++
		}
	}
}

// toggle folds or unfolds what the cursor is on or in.
func (v *pane) toggle(height int) {
	if v.page == nil || !v.page.json || v.count() == 0 {
		return
	}
	e := v.page.container(v.entryAt(v.cursor))
	if e < 0 {
		return
	}
	if v.folded == nil {
		v.folded = make([]bool, len(v.page.entries))
	}
	v.folded[e] = !v.folded[e]
	v.filter()
	v.cursor = v.rowOf(e)
	v.clamp(height)
}

// toggleAll unfolds everything or, if nothing is folded, folds all but the
// outermost.
func (v *pane) toggleAll(height int) {
	if v.page == nil || !v.page.json {
		return
	}
	at := v.entryAt(v.cursor)
	if v.anyFolded() {
		v.folded = nil
	} else {
		v.foldAll()
		at = v.outermost(at)
	}
	v.filter()
	v.cursor = v.rowOf(at)
	v.clamp(height)
}

func (v *pane) anyFolded() bool {
	for _, f := range v.folded {
		if f {
			return true
		}
	}
	return false
}

func (v *pane) foldAll() {
	v.folded = make([]bool, len(v.page.entries))
	for i, e := range v.page.entries {
		v.folded[i] = e.kind == entryOpens && e.depth > 0
	}
}

// outermost is the folded entry that hides another one, or that one itself.
func (v *pane) outermost(e int) int {
	for i := range v.page.entries[:e] {
		if v.folded[i] && int(v.page.entries[i].end) >= e {
			return i
		}
	}
	return e
}

// reveal unfolds what hides an entry and brings it on the screen.
func (v *pane) reveal(e, from, height int) {
	if v.folded != nil {
		changed := false
		for i := range min(e, len(v.folded)) {
			if v.folded[i] && int(v.page.entries[i].end) >= e {
				v.folded[i], changed = false, true
			}
		}
		if changed {
			v.filter()
		}
	}
	row := v.rowOf(e)
	for row+1 < v.count() && v.entryAt(row+1) == e && v.page.row(v.row(row+1)).from <= from {
		row++
	}
	v.cursor = row
	if row < v.offset || row >= v.offset+height {
		v.offset = row - height/2
	}
	v.clamp(height)
}

// foldText is what stands behind a folded line.
func (v *pane) foldText(e int) string {
	if v.folded == nil || !v.folded[e] {
		return ""
	}
	open := &v.page.entries[e]
	what := "item"
	if strings.HasSuffix(open.text, "{") {
		what = "key"
	}
	if open.count != 1 {
		what += "s"
	}
	closing := strings.TrimLeft(v.page.entries[open.end].text, " ")
	return "…" + closing + " " + strconv.Itoa(int(open.count)) + " " + what
}
