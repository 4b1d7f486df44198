package export

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// maxIndent is the depth below which JSON is not indented further: ten
// thousand nested arrays would otherwise be mostly spaces.
const maxIndent = 24

// maxHexDump is how much of a binary body a dump shows.
const maxHexDump = 64 << 10

// Pretty lays a body out for reading, every line made safe by [Clean]: JSON
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
		lines[i] = Clean(strings.TrimSuffix(line, "\r"))
	}
	return strings.Join(lines, "\n")
}

// indent breaks valid JSON into lines without changing any token.
func indent(text []byte) []string {
	lines := make([]string, 0, 64)
	var line []byte
	depth := 0
	flush := func() {
		lines = append(lines, Clean(string(line)))
		line = append(line[:0], strings.Repeat("  ", min(depth, maxIndent))...)
	}
	for i := 0; i < len(text); {
		c := text[i]
		n := tokenLength(text[i:])
		switch c {
		case ' ', '\t', '\r', '\n':
		case '{', '[':
			line = append(line, c)
			if end := closing(text[i+1:]); end > 0 { // {} and [] stay together
				line = append(line, c+2)
				n += end
				break
			}
			depth++
			flush()
		case '}', ']':
			depth--
			flush()
			line = append(line, c)
		case ',':
			line = append(line, c)
			flush()
		case ':':
			line = append(line, ": "...)
		default:
			line = append(line, text[i:i+n]...)
		}
		i += n
	}
	return append(lines, Clean(string(line)))
}

// tokenLength is the length of the JSON token that text begins with.
func tokenLength(text []byte) int {
	switch text[0] {
	case '"':
		for i := 1; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return len(text)
	case ' ', '\t', '\r', '\n', '{', '}', '[', ']', ',', ':':
		return 1
	}
	if n := bytes.IndexAny(text, " \t\r\n{}[],:\""); n > 0 {
		return n
	}
	return len(text)
}

// closing returns the length up to and with a bracket that follows at once,
// 0 if something else does.
func closing(text []byte) int {
	for i, c := range text {
		switch c {
		case ' ', '\t', '\r', '\n':
		case '}', ']':
			return i + 1
		default:
			return 0
		}
	}
	return 0
}
