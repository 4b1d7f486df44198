package inspector

import (
	"bytes"
	"cmp"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/body"
)

// payload is the Payload tab: JSON that folds, other text, or bytes.
func (r *reading) payload(b *pageBuilder) error {
	e, err := r.event(b.ctx)
	if err != nil || b.noBody(e) {
		return err
	}
	text := body.OfEvent(&e)
	kind := body.Kind(nil, text.Bytes)
	b.note = text.Note()
	syntax := jsjson.Check(text.Bytes)
	switch {
	case syntax == nil:
		b.json = true
		var more bool
		b.entries, more = jsonEntries(b.ctx, text.Bytes, maxEntries, b.spec.width)
		b.note = cmp.Or(b.note, kind)
		if more {
			b.note = thereIsMore + ": taskhook events show " + strconv.FormatUint(uint64(e.ID), 10) + " --raw"
		}
		return nil
	case binary(text.Bytes):
		b.dump = text.Bytes
		b.note = cmp.Or(b.note, kind+", "+format.Bytes(int64(len(text.Bytes))))
		return nil
	case meantAsJSON(e.Header, text.Bytes) && !text.Partial:
		b.notJSON(text.Bytes, kind, syntax)
	}
	b.text(text.Bytes, maxEntries)
	return nil
}

// noBody says why there is no body, if there is none.
func (b *pageBuilder) noBody(e webhook.Event) bool {
	switch {
	case e.NoBody && e.Decision == webhook.RejectedMalformed:
		b.add(lookWarn, "No body was read: "+e.Answer.Reason+".")
	case e.NoBody:
		b.add(lookWarn, "The body was too large and is not kept (announced size: "+format.Bytes(e.BodySize)+").")
	case len(e.Body) == 0:
		b.add(lookDim, "No body.")
	default:
		return false
	}
	return true
}

// meantAsJSON reports whether a body that is not JSON should have been.
func meantAsJSON(h http.Header, text []byte) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json")) {
		return true
	}
	text = bytes.TrimSpace(text)
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
}

func binary(body []byte) bool {
	return !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0
}

// text adds a text line by line, at most limit of them.
func (b *pageBuilder) text(body []byte, limit int) {
	body = bytes.TrimRight(body, "\r\n")
	n := 0
	for l := range bytes.SplitSeq(body, []byte("\n")) {
		if n++; n > limit || b.full() || n%lookUpEvery == 0 && b.ctx.Err() != nil {
			b.more()
			return
		}
		b.add(lookPlain, string(bytes.TrimSuffix(l, []byte("\r"))))
	}
}

// more says that something was left out, also where there is no room left.
func (b *pageBuilder) more() {
	if b.full() {
		b.entries = b.entries[:maxEntries-1]
	}
	b.add(lookDim, thereIsMore)
}

// partMost is how long one line of a body may be that is only a part of a page.
const partMost = 16 << 10

// part adds a body as a part of a page, with its long lines cut, and before it
// what was decoded.
func (b *pageBuilder) part(text body.Text, limit int) {
	if note := text.Note(); note != "" {
		b.add(lookDim, note)
	}
	from := len(b.entries)
	b.body(text.Bytes, limit)
	for i := from; i < len(b.entries); i++ {
		e := &b.entries[i]
		if len(e.text) > partMost {
			e.text = e.text[:clipped(e.text, 0, partMost)] + "… (" + format.Bytes(int64(len(e.text))) + ")"
		}
	}
}

// body adds a body as JSON indented, text as text, bytes as a dump; at most
// limit lines.
func (b *pageBuilder) body(body []byte, limit int) {
	switch {
	case len(body) == 0:
	case jsjson.Check(body) == nil:
		entries, more := jsonEntries(b.ctx, body, min(limit, maxEntries-len(b.entries)), b.spec.width)
		for i := range entries {
			entries[i].kind = entryPlain // it is not the page's own JSON
		}
		b.entries = append(b.entries, entries...)
		if more {
			b.more()
		}
	case binary(body):
		per := dumpPerRow(b.spec.width)
		for at := 0; at < len(body); at += per {
			if at/per >= limit || b.full() {
				b.more()
				return
			}
			b.add(lookPlain, dumpLine(body, at, per))
		}
	default:
		b.text(body, limit)
	}
}

// notJSON says what a body is that should have been JSON, or where it stops
// being JSON.
func (b *pageBuilder) notJSON(text []byte, kind string, err error) {
	if body.BeginsAsJSON(text) {
		b.syntaxError(text, err)
		return
	}
	b.add(lookBad, signBad+" this is "+kind)
	b.blank()
}

// syntaxError says why a body is not JSON, and shows the place.
func (b *pageBuilder) syntaxError(body []byte, err error) {
	var e *jsjson.SyntaxError
	if !errors.As(err, &e) {
		b.add(lookBad, signBad+" not JSON: "+err.Error())
		return
	}
	b.add(lookBad, signBad+" not JSON, line "+format.Count(e.Line)+", column "+format.Count(e.Column)+": "+e.Reason)
	text, caret := around(body, e.Offset, b.spec.width)
	b.add(lookPlain, text)
	b.add(lookBad, spaces(caret)+"^")
	b.blank()
}

// around is the part of a line that a place of a body is in, and how many
// cells are before that place.
func around(body []byte, at, width int) (text string, before int) {
	at = max(0, min(at, len(body)))
	most := max(8, width/2)
	from, to := at, at
	for from > 0 && at-from < most && body[from-1] != '\n' {
		from--
	}
	for to < len(body) && to-at < most-2 && body[to] != '\n' {
		to++
	}
	for from < at && !utf8.RuneStart(body[from]) {
		from++
	}
	for to > at && to < len(body) && !utf8.RuneStart(body[to]) {
		to--
	}
	lead, rest := safe(string(body[from:at])), safe(string(body[at:to]))
	return lead + rest, ansi.StringWidth(lead)
}
