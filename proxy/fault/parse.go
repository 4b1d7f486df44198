package fault

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"taskhook/webhook/filter"
)

// RuleError is returned for a text that is no rule.
type RuleError struct {
	Line    int    // in a file, from 1; 0: the text does not come from a file
	Offset  int    // in bytes, of the part that is wrong; at most the length of the text
	Length  int    // in bytes; 0: at Offset something is missing
	Message string // in words, lower case, without a period
	Hint    string // one thing to do about it; "" if there is nothing to say
}

// Error returns place, message and hint in one line.
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

// Parse reads a rule. The error is always a *[RuleError].
func Parse(text string) (Rule, error) {
	if len(text) > maxText {
		return Rule{}, &RuleError{Message: fmt.Sprintf("a rule has at most %d KiB", maxText>>10)}
	}
	all, jq := parts(text)
	p := parser{text: text, rest: []byte(text), at: map[string]part{}, jq: jq}
	for _, w := range all {
		if err := p.take(w); err != nil {
			return Rule{}, err
		}
	}
	if err := p.check(); err != nil {
		return Rule{}, err
	}
	f, err := filter.Parse(string(p.rest))
	if err != nil {
		return Rule{}, ofFilter(err)
	}
	p.rule.text, p.rule.filter = strings.TrimSpace(text), f
	p.rule.seed = cmp.Or(p.rule.seed, defaultSeed)
	return p.rule, nil
}

// defaultSeed is what chance is drawn from when a rule names no seed.
const defaultSeed = 1

// ofFilter is an error of the filter, whose places are those of the rule.
func ofFilter(err error) error {
	var syntax *filter.SyntaxError
	if !errors.As(err, &syntax) {
		return &RuleError{Message: err.Error()}
	}
	return &RuleError{Offset: syntax.Offset, Length: syntax.Length, Message: syntax.Message, Hint: syntax.Hint}
}

// ParseFile reads a file of rules: one a line; empty lines and those that
// begin with # are passed over. The error is always a *[RuleError] with its
// line.
func ParseFile(text string) ([]Rule, error) {
	var rules []Rule
	for n, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		r, err := Parse(line)
		if err != nil {
			var bad *RuleError
			if errors.As(err, &bad) {
				bad.Line = n + 1
			}
			return nil, err
		}
		rules = append(rules, r)
	}
	if len(rules) == 0 {
		return nil, &RuleError{Line: 1, Message: "there is no rule", Hint: "write one rule a line"}
	}
	return rules, nil
}

// parser takes the rule's own words out of a text; the rest is its filter.
type parser struct {
	text string
	rest []byte // the text with what was taken blanked, so that places stay
	rule Rule
	at   map[string]part // where each word stands
	jq   int             // where a jq expression begins that runs to the end
}

// take reads a part of the text if it is a word of rules.
func (p *parser) take(w part) error {
	name, value, has := strings.Cut(w.text(p.text), ":")
	name = strings.ToLower(name)
	word, known := wordNamed(name)
	if !known || has == word.bare() {
		return nil
	}
	if _, twice := p.at[name]; twice {
		return w.wrong(name+" stands twice", "say it once")
	}
	p.at[name] = w
	for i := w.from; i < w.to; i++ {
		p.rest[i] = ' '
	}
	if err := word.set(&p.rule, unquoted(value)); err != nil {
		return w.wrong(fmt.Sprintf("%s: %v", name, err), "write it like "+word.example)
	}
	return nil
}

// check refuses what cannot be meant.
func (p *parser) check() error {
	if err := p.checkConflicts(); err != nil {
		return err
	}
	for _, need := range [...][2]string{
		{"with", "status"}, {"retry-after", "status"}, {"spacing", "duplicate"},
	} {
		w, has := p.at[need[0]]
		if _, ok := p.at[need[1]]; has && !ok {
			return w.wrong(need[0]+" belongs to "+need[1], "add "+need[1]+":…")
		}
	}
	if w, has := p.at["seed"]; has && p.rule.rate == 0 && p.rule.delay.min == p.rule.delay.max && p.rule.delayAfter.min == p.rule.delayAfter.max {
		return w.wrong("seed has nothing to draw", "add rate:30%, or a range of delays such as delay:1s..5s")
	}
	for _, word := range words {
		if _, has := p.at[word.name]; has && word.acts {
			return nil
		}
	}
	if p.jq < len(p.text) {
		return part{p.jq, len(p.text)}.wrong("the rule does nothing before its jq expression", "a jq expression runs to the end: put the words of the rule before it, or write jq:(…)")
	}
	return &RuleError{Offset: len(p.text), Message: "the rule does nothing", Hint: "say what is done: status:429, delay:2s, hang, drop:before, duplicate:2 or signature:strip"}
}

func (p *parser) checkConflicts() error {
	for _, pair := range [...][2]string{
		{"status", "hang"}, {"status", "drop"}, {"status", "delay-after"}, {"status", "signature"}, {"hang", "drop"},
		{"hang", "delay-after"}, {"hang", "delay"}, {"hang", "signature"}, {"drop", "delay-after"}, {"rate", "every"},
	} {
		a, hasA := p.at[pair[0]]
		b, hasB := p.at[pair[1]]
		if !hasA || !hasB {
			continue
		}
		later := b
		if a.from > b.from {
			later = a
		}
		return later.wrong(fmt.Sprintf("%s and %s do not go together", pair[0], pair[1]), "make two rules of it, or drop one of the two")
	}
	return nil
}

// part is a part of a text without spaces outside quotes and parentheses.
type part struct{ from, to int }

func (p part) text(all string) string { return all[p.from:p.to] }

func (p part) wrong(message, hint string) error {
	return &RuleError{Offset: p.from, Length: p.to - p.from, Message: message, Hint: hint}
}

// parts cuts a text at its spaces. A jq expression that is not in parentheses
// runs to the end of the text, and is no part: it begins at jq.
func parts(text string) (all []part, jq int) {
	for i := 0; i < len(text); {
		if isSpace(text[i]) {
			i++
			continue
		}
		if text[i] == '.' || strings.HasPrefix(text[i:], "jq:") && !strings.HasPrefix(text[i:], "jq:(") && !strings.HasPrefix(text[i:], `jq:"`) {
			return all, i
		}
		end := partEnd(text, i)
		all = append(all, part{i, end})
		i = end
	}
	return all, len(text)
}

// partEnd is where the part that begins at i ends.
func partEnd(text string, i int) int {
	depth := 0
	for quote := byte(0); i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0 && c == '\\':
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
		case c == '"', c == '\'' && text[i-min(i, 1)] == ':':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case isSpace(c) && depth <= 0:
			return i
		}
	}
	return len(text)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// unquoted takes the quotes off a value.
func unquoted(value string) string {
	if len(value) < 2 || value[0] != value[len(value)-1] || value[0] != '"' && value[0] != '\'' {
		return value
	}
	quote := value[:1]
	return strings.NewReplacer(`\`+quote, quote, `\\`, `\`).Replace(value[1 : len(value)-1])
}

// The limits of what a rule can say.
const (
	maxDelay   = 10 * time.Minute
	maxCopies  = 100
	maxCount   = 1_000_000_000
	maxLasting = 30 * 24 * time.Hour
)

func parseSpan(s string) (span, error) {
	from, to, isRange := strings.Cut(s, "..")
	if !isRange {
		to = from
	}
	shortest, err := parseDelay(from)
	if err != nil {
		return span{}, err
	}
	longest, err := parseDelay(to)
	switch {
	case err != nil:
		return span{}, err
	case longest < shortest:
		return span{}, fmt.Errorf("%s is more than %s", from, to)
	}
	return span{shortest, longest}, nil
}

func parseDelay(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%.40q is no duration", s)
	case d <= 0:
		return 0, fmt.Errorf("%s must be more than zero", s)
	case d > maxDelay:
		return 0, fmt.Errorf("%s is more than %s", s, maxDelay)
	}
	return d, nil
}

// parseCount reads a whole number from least to most.
func parseCount(s string, least, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%.40q is no whole number from %d to %d", s, least, most)
	}
	return n, nil
}

// parseRate reads a share such as 30% or 0.3.
func parseRate(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	x, err := strconv.ParseFloat(number, 64)
	if percent {
		x /= 100
	}
	if err != nil || !(x > 0 && x <= 1) {
		return 0, fmt.Errorf("%.40q is no share above 0%% and up to 100%%", s)
	}
	return x, nil
}
