package format

import (
	"fmt"
	"strings"
)

// ShellQuote writes a word for a POSIX shell. Bytes that must not reach a terminal
// are spelled by printf, which every such shell has.
func ShellQuote(s string) string {
	switch {
	case s != "" && strings.IndexFunc(s, needsQuotes) < 0:
		return s
	case Printable(s):
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	var b strings.Builder
	for i := range len(s) {
		octal(&b, s[i])
	}
	return `"$(printf '` + b.String() + `')"`
}

// octal spells one byte for printf's format.
func octal(b *strings.Builder, c byte) {
	if c < ' ' || c >= 0x7f || strings.IndexByte(`'\%!`, c) >= 0 {
		_, _ = fmt.Fprintf(b, `\%03o`, c)
		return
	}
	b.WriteByte(c)
}

func needsQuotes(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		return false
	}
	return !strings.ContainsRune("_@%+=:,./-", r)
}
