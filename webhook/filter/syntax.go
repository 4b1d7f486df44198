package filter

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/taskhook/taskhook/format"
)

// maxText and maxDepth bound what Parse takes: a filter is a line that a
// person types.
const (
	maxText  = 4096 // bytes, as typed and in canonical form
	maxDepth = 64   // of parentheses and negations
)

// SyntaxError says where a text is no filter and why.
type SyntaxError struct {
	Offset  int    // in bytes; at most the length of the text
	Length  int    // in bytes of the part that is wrong; 0: at Offset something is missing
	Message string // in words, lower case, without a period
	Hint    string // one thing to do about it; "" if there is nothing to say
}

// Error returns message and hint in one line.
func (e *SyntaxError) Error() string {
	if e.Hint == "" {
		return e.Message
	}
	return e.Message + ": " + e.Hint
}

// wrong makes an error for the source bytes from start to end.
func wrong(start, end int, hint, format string, args ...any) *SyntaxError {
	return &SyntaxError{Offset: start, Length: end - start, Message: fmt.Sprintf(format, args...), Hint: hint}
}

func tooLong(text string) *SyntaxError {
	at := min(len(text), maxText)
	return wrong(at, len(text), "", "a filter is at most %d bytes long", maxText)
}

// show quotes a part of the text for a message, shortened.
func show(s string) string {
	const most = 40
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most-1]) + "…"
	}
	return strconv.Quote(s)
}

// suggest returns `did you mean "…"?` for the candidate that a mistyped word
// most likely stands for, else otherwise.
func suggest(word string, candidates []string, otherwise string) string {
	if best := format.Nearest(word, candidates); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return otherwise
}
