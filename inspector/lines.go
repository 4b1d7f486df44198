package inspector

import (
	"context"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/taskhook/taskhook/format"
)

// look is how a line is painted.
type look uint8

const (
	lookPlain look = iota // of outside text, broken anywhere
	lookText              // of our own words, broken between them
	lookTitle
	lookDim
	lookGood
	lookWarn
	lookBad
	lookField  // "Name: value"
	lookJSON   // a line of JSON
	lookSigned // outside text behind a sign of one cell: "+", "-" or "~"
)

// words reports whether lines of a look are broken between words.
func (l look) words() bool {
	return l != lookPlain && l != lookField && l != lookJSON && l != lookSigned
}

// line is one visible line of our own pages: clean text that fits.
type line struct {
	text string
	look look
}

// lineBuilder wraps texts to lines of one width.
type lineBuilder struct {
	width int
	lines []line
}

func (b *lineBuilder) blank() { b.lines = append(b.lines, line{}) }

// add wraps one clean text.
func (b *lineBuilder) add(l look, text string) {
	for _, piece := range wrap(text, b.width, maxRows, l.words()) {
		b.lines = append(b.lines, line{piece, l})
	}
}

// line paints one line.
func (s *styles) line(l line) string { return s.row(l.text, l.look, false, nil) }

// entry is one line of a page before it is broken to the window's width.
type entry struct {
	text string // clean, of any length
	look look
	kind entryKind

	// Of a line of JSON:
	depth int32
	end   int32 // of an opening one: the entry that closes it
	count int32 // of an opening one: how many values are in it
	at    int32 // offset of the value in the body
}

// entryKind says whether an entry begins or ends something that can be folded.
type entryKind uint8

const (
	entryPlain entryKind = iota
	entryOpens
	entryCloses
)

// strip is a part of an entry that takes one visible line.
type strip struct {
	entry    int32
	from, to int32
	inString bool // JSON: it begins within a string
}

// Bounds of one page; a hostile payload has millions of lines.
const (
	maxEntries = 200_000
	maxRows    = 400_000
	// unwrappedWidth is where even an unwrapped line is broken: to move through
	// one of some megabytes sideways helps nobody.
	unwrappedWidth = 2000
	// lookUpEvery is how much work is done between two looks at the context.
	lookUpEvery = 4096
)

const thereIsMore = "… there is more"

// breaker breaks entries into strips of one width.
type breaker struct {
	width  int
	strips []strip
}

// breakAll breaks entries until ctx ends or there are enough.
func (b *breaker) breakAll(ctx context.Context, entries []entry) (more bool) {
	for i := range entries {
		if i%lookUpEvery == 0 && ctx.Err() != nil {
			return false
		}
		if len(b.strips) >= maxRows {
			return true
		}
		b.entry(ctx, int32(i), &entries[i])
	}
	return false
}

func (b *breaker) entry(ctx context.Context, n int32, e *entry) {
	text, ascii := e.text, isASCII(e.text)
	switch {
	case len(text) <= b.width && ascii:
		b.strips = append(b.strips, strip{n, 0, int32(len(text)), false})
	case e.look.words():
		b.words(n, text)
	default:
		b.hard(ctx, n, e, ascii)
	}
}

// words breaks between words; the spaces there are in no piece.
func (b *breaker) words(n int32, text string) {
	at := 0
	for part := range strings.SplitSeq(ansi.Wrap(text, b.width, ""), "\n") {
		if i := strings.Index(text[at:], part); i >= 0 {
			at += i
		}
		end := min(len(text), at+len(part))
		b.strips = append(b.strips, strip{n, int32(at), int32(end), false})
		at = end
	}
}

// hardChunk is how much of a long line is broken at a time.
const hardChunk = 64 << 10

// hard breaks anywhere between characters.
func (b *breaker) hard(ctx context.Context, n int32, e *entry, ascii bool) {
	text, inString := e.text, false
	for at := 0; at < len(text) && len(b.strips) < maxRows; {
		if ctx.Err() != nil {
			return
		}
		chunk := text[at:clipped(text, at, hardChunk)]
		last := at+len(chunk) == len(text)
		taken := 0
		for taken < len(chunk) {
			size := min(b.width, len(chunk)-taken)
			if !ascii {
				size = cellsEnd(chunk[taken:], b.width)
			}
			// The rest of a chunk goes on in the next.
			if taken+size == len(chunk) && !last && taken > 0 {
				break
			}
			from := at + taken
			b.strips = append(b.strips, strip{n, int32(from), int32(from + size), inString})
			if e.look == lookJSON {
				inString = endsInString(text[from:from+size], inString)
			}
			taken += size
		}
		at += taken
	}
	if text == "" {
		b.strips = append(b.strips, strip{entry: n})
	}
}

// clipped is the end of the part of a text that begins at a place and is not
// much longer than most; it is never within a character.
func clipped(text string, at, most int) int {
	end := at + most
	if end >= len(text) {
		return len(text)
	}
	for end > at+most-8 && text[end]&0xc0 == 0x80 {
		end--
	}
	return end
}

// cellsEnd returns how many bytes of a text take at most some cells, and one
// character at least.
func cellsEnd(text string, cells int) int {
	end, used := 0, 0
	for end < len(text) {
		size, w := 1, 1
		if text[end] >= 0x80 || end+1 < len(text) && text[end+1] >= 0x80 {
			var cluster string
			cluster, w = ansi.FirstGraphemeCluster(text[end:], ansi.GraphemeWidth)
			size = max(1, len(cluster))
		}
		if used+w > cells && end > 0 {
			break
		}
		used += w
		end += size
	}
	return end
}

// endsInString reports whether a string is open at the end of a piece of JSON.
func endsInString(s string, inside bool) bool {
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && inside:
			i++
		case s[i] == '"':
			inside = !inside
		}
	}
	return inside
}

// safe is a text of any origin as an entry may hold it.
func safe(text string) string {
	if text = format.Clean(text); isASCII(text) {
		return text
	}
	return unambiguous(text)
}
