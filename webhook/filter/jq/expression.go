package jq

import (
	"errors"
	"strconv"
	"strings"

	"github.com/itchyny/gojq"
)

// Expression is a jq expression that can be run. It never changes and is safe
// for concurrent use.
type Expression struct {
	text   string
	simple condition // decides without jq; nil: jq has to be run
	shape  shape     // what simple reads
}

// SyntaxError is returned by [Parse] for what is no jq expression.
type SyntaxError struct {
	Start, End int    // the part that is wrong, in bytes; Start == End: something is missing
	Message    string // lower case, without a period; Name comes after it
	Name       string // what it is about, as it was written; "" if that is the whole
}

// Error returns message and name.
func (e *SyntaxError) Error() string {
	if e.Name == "" {
		return e.Message
	}
	return e.Message + " " + strconv.Quote(e.Name)
}

// Parse checks an expression. The error is always a *[SyntaxError]. It runs
// nothing, and takes time and memory in proportion to the text.
func Parse(text string) (*Expression, error) {
	query, err := gojq.Parse(text)
	if err != nil {
		return nil, parseError(text, err)
	}
	if _, err := gojq.Compile(query); err != nil {
		return nil, compileError(text, err)
	}
	x := &Expression{text: text}
	if simple, ok := x.condition(query); ok {
		x.simple = simple
	}
	return x, nil
}

// String returns the text of the expression.
func (x *Expression) String() string { return x.text }

// Simple reports whether [Expression.Try] decides most bodies.
func (x *Expression) Simple() bool { return x.simple != nil }

// parseError finds the place of an error of the parser.
func parseError(text string, err error) *SyntaxError {
	var parse *gojq.ParseError
	if !errors.As(err, &parse) {
		return &SyntaxError{0, len(text), "jq: " + err.Error(), ""}
	}
	end := min(max(parse.Offset, 0), len(text))
	if parse.Token == "" {
		return &SyntaxError{end, end, "the jq expression is incomplete", ""}
	}
	return &SyntaxError{max(end-len(parse.Token), 0), end, "jq: unexpected", parse.Token}
}

// compileError finds the place of an error of the compiler, which is about a
// name.
func compileError(text string, err error) *SyntaxError {
	message := err.Error()
	if name, found := strings.CutPrefix(message, "function not defined: "); found {
		name, _, _ = strings.Cut(name, "/")
		if i := strings.Index(text, name); i >= 0 && name != "" {
			return &SyntaxError{i, i + len(name), "jq has no function", name}
		}
	}
	return &SyntaxError{0, len(text), "jq: " + message, ""}
}
