package filter

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// parseTerm reads a field's value.
type parseTerm func(p *parser, f field, value word) (*node, *SyntaxError)

// readOne reads one alternative of a value and returns it with its canonical
// text.
type readOne[M any] func(f field, w word) (M, string, *SyntaxError)

// readEach reads all alternatives of a value and returns them with their
// canonical text.
func readEach[M any](f field, value word, read readOne[M]) ([]M, string, *SyntaxError) {
	words, err := value.alternatives()
	if err != nil {
		return nil, "", err
	}
	all, texts := make([]M, len(words)), make([]string, len(words))
	for i, w := range words {
		if all[i], texts[i], err = read(f, w); err != nil {
			return nil, "", err
		}
	}
	return all, strings.Join(texts, "|"), nil
}

// matcher is one alternative of a value.
type matcher[V any] interface{ match(v V) bool }

func anyMatches[V any, M matcher[V]](ms []M, v V) bool {
	for i := range ms {
		if ms[i].match(v) {
			return true
		}
	}
	return false
}

// oneOf parses a value one alternative of which must match what of returns.
func oneOf[V any, M matcher[V]](read readOne[M], of func(c *candidate) V) parseTerm {
	return func(_ *parser, f field, value word) (*node, *SyntaxError) {
		ms, text, err := readEach(f, value, read)
		if err != nil {
			return nil, err
		}
		return newTerm(f, text, func(c *candidate) bool { return anyMatches(ms, of(c)) }), nil
	}
}

// choice is a word of an enumeration.
type choice string

func (c choice) match(s string) bool { return string(c) == s }

func readChoice(f field, w word) (choice, string, *SyntaxError) {
	s := strings.NewReplacer(" ", "-", "_", "-").Replace(strings.ToLower(w.text))
	if now, old := renamed[f.name+":"+s]; old {
		return "", "", w.wrong("", "%s:%s is now %s", f.name, s, now)
	}
	if known := names(f.values); !slices.Contains(known, s) && !slices.Contains(names(f.unused), s) {
		kind := f.name
		if kind == "is" {
			kind = "property"
		}
		last := len(known) - 1
		list := strings.Join(known[:last], ", ") + " or " + known[last]
		return "", "", w.wrong(suggest(s, known, "write "+list), "unknown %s %s", kind, show(w.text))
	}
	return choice(s), s, nil
}

func readTrait(f field, w word) (trait, string, *SyntaxError) {
	_, s, err := readChoice(f, w)
	if err != nil {
		return trait{}, "", err
	}
	i := slices.IndexFunc(traits[:], func(t trait) bool { return t.name == s })
	return traits[i], s, nil
}

func (t trait) match(c *candidate) bool { return t.has(c) }

// numbers parses a value of numbers one of which must hold what of returns.
// It is oneOf without a dynamic call for each alternative: scans of rows are
// mostly such comparisons.
func numbers(q quantity, of func(c *candidate) int64) parseTerm {
	return func(_ *parser, f field, value word) (*node, *SyntaxError) {
		all, text, err := readEach(f, value, q.read)
		if err != nil {
			return nil, err
		}
		n := newTerm(f, text, func(c *candidate) bool {
			number := of(c)
			for _, i := range all {
				if i.has(number) {
					return true
				}
			}
			return false
		})
		if f.name == "id" {
			n.text = strings.ReplaceAll(n.text, "#", "")
			n.ids = all[0]
			n.passed = !slices.ContainsFunc(all, func(i interval) bool { return i.least != i.most })
			for _, i := range all[1:] {
				n.ids = n.ids.around(i)
			}
		}
		return n, nil
	}
}

// target is the path with its query.
func target(c *candidate) string {
	if c.event.RawQuery == "" {
		return c.event.Path
	}
	return c.event.Path + "?" + c.event.RawQuery
}

// unescapedTarget is target with its percent-encoding undone, "" if it has none.
func unescapedTarget(c *candidate) string {
	t := target(c)
	if strings.IndexByte(t, '%') < 0 {
		return ""
	}
	plain := make([]byte, 0, len(t))
	for i := 0; i < len(t); i++ {
		b := t[i]
		if b == '%' && i+2 < len(t) {
			if n, err := strconv.ParseUint(t[i+1:i+3], 16, 8); err == nil {
				b = byte(n)
				i += 2
			}
		}
		plain = append(plain, b)
	}
	return string(plain)
}

// pathPart is what is looked for in the path with its query.
type pathPart struct{ pattern }

func (p pathPart) match(c *candidate) bool {
	if p.pattern.match(target(c)) {
		return true
	}
	plain := unescapedTarget(c)
	return plain != "" && p.pattern.match(plain)
}

func readPathPart(f field, w word) (pathPart, string, *SyntaxError) {
	p, text, err := readPart(f, w)
	return pathPart{p}, text, err
}

func parseHeader(_ *parser, f field, value word) (*node, *SyntaxError) {
	name, wanted, hasValue := value.cut('=')
	if name.missing() || hasValue && wanted.missing() {
		return nil, value.wrong("for example "+f.example+", or header:NAME for one that is present", "%q needs a name and a value", "header:name=value")
	}
	names, text, err := readEach(f, name, readName)
	if err != nil {
		return nil, err
	}
	var parts []pattern
	if hasValue {
		var partText string
		if parts, partText, err = readEach(f, wanted, readPart); err != nil {
			return nil, err
		}
		text += "=" + partText
	}
	return newTerm(f, text, func(c *candidate) bool { return hasHeader(c.event.Header, names, parts) }), nil
}

// hasHeader compares every name itself: what was imported need not be in
// canonical form.
func hasHeader(h http.Header, names, parts []pattern) bool {
	for name, values := range h {
		if !anyMatches(names, name) {
			continue
		}
		if parts == nil || slices.ContainsFunc(values, func(v string) bool { return anyMatches(parts, v) }) {
			return true
		}
	}
	return false
}

// textTerm is a bare text: in the type, the webhookId, the path or the body.
func textTerm(w word) (*node, *SyntaxError) {
	needles, text, err := readEach(field{}, w, readNeedle)
	if err != nil {
		return nil, err
	}
	in := func(s string) bool {
		return slices.ContainsFunc(needles, func(n *needle) bool { return n.match([]byte(s)) })
	}
	n := &node{text: bareText(w, text), cost: costBody, ids: everyID}
	n.eval = func(c *candidate) Result {
		switch {
		case in(c.row.Type),
			c.event != nil && (in(c.event.WebhookID) || in(target(c)) || in(unescapedTarget(c))),
			c.read && c.body.holdsOne(needles):
			return Yes
		case !c.read:
			c.wantsEvent = true
			return Unknown
		}
		return No
	}
	return n, nil
}

// bareText quotes a bare text's alternatives where it would be read as
// something else: a field, a keyword, jq, a negation, a number.
func bareText(w word, text string) string {
	first := text[0]
	keyword := slices.ContainsFunc([]string{"and", "or", "not"}, func(k string) bool { return strings.EqualFold(text, k) })
	if first == '"' || !keyword && !strings.ContainsAny(text, ":") && strings.IndexByte(".!#=<>", first) < 0 {
		return text
	}
	parts, _ := w.alternatives()
	text = Quote(parts[0].text)
	for _, part := range parts[1:] {
		text += "|" + part.plain(true)
	}
	return text
}
