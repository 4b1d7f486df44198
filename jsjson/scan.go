package jsjson

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// MaxDepth is how many arrays and objects may stand within each other. It
// bounds the memory that a hostile body can claim; node gives up far earlier,
// at a few thousand.
const MaxDepth = 200_000

// SyntaxError is returned for a body that JSON.parse would refuse, and for one
// nested deeper than [MaxDepth].
type SyntaxError struct {
	Offset int    // in bytes, from 0; the length of the body if it ends too early
	Line   int    // from 1
	Column int    // in characters, from 1
	Reason string // what was wanted, or what stands there
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at byte %d (line %d, column %d): %s", e.Offset, e.Line, e.Column, e.Reason)
}

// kind is the kind of a token. Commas and colons are no tokens.
type kind byte

const (
	endOfText kind = iota
	openObject
	closeObject
	openArray
	closeArray
	key
	text
	number
	literal // true, false or null
)

// token is a piece of a JSON text, text[start:end].
type token struct {
	kind       kind
	start, end int
}

// expectation is what the grammar allows next.
type expectation byte

const (
	wantValue expectation = iota
	wantValueOrClose
	wantKey
	wantKeyOrClose
	wantCommaOrClose
)

// scanner splits a JSON text into tokens and checks its grammar strictly. The
// zero value with a text is ready.
type scanner struct {
	text []byte
	at   int
	open []bool // what is open, innermost last: true for an object
	want expectation
}

// next returns the next token, endOfText once the one value is complete.
func (s *scanner) next() (token, error) {
	for {
		s.space()
		if s.want != wantCommaOrClose {
			break
		}
		if len(s.open) == 0 {
			if s.at < len(s.text) {
				return token{}, s.unexpected("the end of the text")
			}
			return token{endOfText, s.at, s.at}, nil
		}
		inObject := s.open[len(s.open)-1]
		switch c := s.peek(); {
		case c == ',' && inObject:
			s.want = wantKey
		case c == ',':
			s.want = wantValue
		case c == '}' && inObject, c == ']' && !inObject:
			return s.pop(), nil
		case inObject:
			return token{}, s.unexpected(`"," or "}"`)
		default:
			return token{}, s.unexpected(`"," or "]"`)
		}
		s.at++
	}
	switch s.want {
	case wantKeyOrClose:
		if s.peek() == '}' {
			return s.pop(), nil
		}
		return s.key(`a key in double quotes or "}"`)
	case wantKey:
		return s.key("a key in double quotes")
	case wantValueOrClose:
		if s.peek() == ']' {
			return s.pop(), nil
		}
	}
	return s.value()
}

// peek returns the byte at hand, 0 at the end.
func (s *scanner) peek() byte {
	if s.at < len(s.text) {
		return s.text[s.at]
	}
	return 0
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) value() (token, error) {
	t := token{start: s.at}
	s.want = wantCommaOrClose
	switch s.peek() {
	case '{':
		return s.push(openObject, wantKeyOrClose)
	case '[':
		return s.push(openArray, wantValueOrClose)
	case '"':
		t.kind = text
		if err := s.quoted(); err != nil {
			return t, err
		}
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		t.kind = number
		if err := s.number(); err != nil {
			return t, err
		}
	default:
		t.kind = literal
		n := literalSize(s.text[s.at:])
		if n == 0 {
			return t, s.unexpected("a value")
		}
		s.at += n
	}
	t.end = s.at
	return t, nil
}

// literalSize returns the length of true, false or null at the front of a
// text, 0 if it begins with none of them.
func literalSize(b []byte) int {
	for _, word := range [...]string{"true", "false", "null"} {
		if len(b) >= len(word) && string(b[:len(word)]) == word {
			return len(word)
		}
	}
	return 0
}

func (s *scanner) push(k kind, want expectation) (token, error) {
	if len(s.open) == MaxDepth {
		return token{}, s.fail(s.at, fmt.Sprintf("nested deeper than %d levels", MaxDepth))
	}
	s.open = append(s.open, k == openObject)
	s.want = want
	s.at++
	return token{k, s.at - 1, s.at}, nil
}

func (s *scanner) pop() token {
	k := closeArray
	if s.open[len(s.open)-1] {
		k = closeObject
	}
	s.open = s.open[:len(s.open)-1]
	s.want = wantCommaOrClose
	s.at++
	return token{k, s.at - 1, s.at}
}

// key reads a key and the colon behind it; the token is the key alone.
func (s *scanner) key(wanted string) (token, error) {
	t := token{kind: key, start: s.at}
	if s.peek() != '"' {
		return t, s.unexpected(wanted)
	}
	if err := s.quoted(); err != nil {
		return t, err
	}
	t.end = s.at
	s.space()
	if s.peek() != ':' {
		return t, s.unexpected(`":"`)
	}
	s.at++
	s.want = wantValue
	return t, nil
}

// quoted reads a string from its opening to its closing quote.
func (s *scanner) quoted() error {
	begin := s.at
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return nil
		case c < ' ':
			return s.fail(s.at, fmt.Sprintf("a control character (%#02x) must be escaped in a string", c))
		case c == '\\':
			s.at++
			if err := s.escape(); err != nil {
				return err
			}
		}
	}
	return s.fail(len(s.text), fmt.Sprintf("the string that begins at byte %d is not closed", begin))
}

// escape checks what stands behind a backslash, and stays on its last byte.
func (s *scanner) escape() error {
	switch s.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
		for range 4 {
			s.at++
			if _, ok := hexDigit(s.peek()); !ok {
				return s.unexpected(`four hexadecimal digits behind \u`)
			}
		}
		return nil
	}
	return s.unexpected("a known escape")
}

func hexDigit(c byte) (rune, bool) {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0'), true
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10, true
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10, true
	}
	return 0, false
}

func (s *scanner) number() error {
	if s.peek() == '-' {
		s.at++
	}
	if s.peek() == '0' {
		s.at++
		if c := s.peek(); c >= '0' && c <= '9' {
			return s.fail(s.at, "a number has no leading zero")
		}
	} else if err := s.digits(); err != nil {
		return err
	}
	if s.peek() == '.' {
		s.at++
		if err := s.digits(); err != nil {
			return err
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.at++
		if c := s.peek(); c == '+' || c == '-' {
			s.at++
		}
		return s.digits()
	}
	return nil
}

// digits reads one digit or more.
func (s *scanner) digits() error {
	begin := s.at
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.at++
	}
	if s.at == begin {
		return s.unexpected("a digit")
	}
	return nil
}

// unexpected says what was wanted at hand, and what stands there.
func (s *scanner) unexpected(wanted string) error {
	if s.at >= len(s.text) {
		return s.fail(len(s.text), "want "+wanted+", but the text ends")
	}
	r, size := utf8.DecodeRune(s.text[s.at:])
	if r == '\uFEFF' && s.at == 0 {
		return s.fail(s.at, "the text begins with a byte order mark, which JSON.parse refuses")
	}
	if r == utf8.RuneError && size == 1 {
		return s.fail(s.at, fmt.Sprintf("want %s, not the byte %#02x", wanted, s.text[s.at]))
	}
	return s.fail(s.at, fmt.Sprintf("want %s, not %q", wanted, r))
}

func (s *scanner) fail(at int, reason string) error {
	before := s.text[:at]
	line := bytes.LastIndexByte(before, '\n') + 1
	return &SyntaxError{
		Offset: at, Reason: reason,
		Line:   bytes.Count(before, []byte{'\n'}) + 1,
		Column: utf8.RuneCount(before[line:]) + 1,
	}
}

// check reports the first thing that is wrong with a text, nil if it is one
// JSON value.
func check(b []byte) error {
	s := scanner{text: b}
	for {
		t, err := s.next()
		if err != nil || t.kind == endOfText {
			return err
		}
	}
}
