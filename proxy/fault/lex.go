package fault

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind says what a token is to a rule.
type kind int8

const (
	kindWord    kind = iota // a term of the filter, or a word of the rule
	kindKeyword             // and, or, not, !
	kindParen               // ( or )
	kindJQ                  // a whole jq expression
	kindOpenJQ              // one that nothing ends but the text
)

// token is a part of a rule's text, as the filter language divides it.
type token struct {
	kind     kind
	from, to int
	depth    int // parentheses around it
}

func (t token) in(text string) string { return text[t.from:t.to] }

func (t token) wrong(message, hint string) *RuleError {
	return &RuleError{Offset: t.from, Length: t.to - t.from, Message: message, Hint: hint}
}

// lexer divides a text. It must agree with the filter's parser on where a term
// ends, or a rule's word could be taken out of the middle of one.
type lexer struct {
	text  string
	pos   int
	depth int
}

// tokens divides a text. What is wrong with the filter is left to its parser.
func tokens(text string) ([]token, *RuleError) {
	l := lexer{text: text}
	var all []token
	for {
		rest := strings.TrimLeftFunc(text[l.pos:], unicode.IsSpace)
		l.pos = len(text) - len(rest)
		if rest == "" {
			return all, nil
		}
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		l.pos = t.to
		all = append(all, t)
	}
}

func (l *lexer) next() (token, *RuleError) {
	t := token{from: l.pos, to: l.pos + 1, depth: l.depth}
	switch c := l.text[l.pos]; {
	case c == '!':
		t.kind = kindKeyword
	case c == '(':
		t.kind = kindParen
		l.depth++
	case c == ')':
		t.kind = kindParen
		l.depth = max(0, l.depth-1)
	case c == '.':
		l.jq(&t, t.from)
	case hasFoldPrefix(l.text[l.pos:], "jq:"):
		l.jqField(&t)
	default:
		end, err := l.wordEnd()
		if err != nil {
			return t, err
		}
		t.to = end
		switch strings.ToLower(t.in(l.text)) {
		case "and", "or", "not":
			t.kind = kindKeyword
		}
	}
	return t, nil
}

func hasFoldPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// jqField ends a token that begins with "jq:".
func (l *lexer) jqField(t *token) {
	value := t.from + len("jq:")
	switch rest := l.text[value:]; {
	case strings.HasPrefix(rest, "("):
		t.kind, t.to = kindJQ, min(jqEnd(l.text, value+1)+1, len(l.text))
	case strings.HasPrefix(rest, `"`):
		t.kind, t.to = kindJQ, l.plainEnd(value)
	case rest == "" || rest[0] == ' ' || rest[0] == ')': // it is not complete
		t.kind, t.to = kindJQ, value
	default:
		l.jq(t, value)
	}
}

// jq ends a token that is an expression without parentheses or quotes.
func (l *lexer) jq(t *token, from int) {
	t.kind, t.to = kindJQ, jqEnd(l.text, from)
	if t.to == len(l.text) {
		t.kind = kindOpenJQ
	}
}

// jqEnd returns where a jq expression ends: at the first closing parenthesis
// that its own brackets and strings do not account for, or with the text.
func jqEnd(text string, from int) int {
	var open []byte // brackets, and quotes; within a quotation "\(" opens again
	for i := from; i < len(text); i++ {
		c, last := text[i], len(open)-1
		switch quoted := last >= 0 && open[last] == '"'; {
		case quoted && c == '\\':
			if i++; i < len(text) && text[i] == '(' {
				open = append(open, '(')
			}
		case quoted && c == '"':
			open = open[:last]
		case quoted:
		case strings.IndexByte(`"([{`, c) >= 0:
			open = append(open, c)
		case strings.IndexByte(`)]}`, c) < 0:
		case last >= 0:
			open = open[:last]
		case c == ')':
			return i
		}
	}
	return len(text)
}

// longestName is the length of the longest of the rule's own words.
const longestName = len("retry-after")

// wordEnd returns where the word at pos ends. With a rule's own word '…' is a
// quotation too, and after with: stands JSON as it is.
func (l *lexer) wordEnd() (int, *RuleError) {
	name, _, has := strings.Cut(l.text[l.pos:min(l.pos+longestName+1, len(l.text))], ":")
	word, known := wordNamed(name)
	value := l.pos + len(name) + 1
	if !has || !known || value == len(l.text) {
		return l.plainEnd(l.pos), nil
	}
	after := l.text[value:]
	switch {
	case after[0] == '\'':
		end := closing(l.text, value)
		if end == len(l.text) {
			return 0, token{from: value, to: end}.wrong("this quotation has no end", "add a ' at its end")
		}
		return l.wholeValue(value, end+1)
	case word.name == "with" && (after[0] == '{' || after[0] == '['):
		d := json.NewDecoder(strings.NewReader(after))
		var all json.RawMessage
		if err := d.Decode(&all); err != nil {
			return 0, token{from: value, to: l.plainEnd(value)}.wrong(
				"with: this begins like JSON and is none", "put a text in quotes: with:'[busy] come again'")
		}
		return l.wholeValue(value, value+int(d.InputOffset()))
	}
	end := l.plainEnd(l.pos)
	if i := l.unclosed(value, end); i >= 0 {
		return 0, token{from: i, to: end}.wrong("this quotation has no end", `add a " at its end`)
	}
	return end, nil
}

// wholeValue refuses what stands right after a value that ends by itself.
func (l *lexer) wholeValue(from, to int) (int, *RuleError) {
	if end := l.plainEnd(to); end > to {
		return 0, token{from: from, to: end}.wrong("something stands right after this value", "put a space between them, or all of it in quotes")
	}
	return to, nil
}

// plainEnd returns where a word ends by the filter's rules: at white space or a
// parenthesis that is not in double quotes.
func (l *lexer) plainEnd(i int) int {
	for i < len(l.text) {
		r, size := utf8.DecodeRuneInString(l.text[i:])
		switch {
		case r == '"':
			i = closing(l.text, i)
			size = min(1, len(l.text)-i)
		case r == '(', r == ')', unicode.IsSpace(r):
			return i
		}
		i += size
	}
	return i
}

// unclosed returns where a quotation opens that does not end before end, or -1.
func (l *lexer) unclosed(from, end int) int {
	for i := from; i < end; i++ {
		if l.text[i] != '"' {
			continue
		}
		shut := closing(l.text, i)
		if shut >= end {
			return i
		}
		i = shut
	}
	return -1
}

// closing returns where the quotation that opens at text[at] ends, or the
// length of the text. A backslash escapes the quote and itself, nothing else.
func closing(text string, at int) int {
	quote := text[at]
	for i := at + 1; i < len(text); i++ {
		switch {
		case text[i] == quote:
			return i
		case text[i] == '\\' && i+1 < len(text) && (text[i+1] == quote || text[i+1] == '\\'):
			i++
		}
	}
	return len(text)
}

// unquoted returns what a value with quotes stands for: '…' as a whole, "…"
// wherever it stands.
func unquoted(value string) string {
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		c := value[i]
		if c != '"' && (c != '\'' || i > 0) {
			b.WriteByte(c)
			continue
		}
		end := closing(value, i)
		for i++; i < end; i++ {
			if value[i] == '\\' && (value[i+1] == c || value[i+1] == '\\') {
				i++
			}
			b.WriteByte(value[i])
		}
	}
	return b.String()
}
