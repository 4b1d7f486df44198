package inspector

import (
	"fmt"
	"strings"

	"taskhook/webhook"
	"taskhook/webhook/export"
)

// addPayload lays out a body: JSON indented, text as text, bytes as a dump.
func (b *lineBuilder) addPayload(body []byte, limit int) {
	text, isJSON, more := export.PrettyLines(body, limit)
	for _, t := range text {
		if b.full() {
			more = true
			break
		}
		if isJSON {
			b.json(t)
		} else {
			b.add(lookPlain, t)
		}
	}
	if more {
		b.add(lookDim, "… there is more")
	}
}

// payloadLines is the Payload tab.
func payloadLines(e webhook.Event, width int) []line {
	b := &lineBuilder{width: width}
	switch {
	case e.NoBody:
		b.add(lookWarn, "The body was too large and is not kept ("+size(e.BodySize)+" announced).")
	case len(e.Body) == 0:
		b.add(lookDim, "No body.")
	default:
		b.addPayload(e.Body, maxLines)
		if b.full() {
			b.add(lookDim, fmt.Sprintf("The whole body: taskhook events show %d --raw", uint64(e.ID)))
		}
	}
	return b.lines
}

// json colours a piece of JSON. The pieces come from export.PrettyLines, so
// a string that a colon follows is a key; anything else at all is harmless.
func (s *styles) json(text string, inside bool) string {
	var b strings.Builder
	b.Grow(len(text) + 64)
	for i := 0; i < len(text); {
		n, p := 1, paint{}
		switch c := text[i]; {
		case inside || c == '"':
			n = stringEnd(text[i:], inside)
			p = s.jsonString
			if strings.HasPrefix(text[i+n:], ":") {
				p = s.jsonKey
			}
			inside = false
		case c == ' ':
		case strings.IndexByte("{}[],:", c) >= 0:
			p = s.jsonPunct
		default:
			if n = strings.IndexAny(text[i:], " {}[],:\""); n <= 0 {
				n = len(text) - i
			}
			p = s.jsonNumber
			if c >= 'a' && c <= 'z' {
				p = s.jsonWord
			}
		}
		b.WriteString(p.on(text[i : i+n]))
		i += n
	}
	return b.String()
}

// stringEnd returns the length of the JSON string at the beginning of text,
// whose opening quote is on an earlier line when inside.
func stringEnd(text string, inside bool) int {
	i := 1
	if inside {
		i = 0
	}
	for ; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}
