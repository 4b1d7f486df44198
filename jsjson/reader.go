package jsjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxDepth is how deep arrays and objects may be nested. It bounds the memory
// that a hostile body can claim; Node gives up far earlier, at a few thousand.
const MaxDepth = 200_000

// decoderDepth is how deep a [jsontext.Decoder] reads.
const decoderDepth = 10_000

// Kind is the kind of a token. Commas and colons are not tokens.
type Kind byte

// The kinds of tokens.
const (
	EndOfText   Kind = 0
	OpenObject  Kind = '{'
	CloseObject Kind = '}'
	OpenArray   Kind = '['
	CloseArray  Kind = ']'
	Key         Kind = ':'
	String      Kind = '"'
	Number      Kind = '0'
	True        Kind = 't'
	False       Kind = 'f'
	Null        Kind = 'n'
)

// Token is a piece of a JSON text: text[Start:End].
type Token struct {
	Kind       Kind
	Start, End int
}

// Reader splits a JSON text into tokens. It accepts what JSON.parse accepts,
// including equal keys, halves of surrogate pairs and bytes that are not UTF-8,
// nested up to [MaxDepth].
//
// The text must not change while it is read.
type Reader struct {
	text    []byte
	at      int    // where the last token ended
	open    []bool // the open arrays and objects, innermost last: true for an object
	wantKey bool   // whether the next string is a key

	dec   jsontext.Decoder
	whole bytes.Buffer // the text, as long as one decoder reads it
	base  int          // offset of the decoder's input in the text
	outer int          // how many of open were opened before the decoder's input
}

// NewReader returns a reader of a text.
func NewReader(text []byte) *Reader {
	r := &Reader{text: text}
	r.whole = *bytes.NewBuffer(text)
	r.decode(&r.whole)
	return r
}

func (r *Reader) decode(input io.Reader) {
	r.dec.Reset(input, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// Depth returns how many arrays and objects are open.
func (r *Reader) Depth() int { return len(r.open) }

// Next returns the next token, [EndOfText] when the value is complete. The
// error is a [*SyntaxError].
func (r *Reader) Next() (Token, error) {
	read, err := r.dec.ReadToken()
	if err != nil {
		return r.end(err)
	}
	t := Token{Kind(read.Kind()), r.at, r.offset()}
	for isBetweenTokens(r.text[t.Start]) {
		t.Start++
	}
	return r.accept(t, false)
}

// Value is like Next, but where an array or object begins it returns all of it.
func (r *Reader) Value() (Token, error) {
	kind := r.dec.PeekKind()
	if kind != jsontext.KindBeginObject && kind != jsontext.KindBeginArray {
		return r.Next()
	}
	raw, err := r.dec.ReadValue()
	if err != nil { // maybe because it is deeper than the decoder goes
		return r.valueByTokens()
	}
	end := r.offset()
	return r.accept(Token{Kind(kind), end - len(raw), end}, true)
}

func (r *Reader) valueByTokens() (Token, error) {
	depth := len(r.open)
	t, err := r.Next()
	for err == nil && len(r.open) > depth {
		var inner Token
		inner, err = r.Next()
		t.End = inner.End
	}
	return t, err
}

// offset is where in the text the decoder has read to.
func (r *Reader) offset() int { return r.base + int(r.dec.InputOffset()) }

func isBetweenTokens(c byte) bool {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ':'
}

// accept notes that a token, or a whole value, has been read.
func (r *Reader) accept(t Token, whole bool) (Token, error) {
	if r.complete() {
		return Token{}, r.trailing()
	}
	r.at = t.End
	if r.wantKey && t.Kind == String {
		t.Kind = Key
	}
	if !whole {
		if err := r.nest(t); err != nil {
			return Token{}, err
		}
	}
	r.wantKey = t.Kind != Key && len(r.open) > 0 && r.open[len(r.open)-1]
	return t, nil
}

// complete reports whether the one value of the text has been read.
func (r *Reader) complete() bool { return len(r.open) == 0 && r.at > 0 }

// nest notes what a token opens or closes.
func (r *Reader) nest(t Token) error {
	switch t.Kind {
	case OpenObject, OpenArray:
		if len(r.open) == MaxDepth {
			return r.fail(t.Start, fmt.Sprintf("nested deeper than %d levels", MaxDepth))
		}
		r.open = append(r.open, t.Kind == OpenObject)
		if r.dec.StackDepth() == decoderDepth {
			r.resume(r.text[t.Start:t.End], 1)
		}
	case CloseObject, CloseArray:
		r.open = r.open[:len(r.open)-1]
		if n := len(r.open); n > 0 && n == r.outer {
			r.resumeAfterValue()
		}
	}
	return nil
}

// resumeAfterValue makes the decoder continue in the innermost open array or
// object, after one of its values.
func (r *Reader) resumeAfterValue() {
	if r.open[len(r.open)-1] {
		r.resume([]byte(`{"":""`), 3)
	} else {
		r.resume([]byte(`[""`), 2)
	}
}

// resume makes the decoder continue as if another text of a few tokens preceded,
// in which only the innermost array or object is open. That is how the reader
// reads deeper than a decoder does.
func (r *Reader) resume(before []byte, tokens int) {
	r.outer = len(r.open) - 1
	r.base = r.at - len(before)
	r.decode(io.MultiReader(bytes.NewReader(before), bytes.NewReader(r.text[r.at:])))
	for range tokens {
		_, _ = r.dec.ReadToken() // these are valid
	}
}

// end turns an error of the decoder into one of the reader; the end of the text
// is not an error once the value is complete.
func (r *Reader) end(err error) (Token, error) {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, io.EOF) && r.complete():
		return Token{EndOfText, len(r.text), len(r.text)}, nil
	case r.complete():
		return Token{}, r.trailing()
	case !errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF):
		return Token{}, r.fail(len(r.text), "the text ends too early")
	}
	at := r.base + int(syntax.ByteOffset)
	if at == 0 && bytes.HasPrefix(r.text, []byte("\ufeff")) {
		return Token{}, r.fail(0, "the text begins with a byte order mark, which JSON.parse rejects")
	}
	if rest := bytes.TrimLeft(r.text[at+1:], whiteSpace); r.text[at] == ',' && len(rest) > 0 && (rest[0] == '}' || rest[0] == ']') {
		return Token{}, r.fail(len(r.text)-len(rest), fmt.Sprintf("invalid character %q after a comma", rest[0]))
	}
	return Token{}, r.fail(at, syntax.Err.Error())
}

// trailing is the error for text after the complete value.
func (r *Reader) trailing() error {
	rest := bytes.TrimLeft(r.text[r.at:], whiteSpace)
	c, _ := utf8.DecodeRune(rest)
	return r.fail(len(r.text)-len(rest), fmt.Sprintf("invalid character %q after the value", c))
}

// SyntaxError is returned for a body that JSON.parse would reject, and for one
// nested deeper than [MaxDepth].
type SyntaxError struct {
	Offset int    // in bytes, from 0; the length of the body if it ends too early
	Line   int    // from 1
	Column int    // in characters, from 1
	Reason string // what is wrong there
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid JSON at byte %d (line %d, column %d): %s", e.Offset, e.Line, e.Column, e.Reason)
}

func (r *Reader) fail(at int, reason string) error {
	before := r.text[:at]
	line := bytes.LastIndexByte(before, '\n') + 1
	return &SyntaxError{
		Offset: at, Reason: reason,
		Line:   bytes.Count(before, []byte{'\n'}) + 1,
		Column: utf8.RuneCount(before[line:]) + 1,
	}
}

// Check returns a [*SyntaxError] for the first thing that is wrong with a text,
// nil if JSON.parse accepts it.
func Check(text []byte) error {
	return NewReader(text).rest()
}
