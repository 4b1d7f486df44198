package fault

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/taskhook/taskhook/webhook/filter"
)

// RuleError is returned for a text that is no rule.
type RuleError struct {
	Line    int    // in a file, from 1; 0: the text does not come from a file
	Offset  int    // in bytes, of the part that is wrong, in the text or in the file's line; at most its length
	Length  int    // in bytes; 0: at Offset something is missing
	Message string // in words, lower case, without a period
	Hint    string // one thing to do about it; "" if there is nothing to say
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

// maxText bounds a rule in bytes, and what an answer can say with it.
const maxText = 64 << 10

// defaultSeed is what chance is drawn from when a rule names no seed.
const defaultSeed = 1

// Parse reads a rule. The error is always a *[RuleError].
func Parse(text string) (Rule, error) {
	p := parser{text: text, at: map[string]token{}}
	if err := p.parse(); err != nil {
		return Rule{}, err
	}
	return p.rule, nil
}

// ParseFile reads a file of rules: one a line; empty lines and those that
// begin with # are passed over. A file without a rule is an error too. The
// error is always a *[RuleError] with its line.
func ParseFile(text string) ([]Rule, error) {
	var rules []Rule
	for n, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		if start := strings.TrimSpace(line); start == "" || start[0] == '#' {
			continue
		}
		p := parser{text: strings.TrimSuffix(line, "\r"), at: map[string]token{}}
		if err := p.parse(); err != nil {
			err.Line = n + 1
			return nil, err
		}
		rules = append(rules, p.rule)
	}
	if len(rules) == 0 {
		return nil, &RuleError{Line: 1, Message: "there is no rule", Hint: "write one rule a line"}
	}
	return rules, nil
}

// parser takes the rule's own words out of a text; the rest is its filter.
type parser struct {
	text   string
	rule   Rule
	tokens []token
	at     map[string]token // where each of the rule's words stands
	fields []string         // the filter's; nil: not asked for yet
	rest   []byte           // what is left for the filter
	from   []int            // where in the text each byte of rest stands
}

func (p *parser) parse() *RuleError {
	if len(p.text) > maxText {
		return &RuleError{Offset: maxText, Length: len(p.text) - maxText, Message: fmt.Sprintf("a rule has at most %d KiB", maxText>>10)}
	}
	if !utf8.ValidString(p.text) {
		return &RuleError{Offset: invalid(p.text), Length: 1, Message: "the text is not UTF-8"}
	}
	var err *RuleError
	if p.tokens, err = tokens(p.text); err != nil {
		return err
	}
	end := 0
	for i, t := range p.tokens {
		taken, err := p.take(i)
		if err != nil {
			return err
		}
		if taken {
			p.keep(end, t.from)
			end = t.to
		}
	}
	p.keep(end, len(p.text))
	if err := p.check(); err != nil {
		return err
	}
	f, bad := filter.Parse(string(p.rest))
	if bad != nil {
		return p.ofFilter(bad)
	}
	p.rule.text, p.rule.filter = strings.TrimSpace(p.text), f
	p.rule.seed = cmp.Or(p.rule.seed, defaultSeed)
	return nil
}

// invalid returns where a text stops being UTF-8, or its length.
func invalid(text string) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(text)
}

// keep leaves a part of the text to the filter.
func (p *parser) keep(from, to int) {
	for i := from; i < to; i++ {
		p.rest = append(p.rest, p.text[i])
		p.from = append(p.from, i)
	}
}

// ofFilter is an error of the filter, with its place in the rule.
func (p *parser) ofFilter(err error) *RuleError {
	var bad *filter.SyntaxError
	if !errors.As(err, &bad) {
		return &RuleError{Message: err.Error()}
	}
	from, to := p.place(bad.Offset), p.place(bad.Offset)
	if bad.Length > 0 {
		to = p.from[bad.Offset+bad.Length-1] + 1
	}
	return &RuleError{Offset: from, Length: to - from, Message: bad.Message, Hint: bad.Hint}
}

// place is where in the text a byte of the rest stands, or its end.
func (p *parser) place(i int) int {
	switch {
	case i < len(p.from):
		return p.from[i]
	case i > 0:
		return p.from[i-1] + 1
	}
	return 0
}

// take reads a token if it is a word of rules, and refuses what is neither
// that nor a word of the filter.
func (p *parser) take(i int) (bool, *RuleError) {
	t := p.tokens[i]
	if t.kind != kindWord {
		return false, nil
	}
	name, value, has := strings.Cut(t.in(p.text), ":")
	word, known := wordNamed(name)
	if !known {
		if has {
			return false, p.checkField(t, name, value)
		}
		return false, nil
	}
	if err := p.checkPlace(i, word); err != nil {
		return false, err
	}
	switch first, twice := p.at[word.name]; {
	case !has && !word.bare():
		return false, t.wrong(word.name+" needs a value", fmt.Sprintf("for example %s; to look for the text, write %.60q", word.example, t.in(p.text)))
	case has && word.bare():
		return false, t.wrong(word.name+" takes no value", "write "+word.example+", and to wait for a while delay:5s")
	case has && value == "":
		return false, t.wrong(word.name+" needs a value after the colon", "for example "+word.example)
	case twice:
		return false, t.wrong(word.name+" stands twice", fmt.Sprintf("leave one out: it is %.40s already", first.in(p.text)))
	}
	p.at[word.name] = t
	if word.name != "with" || value[0] != '{' && value[0] != '[' {
		value = unquoted(value)
	}
	if err := word.set(&p.rule, value); err != nil {
		return false, t.wrong(fmt.Sprintf("%s: %v", word.name, err), cmp.Or(word.hint, "write it like "+word.example))
	}
	return true, nil
}
