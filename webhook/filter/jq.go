package filter

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/taskhook/taskhook/jsjson"
	"github.com/taskhook/taskhook/webhook/filter/jq"
)

// Errors of an event for which a jq expression was too much: whether the filter
// selects it is not known.
var (
	// ErrSlow is returned when an expression runs out of its time for an event.
	ErrSlow = errors.New("the expression takes too long")
	// ErrMemory is returned when an expression needs more memory than it gets.
	ErrMemory = errors.New("the expression needs too much memory")
)

// ErrNoJQ is returned by a Scan that was given no JQ, where it needs one.
var ErrNoJQ = errors.New("jq cannot be run here")

// JQ runs jq expressions apart from this process: they may take all of its
// memory. [jq.Workers] is one.
type JQ interface {
	// Run decides bodies: it returns one outcome for each.
	Run(ctx context.Context, expression string, bodies [][]byte) ([]jq.Outcome, error)
}

// jqHint is for what cannot be read after a jq expression.
const jqHint = "a jq expression runs to the end of the text: put it in parentheses to go on after it"

// jq reads .JQ, jq:JQ, jq:(JQ) or jq:"JQ".
func (p *parser) jq() (*node, *SyntaxError) {
	expr, end, err := jqTerm(p.src, p.pos)
	if err != nil {
		return nil, err
	}
	p.pos = end
	hint := ""
	if expr.end == end && p.src[expr.start] != '"' {
		hint = jqHint // nothing of its own ends it
	}
	return p.compileJQ(expr, hint)
}

// jqTerm returns the expression of the jq term at a place, and where the term
// ends.
func jqTerm(src string, at int) (expr word, end int, err *SyntaxError) {
	from := at
	if src[at] != '.' {
		from += len("jq:")
	}
	switch {
	case from == len(src) || src[from] == ' ' || src[from] == ')':
		return word{}, 0, wrong(at, from, `for example jq:(.data.email == "x")`, `"jq:" needs an expression after the colon`)
	case src[from] == '"':
		expr, err = readWord(src, from)
		return expr, expr.end, err
	case src[from] == '(':
		end, err = jqEnd(src, from+1)
		if err == nil && end == len(src) {
			err = unclosed(from)
		}
		if err != nil {
			return word{}, 0, err
		}
		return rawWord(src, from+1, end), end + 1, nil
	}
	if end, err = jqEnd(src, from); err != nil {
		return word{}, 0, err
	}
	return rawWord(src, from, end), end, nil
}

// rawWord is a part of the source as it stands.
func rawWord(src string, from, end int) word {
	w := word{text: src[from:end], start: from, end: end}
	for i := from; i < end; i++ {
		w.at = append(w.at, i)
	}
	return w
}

// jqEnd returns the first closing parenthesis after from that jq's own
// brackets and strings do not account for, or the length of the source.
func jqEnd(src string, from int) (int, *SyntaxError) {
	var open []int // where brackets and strings begin; within a string "\(" opens again
	for i := from; i < len(src); i++ {
		c, last := src[i], len(open)-1
		inString := last >= 0 && src[open[last]] == '"'
		switch {
		case inString && c == '\\':
			i++
			if i < len(src) && src[i] == '(' {
				open = append(open, i)
			}
		case inString && c == '"':
			open = open[:last]
		case inString:
		case strings.IndexByte(`"([{`, c) >= 0:
			open = append(open, i)
		case strings.IndexByte(")]}", c) < 0:
		case last >= 0:
			open = open[:last]
		case c == ')':
			return i, nil
		}
	}
	if i := slices.IndexFunc(open, func(at int) bool { return src[at] == '"' }); i >= 0 {
		return 0, wrong(open[i], len(src), `add a " at its end`, "this string is not closed")
	}
	return len(src), nil
}

// compileJQ makes a term of an expression. The hint is for an expression that
// seems to have a term of the filter after it.
func (p *parser) compileJQ(w word, hint string) (*node, *SyntaxError) {
	expr := strings.TrimSpace(w.text)
	if expr == "" {
		return nil, w.wrong(`for example jq:(.data.email == "x")`, "the jq expression is empty")
	}
	parsed, err := jq.Parse(w.text)
	if err != nil {
		return nil, jqSyntax(w, err, hint)
	}
	n := &node{text: "jq:(" + expr + ")", cost: costJQ, ids: everyID}
	if parsed.Simple() {
		n.cost = costDecode
	}
	if end, err := jqEnd(n.text, len("jq:(")); err != nil || end != len(n.text)-1 {
		n.text = "jq:" + Quote(expr) // a comment with a parenthesis or a quote
	}
	at := p.expressions
	p.expressions++
	n.eval = func(c *candidate) Result {
		if !c.read {
			return Unknown
		}
		return c.jq(at, parsed)
	}
	return n, nil
}

// jqSyntax places an error of an expression in the filter.
func jqSyntax(w word, err error, hint string) *SyntaxError {
	var bad *jq.SyntaxError
	if !errors.As(err, &bad) {
		return w.wrong(hint, "jq: %s", err)
	}
	message := bad.Message
	if bad.Name != "" {
		message += " " + show(bad.Name)
	}
	from, to := w.end, w.end
	if bad.Start < len(w.at) {
		from = w.at[bad.Start]
	}
	if bad.End > 0 && bad.End <= len(w.at) {
		to = max(from, w.at[bad.End-1]+1)
	}
	if bad.Start == bad.End {
		return wrong(to, to, "", "%s", message)
	}
	if bad.Name == "" {
		hint = ""
	}
	return wrong(from, to, hint, "%s", message)
}

// jq says what is known of an expression, the one at a place in the filter. What
// takes jq is noted, and Unknown until an outcome is there.
func (c *candidate) jq(at int, x *jq.Expression) Result {
	for len(c.outcomes) <= at {
		c.outcomes = append(c.outcomes, jq.Unknown)
	}
	o := &c.outcomes[at]
	if *o == jq.Unknown {
		*o = x.Try(c.body.raw)
	}
	switch *o {
	case jq.Yes:
		return Yes
	case jq.No:
		c.notJSON = c.notJSON || c.strict && jsjson.Check(c.body.raw) != nil
	case jq.Unknown:
		if c.wants == nil {
			c.wants, c.wantsAt = x, at
		}
		return Unknown
	case jq.Failed:
		c.undecided = true
	case jq.Slow:
		c.tooMuch = ErrSlow
	case jq.Big:
		c.tooMuch = ErrMemory
	}
	return No
}
