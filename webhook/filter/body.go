package filter

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/taskhook/taskhook/webhook/body"
)

// readBody reads the body as people read it. Of one that begins as text, and
// nearly all do, the event and its Content-Encoding need not be read for that.
func (s *Scan) readBody(load Loader) error {
	b, err := load.Body()
	if err != nil {
		return err
	}
	if !body.Plain(b) {
		e := s.c.event
		if e == nil {
			if e, err = load.Event(); err != nil {
				return err
			}
		}
		b = body.Read(e.Header, b, false).Bytes
	}
	s.c.body.set(b)
	s.c.read = true
	return nil
}

// bodyText is a body as needles look through it.
type bodyText struct {
	raw     []byte // as it reads
	scratch []byte // raw with the escapes of JSON undone, once they are
	undone  bool
}

// holds reports whether a needle stands in the text as it is spelled or, where it
// has escapes, as JSON means it: Zoë stands in Zo\u00eb, and a/b in a\/b.
func (b *bodyText) holds(n *needle) bool {
	if n.match(b.raw) {
		return true
	}
	escape := `\u`
	if n.escapable {
		escape = `\`
	}
	return bytes.Contains(b.raw, []byte(escape)) && n.match(b.unescaped())
}

// holdsOne reports whether one of some needles stands in the text.
func (b *bodyText) holdsOne(needles []*needle) bool {
	for _, n := range needles {
		if b.holds(n) {
			return true
		}
	}
	return false
}

// unescaped undoes the escapes, once for all needles.
func (b *bodyText) unescaped() []byte {
	if !b.undone {
		b.scratch, b.undone = appendUnescaped(b.scratch[:0], b.raw), true
	}
	return b.scratch
}

// maxScratch is how much of the last body's buffer is kept for the next one.
const maxScratch = 1 << 20

// set takes another text.
func (b *bodyText) set(raw []byte) {
	b.raw, b.undone = raw, false
	if cap(b.scratch) > maxScratch {
		b.scratch = nil
	}
}

// appendUnescaped appends a text with the escapes of JSON undone, wherever they
// stand: the text need not be JSON.
func appendUnescaped(dst, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 || i+1 == len(text) {
			return append(dst, text...)
		}
		dst, text = append(dst, text[:i]...), text[i:]
		if plain := strings.IndexByte(`"\/bfnrt`, text[1]); plain >= 0 {
			dst, text = append(dst, "\"\\/\b\f\n\r\t"[plain]), text[2:]
			continue
		}
		r, size := codeUnit(text)
		if size == 0 {
			dst, text = append(dst, '\\'), text[1:]
			continue
		}
		text = text[size:]
		if utf16.IsSurrogate(r) {
			if low, n := codeUnit(text); n > 0 {
				if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
					r, text = pair, text[n:]
				}
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
}

// codeUnit reads \uXXXX at the beginning of a text; the size is 0 where none
// stands.
func codeUnit(text []byte) (r rune, size int) {
	const length = len(`\u0000`)
	if len(text) < length || text[0] != '\\' || text[1] != 'u' {
		return 0, 0
	}
	n, err := strconv.ParseUint(string(text[2:length]), 16, 16)
	if err != nil {
		return 0, 0
	}
	return rune(n), length
}
