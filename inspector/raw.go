package inspector

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/taskhook/taskhook/format"
)

// raw is the Raw tab: the bytes as received, as text or in hexadecimal.
func (r *reading) raw(b *pageBuilder) error {
	e, err := r.event(b.ctx)
	if err != nil || b.noBody(e) {
		return err
	}
	b.note = format.Bytes(int64(len(e.Body)))
	// The other view is text for what is hardly text, and else the dump.
	if hardlyText := binary(e.Body) && !textual(e.Body); b.spec.other != hardlyText {
		b.dump = e.Body
		return nil
	}
	n := 0
	for l := range bytes.SplitAfterSeq(e.Body, []byte("\n")) {
		if n++; b.full() || n%lookUpEvery == 0 && b.ctx.Err() != nil {
			b.more()
			break
		}
		b.add(lookPlain, pictured(bytes.TrimSuffix(l, []byte("\n"))))
	}
	return nil
}

// textual reports whether most of the beginning of some bytes reads as text,
// whatever else is in them.
func textual(body []byte) bool {
	const enough = 4 << 10
	head := body[:min(len(body), enough)]
	odd := 0
	for i := 0; i < len(head); {
		r, size := utf8.DecodeRune(head[i:])
		if r == utf8.RuneError || r < ' ' && r != '\n' && r != '\r' && r != '\t' {
			odd++
		}
		i += size
	}
	return odd*10 < len(head)
}

// pictured makes every byte of a line seen: a picture for each control
// character, U+FFFD for what is not text or would act.
func pictured(line []byte) string {
	if !oddBytes(line) {
		return string(line)
	}
	var b strings.Builder
	b.Grow(len(line) + 64)
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRune(line[i:])
		switch {
		case r < ' ':
			b.WriteRune(0x2400 + r)
		case r == 0x7f:
			b.WriteRune(0x2421)
		case steers(r):
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

// steers reports whether a character would be left out of a text made safe. Most
// are known not to be without a try.
func steers(r rune) bool {
	switch {
	case r < 0x80, r > 0x9f && r < 0x600, r > 0x2100 && r < 0xfe00, r > 0xffff:
		return false
	}
	return format.Clean(string(r)) != string(r)
}

func oddBytes(line []byte) bool {
	for _, c := range line {
		if c < ' ' || c >= 0x7f {
			return true
		}
	}
	return false
}

// dumpPerRow is how many bytes a line of a dump has in a window of some width:
// the offset, two digits a byte, and the text.
func dumpPerRow(width int) int {
	for _, n := range []int{32, 16, 8} {
		if dumpText(n)+n <= width {
			return n
		}
	}
	return 4
}

// dumpText is the column at which a line's text begins.
func dumpText(perRow int) int { return 8 + 2 + 3*perRow + perRow/8 + 1 }

const hexDigits = "0123456789abcdef"

// dumpLine is the line of a dump at an offset.
func dumpLine(body []byte, at, perRow int) string {
	row := body[at:min(len(body), at+perRow)]
	line := make([]byte, 0, dumpText(perRow)+perRow)
	for shift := 28; shift >= 0; shift -= 4 {
		line = append(line, hexDigits[at>>shift&15])
	}
	line = append(line, "  "...)
	for i := range perRow {
		if i > 0 && i%8 == 0 {
			line = append(line, ' ')
		}
		if i < len(row) {
			line = append(line, hexDigits[row[i]>>4], hexDigits[row[i]&15], ' ')
		} else {
			line = append(line, "   "...)
		}
	}
	for len(line) < dumpText(perRow) {
		line = append(line, ' ')
	}
	for _, c := range row {
		if c < ' ' || c >= 0x7f {
			c = '.'
		}
		line = append(line, c)
	}
	return string(line)
}
