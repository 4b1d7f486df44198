package fault

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook/filter"
)

// RuleError is returned for a text that is not a rule.
type RuleError struct {
	Line    int    // in a file, from 1; 0: the text does not come from a file
	Offset  int    // of the wrong part, in bytes, in the text or in the file's line
	Length  int    // of the wrong part, in bytes; 0: something is missing at Offset
	Message string // lower case, without a period
	Hint    string // one thing to do about it, or ""
}

// Error returns line, message and hint in one line.
func (e *RuleError) Error() string {
	text := e.Message
	if e.Hint != "" {
		text += ": " + e.Hint
	}
	if e.Line > 0 {
		text = fmt.Sprintf("line %d: %s", e.Line, text)
	}
	return text
}

// maxText is the length of the longest rule: a filter of full length, and room
// for the effects.
const maxText = 8 << 10

// defaultSeed seeds the random numbers of a rule without seed:.
const defaultSeed = 1

// Parse reads a rule. The error is always a *[RuleError].
func Parse(text string) (Rule, error) {
	p := parser{text: text, at: map[string]word{}}
	if err := p.parse(); err != nil {
		return Rule{}, err
	}
	return p.rule, nil
}

// ParseFile reads a file with one rule a line. Empty lines and lines that begin
// with # are skipped; a file without a rule is an error. The error is always a
// *[RuleError] with its line.
func ParseFile(text string) ([]Rule, error) {
	var rules []Rule
	for n, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		if start := strings.TrimSpace(line); start == "" || start[0] == '#' {
			continue
		}
		p := parser{text: strings.TrimSuffix(line, "\r"), at: map[string]word{}}
		if err := p.parse(); err != nil {
			err.Line = n + 1
			return nil, err
		}
		rules = append(rules, p.rule)
	}
	if len(rules) == 0 {
		return nil, &RuleError{Line: 1, Message: "the file has no rule", Hint: "write one rule a line"}
	}
	return rules, nil
}

// word is a part of a rule's text between white space.
type word struct {
	from int // in the rule, in bytes
	text string
}

func (w word) end() int { return w.from + len(w.text) }

func (w word) wrong(hint, format string, args ...any) *RuleError {
	return &RuleError{Offset: w.from, Length: len(w.text), Message: fmt.Sprintf(format, args...), Hint: hint}
}

// split returns the words of a rule before its first "for", and that; ok is
// false if there is none.
func split(text string) (effects []word, keyword word, ok bool) {
	for at := 0; ; {
		rest := strings.TrimLeftFunc(text[at:], unicode.IsSpace)
		if rest == "" {
			return effects, word{}, false
		}
		w := word{from: len(text) - len(rest), text: rest}
		if i := strings.IndexFunc(rest, unicode.IsSpace); i >= 0 {
			w.text = rest[:i]
		}
		if strings.EqualFold(w.text, "for") {
			return effects, w, true
		}
		effects = append(effects, w)
		at = w.end()
	}
}

// parser reads one rule.
type parser struct {
	text string
	rule Rule
	at   map[string]word // where each effect stands, by its name
}

func (p *parser) parse() *RuleError {
	if len(p.text) > maxText {
		return &RuleError{Offset: maxText, Length: len(p.text) - maxText, Message: fmt.Sprintf("a rule has at most %s", format.Bytes(maxText))}
	}
	if !utf8.ValidString(p.text) {
		at := strings.IndexRune(p.text, utf8.RuneError)
		return &RuleError{Offset: at, Length: 1, Message: "the text is not UTF-8"}
	}
	effects, keyword, hasFilter := split(p.text)
	for _, w := range effects {
		if err := p.effect(w); err != nil {
			return err
		}
	}
	if err := p.check(); err != nil {
		return err
	}
	from := len(p.text)
	if hasFilter {
		from = keyword.end()
		if strings.TrimSpace(p.text[from:]) == "" {
			return keyword.wrong(`write a filter after it, such as type:ContactCreate, or leave "for" out`, `there is no filter after "for"`)
		}
	}
	var err *RuleError
	if p.rule.filter, err = parseFilter(p.text, from); err != nil {
		return err
	}
	p.rule.text, p.rule.seed = strings.TrimSpace(p.text), cmp.Or(p.rule.seed, defaultSeed)
	return nil
}

// parseFilter reads the filter at the end of a rule.
func parseFilter(text string, from int) (*filter.Filter, *RuleError) {
	if w := strings.TrimSpace(text[from:]); isDuration(w) {
		at := word{from + strings.Index(text[from:], w), w}
		return nil, at.wrong("write expires:"+w+` to end the rule, or "`+w+`" in quotes to look for the text`, "%s is a duration and not a filter", w)
	}
	f, err := filter.ParseReceived(text[from:])
	var bad *filter.SyntaxError
	switch {
	case err == nil:
		return f, nil
	case errors.As(err, &bad):
		return nil, &RuleError{Offset: from + bad.Offset, Length: bad.Length, Message: bad.Message, Hint: bad.Hint}
	}
	return nil, &RuleError{Offset: from, Length: len(text) - from, Message: err.Error()}
}

// isDuration reports whether a text is a duration such as 10m, which somebody may
// write after "for".
func isDuration(s string) bool {
	d, err := time.ParseDuration(s)
	return err == nil && d > 0
}

// effect reads one word before "for".
func (p *parser) effect(w word) *RuleError {
	name, value, hasValue := strings.Cut(w.text, ":")
	e, known := effectNamed(name)
	if !known {
		return p.unknown(w)
	}
	first, again := p.at[e.name]
	switch {
	case e.value == "" && hasValue:
		return w.wrong("write "+e.name+"; delay:5s waits for a while", "%s takes no value", e.name)
	case e.value != "" && value == "":
		return w.wrong("for example: "+e.example, "%s needs a value after a colon", e.name)
	case again:
		return w.wrong(fmt.Sprintf("leave one out: it is %.40s already", first.text), "%s is there twice", e.name)
	}
	if err := e.set(&p.rule, value); err != nil {
		return w.wrong("for example: "+e.example, "%s: %v", e.name, err)
	}
	p.at[e.name] = w
	return nil
}
