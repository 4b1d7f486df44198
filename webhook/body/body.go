// Package body makes bodies readable: what a Content-Encoding compressed is
// decompressed, for people, filters and exports alone. What goes over the wire,
// into the store and under a signature are the bytes as they came.
package body

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook"
)

// Limit is the most that is made of one body, in bytes.
const Limit = 32 << 20

// A small body may grow by any ratio, up to freeGrowth bytes; a larger one by
// maxRatio at most.
const (
	freeGrowth = 1 << 20
	maxRatio   = 100
)

// Text is a body as people read it.
type Text struct {
	// Bytes are the decoded body. Where nothing had to be decoded, or it cannot
	// be, they are the bytes as they came, and are shared with them.
	Bytes []byte
	// Coding names what was decoded as the header does, "gzip" or "gzip, br"; ""
	// if the body came as it is read.
	Coding string
	// Size is the length of the bytes as they came.
	Size int
	// Partial says that Bytes are only the beginning: the rest was not kept, or
	// is beyond what is decoded.
	Partial bool
	// Err says why the bytes could not be decoded.
	Err error
}

// Decoded reports whether Bytes are others than those that came.
func (t Text) Decoded() bool { return t.Coding != "" && t.Err == nil }

// Note says in a few words what was decoded, "gzip, 412 B → 3.1 KiB", or why it
// could not be; "" for a body that came as it is read.
func (t Text) Note() string {
	switch {
	case t.Coding == "":
		return ""
	case t.Err != nil:
		return fmt.Sprintf("%s, %s, shown as it came: %v", format.Clean(t.Coding), format.Bytes(int64(t.Size)), t.Err)
	}
	size := format.Bytes(int64(len(t.Bytes)))
	if t.Partial {
		size = "the first " + size
	}
	return fmt.Sprintf("%s, %s → %s", t.Coding, format.Bytes(int64(t.Size)), size)
}

// OfEvent reads the body of an event.
func OfEvent(e *webhook.Event) Text { return Read(e.Header, e.Body, false) }

// OfRequest reads the body that a request to the app had.
func OfRequest(r *webhook.Request) Text { return Read(r.Header, r.Body, false) }

// OfAnswer reads the body of the app's answer, of which only the beginning may
// be kept.
func OfAnswer(a *webhook.Attempt) Text {
	return Read(a.Header, a.Body, a.BodySize > int64(len(a.Body)))
}

// Read reads a body by its headers. Beginning says that the bytes are only the
// first of those that were sent.
func Read(h http.Header, b []byte, beginning bool) Text {
	t := Text{Bytes: b, Size: len(b), Partial: beginning}
	if len(b) == 0 {
		return t
	}
	codings := Codings(h)
	if len(codings) == 0 {
		return t
	}
	t.Coding = strings.Join(codings, ", ")
	text, partial, err := decode(codings, b, beginning)
	if err != nil {
		t.Err = err
		return t
	}
	t.Bytes, t.Partial = text, partial
	return t
}

// Unpacked returns an event as its sender would have sent it without compressing
// the body, for edits; e is not changed. The text says what was decoded. Where
// the body is not decoded whole the event is e.
func Unpacked(e webhook.Event) (webhook.Event, Text) {
	t := OfEvent(&e)
	if t.Decoded() && !t.Partial {
		e.Body, e.BodySize = t.Bytes, int64(len(t.Bytes))
		e.Header = e.Header.Clone()
		delete(e.Header, "Content-Encoding")
	}
	return e, t
}

// Codings are the codings that a body's sender applied, in their order and in
// lower case, without "identity". Of a body without Content-Encoding there are
// none.
func Codings(h http.Header) []string {
	values := h["Content-Encoding"]
	if len(values) == 0 {
		return nil
	}
	var all []string
	for name := range strings.SplitSeq(strings.Join(values, ","), ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" && name != "identity" {
			all = append(all, name)
		}
	}
	return all
}

// Size is the most that [Read] makes of n bytes.
func Size(n int) int { return min(Limit, max(freeGrowth, maxRatio*n)) }

// lookedAt is how much of a body tells text from what is compressed, in bytes.
const lookedAt = 64

// Plain reports whether a body begins as text, as no compressed one does: its
// headers need not be read to know that it can be searched as it is.
func Plain(b []byte) bool {
	for i := 0; i < min(len(b), lookedAt); {
		if c := b[i]; c < utf8.RuneSelf {
			if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return false
		}
		i += size
	}
	return true
}
