package jsjson

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/encoding/unicode"
)

// appendQuoted writes a JSON string, given with its quotes, as JavaScript
// would after reading it. Two strings are equal in JavaScript if and only if
// they are written the same.
func appendQuoted(dst, raw []byte) []byte {
	dst = append(dst, '"')
	rest := decoded(raw[1 : len(raw)-1])
	for {
		n := bytes.IndexByte(rest, '\\')
		if n < 0 {
			return append(append(dst, rest...), '"')
		}
		dst, rest = appendEscape(append(dst, rest[:n]...), rest[n:])
	}
}

// appendEscape writes one escape, or the two of a surrogate pair, and returns
// the rest. Half of a surrogate pair stays escaped.
func appendEscape(dst, b []byte) (written, rest []byte) {
	switch b[1] {
	case 'u':
	case '/':
		return append(dst, '/'), b[2:]
	default:
		return append(dst, b[:2]...), b[2:]
	}
	r := codeUnit(b)
	b = b[6:]
	if !utf16.IsSurrogate(r) {
		quoted := Quote(string(r))
		return append(dst, quoted[1:len(quoted)-1]...), b
	}
	if len(b) >= 6 && b[0] == '\\' && b[1] == 'u' {
		if pair := utf16.DecodeRune(r, codeUnit(b)); pair != utf8.RuneError {
			return utf8.AppendRune(dst, pair), b[6:]
		}
	}
	return fmt.Appendf(dst, `\u%04x`, r), b
}

// codeUnit reads the four digits of \uXXXX.
func codeUnit(b []byte) rune {
	r, _ := strconv.ParseUint(string(b[2:6]), 16, 16) // the reader has checked them
	return rune(r)
}

// decoded replaces what is not UTF-8 by U+FFFD as the Encoding Standard has it,
// which Buffer.toString and TextDecoder follow: one for as many bytes as could
// have begun a character. Go replaces each byte.
func decoded(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	text, _ := unicode.UTF8.NewDecoder().Bytes(b) // has no errors
	return text
}

// Quote returns a text as JSON.stringify writes it. What is not UTF-8 becomes
// U+FFFD.
func Quote(s string) []byte {
	quoted, _ := jsontext.AppendQuote(nil, decoded([]byte(s))) // the error is for what is not UTF-8
	return quoted
}

// Unquote returns what a JSON string, given with its quotes, stands for. What
// is not UTF-8, and half of a surrogate pair, becomes U+FFFD. The result is a
// part of the string where it can be.
func Unquote(quoted []byte) []byte {
	inner := quoted[1 : len(quoted)-1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return inner
	}
	s, _ := jsontext.AppendUnquote(nil, quoted) // the error is only for what is replaced
	return s
}
