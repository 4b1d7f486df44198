package filter

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
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
	word = strings.ToLower(word)
	if len(word) > 40 {
		return otherwise
	}
	best, least := "", 3
	for _, c := range candidates {
		d := distance(word, c)
		// A beginning is likelier than two wrong letters, not than one.
		if len(word) >= 3 && strings.HasPrefix(c, word) {
			d = min(d, 1)
		}
		// Two wrong letters of three are another word.
		if d < least && d*2 <= max(len(word), len(c)) {
			best, least = c, d
		}
	}
	if best == "" {
		return otherwise
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// distance counts the letters to insert, drop, change or swap with their
// neighbour to make b of a.
func distance(a, b string) int {
	before, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev, row = prev, row, before
	}
	return prev[len(b)]
}
