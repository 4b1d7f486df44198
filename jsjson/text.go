package jsjson

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

const hexDigits = "0123456789abcdef"

// appendQuoted writes a JSON string, given with its quotes, as JavaScript
// would after reading it. Two strings are equal in JavaScript if and only if
// they are written the same.
func appendQuoted(dst, raw []byte) []byte {
	dst = append(dst, '"')
	raw = raw[1 : len(raw)-1]
	for len(raw) > 0 {
		n := plain(raw)
		dst = append(dst, raw[:n]...)
		raw = raw[n:]
		switch {
		case len(raw) == 0:
		case raw[0] == '\\':
			dst, raw = appendEscape(dst, raw)
		default:
			size := invalidSize(raw)
			dst = append(dst, "\uFFFD"...)
			raw = raw[size:]
		}
	}
	return append(dst, '"')
}

// plain counts the leading bytes that are written as they were read: valid
// UTF-8 without escapes.
func plain(b []byte) int {
	i := 0
	for i < len(b) {
		switch c := b[i]; {
		case c == '\\':
			return i
		case c < utf8.RuneSelf:
			i++
		default:
			_, size := utf8.DecodeRune(b[i:])
			if size == 1 {
				return i
			}
			i += size
		}
	}
	return i
}

// appendEscape writes one escape, or the two of a surrogate pair, and returns
// the rest.
func appendEscape(dst, b []byte) (written, rest []byte) {
	if b[1] != 'u' {
		return appendRune(dst, unescape(b[1])), b[2:]
	}
	r := codeUnit(b)
	b = b[6:]
	if r >= 0xd800 && r < 0xdc00 && len(b) >= 6 && b[0] == '\\' && b[1] == 'u' {
		if low := codeUnit(b); low >= 0xdc00 && low < 0xe000 {
			return utf8.AppendRune(dst, (r-0xd800)<<10+(low-0xdc00)+0x10000), b[6:]
		}
	}
	return appendRune(dst, r), b
}

// codeUnit reads the four digits of \uXXXX.
func codeUnit(b []byte) rune {
	r, _ := strconv.ParseUint(string(b[2:6]), 16, 16) // the reader has checked them
	return rune(r)
}

// unescape returns what a letter after a backslash stands for.
func unescape(c byte) rune {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return rune(c)
}

// appendRune writes a UTF-16 code unit or a code point as JSON.stringify does
// in a string; half of a surrogate pair is escaped.
func appendRune(dst []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case r == '\b':
		return append(dst, '\\', 'b')
	case r == '\f':
		return append(dst, '\\', 'f')
	case r == '\n':
		return append(dst, '\\', 'n')
	case r == '\r':
		return append(dst, '\\', 'r')
	case r == '\t':
		return append(dst, '\\', 't')
	case r < ' ' || r >= 0xd800 && r < 0xe000:
		return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
	}
	return utf8.AppendRune(dst, r)
}

// invalidSize returns how many bytes at the front of text that is not UTF-8
// become one U+FFFD: as many as could have begun a character, at least one.
// That is the rule of the Encoding Standard, which Buffer.toString and
// TextDecoder follow; Go replaces each byte.
func invalidSize(b []byte) int {
	low, high, more := byte(0x80), byte(0xbf), 0
	switch c := b[0]; {
	case c >= 0xc2 && c <= 0xdf:
		more = 1
	case c >= 0xe0 && c <= 0xef:
		more = 2
		switch c {
		case 0xe0:
			low = 0xa0
		case 0xed:
			high = 0x9f
		}
	case c >= 0xf0 && c <= 0xf4:
		more = 3
		switch c {
		case 0xf0:
			low = 0x90
		case 0xf4:
			high = 0x8f
		}
	}
	size := 1
	for size <= more && size < len(b) && b[size] >= low && b[size] <= high {
		size++
		low, high = 0x80, 0xbf
	}
	return size
}

// Quote returns a text as JSON.stringify writes it. What is not UTF-8 becomes
// U+FFFD.
func Quote(s string) []byte {
	dst := append(make([]byte, 0, len(s)+2), '"')
	for b := []byte(s); len(b) > 0; {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			size = invalidSize(b)
		}
		dst = appendRune(dst, r)
		b = b[size:]
	}
	return append(dst, '"')
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
