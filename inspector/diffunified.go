package inspector

import (
	"fmt"
	"strings"

	udiff "github.com/aymanbagabas/go-udiff"
)

// Bounds of a unified comparison.
const (
	maxDiffLines = 100_000 // of each side
	diffContext  = 3
)

// unified compares two sides line by line, bodies laid out.
func (b *pageBuilder) unified(one, two side) {
	before, moreOne := b.sideText(one)
	after, moreTwo := b.sideText(two)
	if b.ctx.Err() != nil {
		return
	}
	// Edits are consistent with the text that they are of: there is no error.
	d, err := udiff.ToUnifiedDiff("", "", before, udiff.Lines(before, after), diffContext)
	if err != nil {
		b.add(lookBad, err.Error())
		return
	}
	for _, h := range d.Hunks {
		if b.full() {
			break
		}
		b.hunk(h)
	}
	if moreOne || moreTwo || b.full() {
		b.more()
	}
}

// sideText is a side as lines, each with its end.
func (b *pageBuilder) sideText(s side) (text string, more bool) {
	inner := &pageBuilder{ctx: b.ctx, page: &page{spec: b.spec}}
	inner.body(s.body, maxDiffLines)
	var t strings.Builder
	for _, l := range s.head {
		t.WriteString(safe(l))
		t.WriteByte('\n')
	}
	if s.head != nil {
		t.WriteByte('\n')
	}
	for _, e := range inner.entries {
		t.WriteString(e.text)
		t.WriteByte('\n')
	}
	return t.String(), len(inner.entries) > maxDiffLines
}

func (b *pageBuilder) hunk(h *udiff.Hunk) {
	var was, now int
	for _, l := range h.Lines {
		if l.Kind != udiff.Insert {
			was++
		}
		if l.Kind != udiff.Delete {
			now++
		}
	}
	from, to := h.FromLine, h.ToLine
	if was == 0 {
		from-- // after which line
	}
	if now == 0 {
		to--
	}
	b.add(lookDim, fmt.Sprintf("@@ -%d,%d +%d,%d @@", from, was, to, now))
	for i := 0; i < len(h.Lines); {
		gone, come := 0, 0
		for i+gone < len(h.Lines) && h.Lines[i+gone].Kind == udiff.Delete {
			gone++
		}
		for i+gone+come < len(h.Lines) && h.Lines[i+gone+come].Kind == udiff.Insert {
			come++
		}
		if gone+come == 0 {
			b.add(lookSigned, "  "+brieflySpelled([]byte(lineText(h.Lines[i]))))
			i++
			continue
		}
		b.replaced(h.Lines[i:i+gone], h.Lines[i+gone:i+gone+come])
		i += gone + come
	}
}

// replaced adds lines that went and those that came in their place. Of long
// ones only what differs is shown.
func (b *pageBuilder) replaced(gone, come []udiff.Line) {
	was, now := make([]string, len(gone)), make([]string, len(come))
	for i, l := range gone {
		was[i] = lineText(l)
	}
	for i, l := range come {
		now[i] = lineText(l)
	}
	for i := range min(len(was), len(now)) {
		x, y := parting([]byte(was[i]), []byte(now[i]))
		was[i], now[i] = string(x), string(y)
	}
	for _, l := range was {
		b.add(lookSigned, "- "+brieflySpelled([]byte(l)))
	}
	for _, l := range now {
		b.add(lookSigned, "+ "+brieflySpelled([]byte(l)))
	}
}

func lineText(l udiff.Line) string { return strings.TrimSuffix(l.Content, "\n") }
