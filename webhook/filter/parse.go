package filter

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// parser reads a filter by this grammar:
//
//	either = each { "or" each }
//	each   = one { ["and"] one }
//	one    = ( "!" | "not" ) one | "(" either ")" | jq | word
//
// Each of its methods ends before a term or a parenthesis, or at the end.
type parser struct {
	src     string
	at      stage // terms that are not known by then are refused
	pos     int
	depth   int
	moments []moment

	expressions int // of jq, so far
}

func (p *parser) parse() (*node, error) {
	if len(p.src) > maxText {
		return nil, tooLong(p.src)
	}
	if i := invalid(p.src); i >= 0 {
		return nil, wrong(i, i+1, "", "the text is not UTF-8")
	}
	p.space()
	if p.pos == len(p.src) {
		return nil, nil
	}
	root, err := p.either()
	if err != nil {
		return nil, err
	}
	if p.pos < len(p.src) { // either ends at nothing else
		return nil, wrong(p.pos, p.pos+1, "to look for a parenthesis, put it in quotes", `this ")" has no counterpart`)
	}
	return root, nil
}

// invalid returns where s stops being UTF-8, or -1.
func invalid(s string) int {
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return i
		}
	}
	return -1
}

func (p *parser) space() {
	rest := strings.TrimLeftFunc(p.src[p.pos:], unicode.IsSpace)
	p.pos = len(p.src) - len(rest)
}

// keyword takes and, or or not, in any case, where it stands as a word.
func (p *parser) keyword(k string) bool {
	end := p.pos + len(k)
	if end > len(p.src) || !strings.EqualFold(p.src[p.pos:end], k) {
		return false
	}
	if end < len(p.src) && !breaks(p.src[end:]) {
		return false
	}
	p.pos = end
	p.space()
	return true
}

// ended reports whether no term can stand here.
func (p *parser) ended() bool { return p.pos == len(p.src) || p.src[p.pos] == ')' }

func (p *parser) either() (*node, *SyntaxError) {
	return p.row("or", kindOr, p.each)
}

func (p *parser) each() (*node, *SyntaxError) {
	return p.row("and", kindAnd, p.one)
}

// row reads nodes with a keyword between them; "and" may be left out.
func (p *parser) row(k string, kind int, next func() (*node, *SyntaxError)) (*node, *SyntaxError) {
	var nodes []*node
	for {
		n, err := next()
		if err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
		before := p.pos
		switch {
		case p.keyword(k):
			if p.ended() {
				return nil, p.oneSided(before, k)
			}
		case kind == kindOr || p.ended() || p.peek("or"):
			return join(kind, nodes), nil
		}
	}
}

func (p *parser) peek(k string) bool {
	at := p.pos
	found := p.keyword(k)
	p.pos = at
	return found
}

func (p *parser) oneSided(at int, k string) *SyntaxError {
	return wrong(at, at+len(k), "to look for the word, put it in quotes", "%q needs a term on both sides", k)
}

// one reads a node and the white space after it.
func (p *parser) one() (n *node, err *SyntaxError) {
	at := p.pos
	for _, k := range [...]string{"or", "and"} {
		if p.keyword(k) {
			return nil, p.oneSided(at, k)
		}
	}
	switch {
	case p.src[p.pos] == '!':
		p.pos++
		p.space()
		n, err = p.negated(at)
	case p.keyword("not"):
		n, err = p.negated(at)
	case p.src[p.pos] == '(':
		n, err = p.group()
	case p.src[p.pos] == '.' || hasFoldPrefix(p.src[p.pos:], "jq:"):
		n, err = p.jq()
	default:
		n, err = p.word()
	}
	p.space()
	return n, err
}

func hasFoldPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func (p *parser) negated(at int) (*node, *SyntaxError) {
	if p.ended() {
		return nil, wrong(at, max(at+1, min(p.pos, at+3)), "write a term after it", "nothing to negate")
	}
	if err := p.deeper(at); err != nil {
		return nil, err
	}
	defer p.shallower()
	n, err := p.one()
	if err != nil {
		return nil, err
	}
	return negate(n), nil
}

func (p *parser) group() (*node, *SyntaxError) {
	at := p.pos
	if err := p.deeper(at); err != nil {
		return nil, err
	}
	defer p.shallower()
	p.pos++
	p.space()
	switch {
	case p.pos == len(p.src):
		return nil, unclosed(at)
	case p.src[p.pos] == ')':
		return nil, wrong(at, p.pos+1, "to look for parentheses, put them in quotes", "these parentheses are empty")
	}
	n, err := p.either()
	if err != nil {
		return nil, err
	}
	if p.pos == len(p.src) {
		return nil, unclosed(at)
	}
	p.pos++
	return n, nil
}

func unclosed(at int) *SyntaxError {
	return wrong(at, at+1, `add a ")"`, "this parenthesis is not closed")
}

func (p *parser) deeper(at int) *SyntaxError {
	if p.depth == maxDepth {
		return wrong(at, at+1, "", "parentheses and negations are nested more than %d deep", maxDepth)
	}
	p.depth++
	return nil
}

func (p *parser) shallower() { p.depth-- }

// word reads a term with a field, or a bare text.
func (p *parser) word() (*node, *SyntaxError) {
	w, err := readWord(p.src, p.pos)
	if err != nil {
		return nil, err
	}
	p.pos = w.end
	name, value, found := w.cut(':')
	if !found || !isName(name) {
		return p.bare(w)
	}
	f, known := lookup(strings.ToLower(name.text))
	if !known {
		return nil, name.wrong(suggest(name.text, fieldNames(), "to look for the text itself, put it in quotes"),
			"unknown field %s", show(name.text))
	}
	if value.missing() {
		return nil, wrong(w.start, w.end, "for example "+f.example, "%q needs a value after the colon", f.name+":")
	}
	if err := p.at.check(f, name, value); err != nil {
		return nil, err
	}
	return f.parse(p, f, value)
}

// isName reports whether a word can be meant as a field's name.
func isName(w word) bool {
	if w.text == "" || w.hasQuotes() {
		return false
	}
	for i := range len(w.text) {
		if c := w.text[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// bare reads a word without a field: a text, or an event's number.
func (p *parser) bare(w word) (*node, *SyntaxError) {
	if w.text != "" && !w.quoted[0] && strings.IndexByte("=<>|", w.text[0]) >= 0 {
		return nil, w.wrong(`a whole jq expression goes in parentheses, a text in quotes`,
			"%s is not a term", show(w.text))
	}
	if i := max(w.index('<'), w.index('>')); i > 0 && !w.hasQuotes() {
		if f, known := lookup(strings.ToLower(strings.TrimRight(w.text[:i], "<>="))); known {
			return nil, w.wrong("write "+f.name+":"+w.text[len(f.name):], "%s is not a term", show(w.text))
		}
	}
	if number := strings.TrimPrefix(w.text, "#"); number != w.text && !w.hasQuotes() && digits(number) {
		f, _ := lookup("id")
		if err := p.at.check(f, w, w); err != nil {
			return nil, err
		}
		return f.parse(p, f, w)
	}
	return textTerm(w)
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
