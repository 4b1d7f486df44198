package fault

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook/filter"
)

// checkPlace refuses a word of the rule where it would be read as a term of
// the filter: taken out of there, it would leave another filter behind.
func (p *parser) checkPlace(i int, w word) *RuleError {
	t := p.tokens[i]
	message := w.name + " is what the rule does and no term of its filter"
	quoted := fmt.Sprintf("; to look for the text, write %.60q", t.in(p.text))
	if w.name == "status" {
		quoted = "; what your app answers is not known before it is asked"
	}
	if t.depth > 0 {
		return t.wrong(message, "take it out of the parentheses"+quoted)
	}
	if i > 0 && p.tokens[i-1].kind == kindKeyword {
		return t.wrong(message, fmt.Sprintf("it cannot stand after %q: write it before the filter%s", p.tokens[i-1].in(p.text), quoted))
	}
	if i+1 == len(p.tokens) {
		return nil
	}
	next := p.tokens[i+1]
	joins := next.kind == kindKeyword && !strings.EqualFold(next.in(p.text), "not") && next.in(p.text) != "!"
	if joins {
		return t.wrong(message, fmt.Sprintf("it cannot stand before %q: write it before the filter%s", next.in(p.text), quoted))
	}
	if next.kind == kindParen && next.from == t.to && p.text[next.from] == '(' {
		return token{from: t.from, to: next.to}.wrong("a parenthesis stands right after "+w.name, "put a space before it, or the value in quotes")
	}
	return nil
}

// checkField refuses a term of the filter that is meant to be a word of the
// rule, and one that could never hold.
func (p *parser) checkField(t token, name, value string) *RuleError {
	name = strings.ToLower(name)
	if !isName(name) {
		return nil
	}
	at := token{from: t.from, to: t.from + len(name)}
	if p.fields == nil {
		p.fields = filterFields()
	}
	if !slices.Contains(p.fields, name) {
		// What is like no word is the filter's to refuse, or to look for.
		if meant := format.Nearest(name, append(wordNames(), p.fields...)); meant != "" {
			return at.wrong(fmt.Sprintf("unknown word %q", name), fmt.Sprintf("did you mean %q?", meant))
		}
		return nil
	}
	const known = "select by what has come in: type, header, path, body, verdict, is:duplicate or jq"
	switch name {
	case "state", "answer", "attempts", "dur":
		return at.wrong(name+" is not known when a rule is asked, which is before your app is", known)
	case "is":
		for one := range strings.SplitSeq(strings.ToLower(value), "|") {
			if slices.ContainsFunc(filter.Traits(), func(trait filter.Term) bool { return trait.Syntax == "is:"+one }) && !slices.Contains(traitsAtFirst, one) {
				return t.wrong("is:"+one+" is not known when a rule is asked, which is before your app is", known)
			}
		}
	}
	return nil
}

// traitsAtFirst are the words of is: that can hold when an event has come in.
var traitsAtFirst = []string{"duplicate", "altered", "pruned"}

// isName reports whether a text in lower case can be meant as a word's name.
func isName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-_") == ""
}

// filterFields are the names of the filter's fields.
func filterFields() []string {
	var names []string
	for _, t := range filter.Reference() {
		if name, _, has := strings.Cut(t.Syntax, ":"); has && isName(name) {
			names = append(names, name)
		}
	}
	return names
}

// check refuses what cannot be meant.
func (p *parser) check() *RuleError {
	for _, pair := range [...][2]string{
		{"status", "hang"}, {"status", "drop"}, {"status", "delay-after"}, {"status", "signature"}, {"status", "duplicate"},
		{"hang", "drop"}, {"hang", "delay"}, {"hang", "delay-after"}, {"hang", "signature"}, {"hang", "duplicate"},
		{"drop", "delay-after"}, {"rate", "every"},
	} {
		if err := p.checkPair(pair[0], pair[1]); err != nil {
			return err
		}
	}
	for _, need := range [...][2]string{
		{"with", "status"}, {"retry-after", "status"}, {"spacing", "duplicate"},
	} {
		t, has := p.at[need[0]]
		if _, ok := p.at[need[1]]; has && !ok {
			return t.wrong(need[0]+" belongs to "+need[1], "add "+need[1]+":…")
		}
	}
	if t, has := p.at["with"]; has && (p.rule.status == http.StatusNoContent || p.rule.status == http.StatusNotModified) {
		return t.wrong(fmt.Sprintf("an answer %d has no body", p.rule.status), "leave with: out")
	}
	if t, has := p.at["seed"]; has && p.rule.rate == 0 && p.rule.delay.fixed() && p.rule.delayAfter.fixed() {
		return t.wrong("seed has nothing to draw", "add rate:30%, or a range of delays such as delay:1s..5s")
	}
	return p.checkActs()
}

// checkPair refuses two words that contradict each other.
func (p *parser) checkPair(one, other string) *RuleError {
	a, hasA := p.at[one]
	b, hasB := p.at[other]
	if !hasA || !hasB {
		return nil
	}
	later := b
	if a.from > b.from {
		later = a
	}
	return later.wrong(fmt.Sprintf("%s and %s do not go together", one, other), "make two rules of it, or leave one of the two out")
}

// checkActs refuses a rule that does nothing.
func (p *parser) checkActs() *RuleError {
	for _, w := range words {
		if _, has := p.at[w.name]; has && w.acts {
			return nil
		}
	}
	for _, t := range p.tokens {
		name := strings.ToLower(t.in(p.text))
		if t.kind == kindOpenJQ {
			return t.wrong("the rule does nothing before its jq expression", "a jq expression runs to the end: put the words of the rule before it, or write jq:(…)")
		}
		if t.kind == kindWord && isName(name) && format.Nearest(name, []string{"hang"}) != "" {
			return t.wrong("the rule does nothing", `did you mean "hang"?`)
		}
	}
	return &RuleError{Offset: len(p.text), Message: "the rule does nothing", Hint: "say what is done: status:429, delay:2s, hang, drop:before, duplicate:2 or signature:strip"}
}
