package export

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/jsjson"
)

// maxIndent is the depth below which JSON is not indented further: ten
// thousand nested arrays would otherwise be mostly spaces.
const maxIndent = 24

// maxHexDump is how much of a binary body a dump shows.
const maxHexDump = 64 << 10

// Pretty lays a body out for reading, every line made safe by [format.Clean]: JSON
// indented, other text as it is, anything else as a hex dump of its beginning.
// Numbers and strings of JSON keep their spelling.
func Pretty(body []byte) string {
	text := bytes.TrimSpace(body)
	switch {
	case len(text) == 0:
		return ""
	case json.Valid(text):
		return strings.Join(indent(text), "\n")
	case !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0:
		return strings.TrimSuffix(hex.Dump(body[:min(len(body), maxHexDump)]), "\n")
	}
	lines := strings.Split(strings.TrimRight(string(body), "\r\n"), "\n")
	for i, line := range lines {
		lines[i] = format.Clean(strings.TrimSuffix(line, "\r"))
	}
	return strings.Join(lines, "\n")
}

// indent breaks valid JSON into lines without changing any token.
func indent(text []byte) []string {
	lines := make([]string, 0, 64)
	var line []byte
	newLine := func(depth int) {
		lines = append(lines, format.Clean(string(line)))
		line = append(line[:0], strings.Repeat("  ", min(depth, maxIndent))...)
	}
	r := jsjson.NewReader(text)
	for last := jsjson.EndOfText; ; {
		depth := r.Depth()
		t, err := r.Next()
		if err != nil || t.Kind == jsjson.EndOfText {
			return append(lines, format.Clean(string(line)))
		}
		begins := last == jsjson.OpenObject || last == jsjson.OpenArray
		ends := t.Kind == jsjson.CloseObject || t.Kind == jsjson.CloseArray
		switch {
		case last == jsjson.EndOfText, begins && ends: // {} and [] stay together
		case last == jsjson.Key:
			line = append(line, ": "...)
		case ends:
			newLine(depth - 1)
		default:
			if !begins {
				line = append(line, ',')
			}
			newLine(depth)
		}
		line = append(line, text[t.Start:t.End]...)
		last = t.Kind
	}
}
