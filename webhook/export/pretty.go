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
	lines := make([]string, 0, 64)
	layOut(body, func(line string) bool {
		lines = append(lines, line)
		return true
	})
	return strings.Join(lines, "\n")
}

// PrettyLines is [Pretty] line by line, at most limit of them; more says that
// some were left out, isJSON that the body is JSON.
func PrettyLines(body []byte, limit int) (lines []string, isJSON, more bool) {
	isJSON = layOut(body, func(line string) bool {
		if more = len(lines) == limit; more {
			return false
		}
		lines = append(lines, line)
		return true
	})
	return lines, isJSON, more
}

// layOut calls emit for each line until it returns false, and reports whether
// the body is JSON.
func layOut(body []byte, emit func(line string) bool) bool {
	text := bytes.TrimSpace(body)
	switch {
	case len(text) == 0:
		return false
	case json.Valid(text):
		indent(text, emit)
		return true
	case !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0:
		dump := hex.Dump(body[:min(len(body), maxHexDump)])
		emitLines(strings.TrimSuffix(dump, "\n"), emit)
		return false
	}
	emitLines(strings.TrimRight(string(body), "\r\n"), emit)
	return false
}

func emitLines(text string, emit func(string) bool) {
	for line := range strings.SplitSeq(text, "\n") {
		if !emit(Clean(strings.TrimSuffix(line, "\r"))) {
			return
		}
	}
}

// indent breaks valid JSON into lines without changing any token.
func indent(text []byte, emit func(string) bool) {
	var line []byte
	depth := 0
	flush := func() bool {
		ok := emit(Clean(string(line)))
		line = append(line[:0], strings.Repeat("  ", min(depth, maxIndent))...)
		return ok
	}
	for i := 0; i < len(text); {
		c := text[i]
		n := tokenLength(text[i:])
		ok := true
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
			ok = flush()
		case '}', ']':
			depth--
			ok = flush()
			line = append(line, c)
		case ',':
			line = append(line, c)
			ok = flush()
		case ':':
			line = append(line, ": "...)
		default:
			line = append(line, text[i:i+n]...)
		}
		if !ok {
			return
		}
		i += n
	}
	emit(Clean(string(line)))
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
