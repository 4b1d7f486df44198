package filter

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/itchyny/gojq"
)

// ErrSlow is returned by Scan.Match when the filter's jq expression has run
// out of its time for an event: what it selects is not known then.
var ErrSlow = errors.New("the jq expression takes too long")

// jqTimeout is what a jq expression gets for one event: ten thousand times what
// an ordinary one takes, so that a busy machine does not fail a scan.
const jqTimeout = 200 * time.Millisecond

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
	query, err := gojq.Parse(w.text)
	if err != nil {
		return nil, jqSyntax(w, err, hint)
	}
	code, err := gojq.Compile(query)
	if err != nil {
		return nil, jqUndefined(w, err, hint)
	}
	p.shape.add(query)
	n := &node{text: "jq:(" + expr + ")", cost: costJQ, ids: everyID}
	if end, err := jqEnd(n.text, len("jq:(")); err != nil || end != len(n.text)-1 {
		n.text = "jq:" + quote(expr) // a comment with a parenthesis or a quote
	}
	n.eval = func(c *candidate) Result {
		if !c.read {
			return Unknown
		}
		v, ok := c.json()
		return result(ok && c.run(code, v))
	}
	return n, nil
}

// jqSyntax finds the place of a parse error.
func jqSyntax(w word, err error, hint string) *SyntaxError {
	var parse *gojq.ParseError
	if !errors.As(err, &parse) {
		return w.wrong(hint, "jq: %s", err)
	}
	end := min(max(parse.Offset, 0), len(w.text))
	start := max(end-len(parse.Token), 0)
	from, to := w.end, w.end
	if start < len(w.at) {
		from = w.at[start]
	}
	if end > 0 && end <= len(w.at) {
		to = max(from, w.at[end-1]+1)
	}
	if parse.Token == "" {
		return wrong(to, to, "", "the jq expression is incomplete")
	}
	return wrong(from, to, hint, "jq: unexpected %s", show(parse.Token))
}

// jqUndefined finds the place of a compile error, which is about a name.
func jqUndefined(w word, err error, hint string) *SyntaxError {
	message := err.Error()
	if name, found := strings.CutPrefix(message, "function not defined: "); found {
		name, _, _ = strings.Cut(name, "/")
		if i := strings.Index(w.text, name); i >= 0 && name != "" {
			return wrong(w.at[i], w.at[i+len(name)-1]+1, hint, "jq has no function %s", show(name))
		}
	}
	return w.wrong("", "jq: %s", message)
}

// json decodes the body, once an event. ok is false for what is no JSON.
func (c *candidate) json() (v any, ok bool) {
	if !c.decoded {
		c.decoded = true
		c.value, c.isJSON = decode(c.body.raw, c.shape)
	}
	return c.value, c.isJSON
}

// run reports whether an expression has a result other than false and null.
// What fails or runs out of time does not match.
func (c *candidate) run(code *gojq.Code, v any) (found bool) {
	ctx, cancel := context.WithTimeout(context.Background(), c.timeout)
	defer cancel()
	// A fault in the interpreter must not take the listener down.
	defer func() {
		if recover() != nil {
			found, c.undecided = false, true
		}
	}()
	for results := code.RunWithContext(ctx, v); ; {
		r, more := results.Next()
		if !more {
			return false
		}
		if err, failed := r.(error); failed {
			if errors.Is(err, context.DeadlineExceeded) {
				c.slow = true
			}
			c.undecided = true
			return false
		}
		if r != nil && r != false {
			return true
		}
	}
}
