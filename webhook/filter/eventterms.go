package filter

import (
	"net/http"
	"slices"
	"strings"

	"github.com/taskhook/taskhook/webhook"
)

// needEvent and needBody are what terms beyond the row need.
var (
	needEvent = needs{event: true, rank: rankEvent}
	needBody  = needs{body: true, rank: rankBody}
	needText  = needs{event: true, body: true, rank: rankBody}
)

// ofEvent makes a term of a property of the stored event.
func ofEvent(t *term, has func(e *webhook.Event) bool) *term {
	t.need = needEvent
	t.test = func(c *candidate) Result {
		if c.event == nil {
			return c.unknown(needEvent)
		}
		return result(has(c.event))
	}
	return t
}

// parseName reads a property of the event that is a name.
func parseName(_ *parser, f field, value word) (*term, *SyntaxError) {
	ps, t, err := patterns(f, value)
	if err != nil {
		return nil, err
	}
	return ofEvent(t, func(e *webhook.Event) bool {
		switch f.name {
		case "method":
			return anyMatches(ps, e.Method)
		case "key":
			return anyMatches(ps, e.Verdict.Key)
		}
		return anyMatches(ps, e.Verdict.Scheme)
	}), nil
}

func parseSource(_ *parser, f field, value word) (*term, *SyntaxError) {
	words, t, err := chosen(f, value)
	if err != nil {
		return nil, err
	}
	return ofEvent(t, func(e *webhook.Event) bool { return slices.Contains(words, string(e.Source)) }), nil
}

func parseWebhookID(_ *parser, f field, value word) (*term, *SyntaxError) {
	ps, t, err := patterns(f, value)
	if err != nil {
		return nil, err
	}
	for i, p := range ps {
		if !p.wild && len(p.runes) > 0 {
			ps[i] = p.prefix()
		}
	}
	return ofEvent(t, func(e *webhook.Event) bool { return anyMatches(ps, e.WebhookID) }), nil
}

// matchers parses alternatives that are looked for within a text.
func matchers(f field, value word) ([]matcher, *term, *SyntaxError) {
	var ms []matcher
	t, err := eachOf(f, value, func(w word) (string, *SyntaxError) {
		if w.text == "" {
			return "", w.wrong("for example "+f.example, "an empty text matches everything")
		}
		m := newMatcher(w)
		ms = append(ms, m)
		return m.text, nil
	})
	return ms, t, err
}

func anyWithin(ms []matcher, s string) bool {
	for i := range ms {
		if ms[i].match(s) {
			return true
		}
	}
	return false
}

func parsePath(_ *parser, f field, value word) (*term, *SyntaxError) {
	ms, t, err := matchers(f, value)
	if err != nil {
		return nil, err
	}
	return ofEvent(t, func(e *webhook.Event) bool { return anyWithin(ms, target(e)) }), nil
}

// target is the path with its query.
func target(e *webhook.Event) string {
	if e.RawQuery == "" {
		return e.Path
	}
	return e.Path + "?" + e.RawQuery
}

func parseHeader(_ *parser, f field, value word) (*term, *SyntaxError) {
	name, wanted, hasValue := value.cut('=')
	if name.missing() || hasValue && wanted.missing() {
		return nil, value.wrong("for example "+f.example+", or header:NAME for one that is present", "%q needs a name and a value", "header:name=value")
	}
	names, t, err := patterns(f, name)
	if err != nil {
		return nil, err
	}
	var ms []matcher
	if hasValue {
		var tv *term
		if ms, tv, err = matchers(f, wanted); err != nil {
			return nil, err
		}
		t.text += "=" + strings.TrimPrefix(tv.text, f.name+":")
	}
	return ofEvent(t, func(e *webhook.Event) bool {
		return hasHeader(e.Header, names, ms)
	}), nil
}

// hasHeader compares every name itself: what was imported need not be in
// canonical form.
func hasHeader(h http.Header, names []pattern, ms []matcher) bool {
	for name, values := range h {
		if !anyMatches(names, name) {
			continue
		}
		if ms == nil {
			return true
		}
		for _, v := range values {
			if anyWithin(ms, v) {
				return true
			}
		}
	}
	return false
}

// needles parses alternatives without wildcards.
func needles(w word, f field) ([]*needle, *term, *SyntaxError) {
	var ns []*needle
	t, err := eachOf(f, w, func(w word) (string, *SyntaxError) {
		if w.text == "" {
			return "", w.wrong("leave the term out", "an empty text matches everything")
		}
		ns = append(ns, newNeedle(w.text))
		return w.plain(true), nil
	})
	return ns, t, err
}

func parseBody(_ *parser, f field, value word) (*term, *SyntaxError) {
	ns, t, err := needles(value, f)
	if err != nil {
		return nil, err
	}
	t.need = needBody
	t.test = func(c *candidate) Result {
		if !c.read {
			return c.unknown(needBody)
		}
		return result(slices.ContainsFunc(ns, func(n *needle) bool { return n.in(c.body) }))
	}
	return t, nil
}

// textTerm is a bare text: in the type, the webhookId, the path or the body.
func textTerm(w word) (*term, *SyntaxError) {
	ns, t, err := needles(w, field{})
	if err != nil {
		return nil, err
	}
	t.text = bareText(w, strings.TrimPrefix(t.text, ":"))
	t.need = needText
	t.test = func(c *candidate) Result {
		for _, n := range ns {
			switch {
			case n.inString(c.row.Type):
				return Yes
			case c.event != nil && (n.inString(c.event.WebhookID) || n.inString(target(c.event))):
				return Yes
			case c.read && n.in(c.body):
				return Yes
			}
		}
		if !c.read {
			return c.unknown(needText)
		}
		return No
	}
	return t, nil
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
	for i, part := range parts {
		if i == 0 {
			text = quote(part.text)
			continue
		}
		text += "|" + part.plain(true)
	}
	return text
}
