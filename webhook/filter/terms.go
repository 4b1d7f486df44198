package filter

import (
	"slices"
	"strings"

	"github.com/taskhook/taskhook/webhook"
)

// eachOf parses every alternative of a value and returns the canonical term.
func eachOf(f field, value word, parse func(w word) (string, *SyntaxError)) (*term, *SyntaxError) {
	all, err := value.alternatives()
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(all))
	for i, w := range all {
		if texts[i], err = parse(w); err != nil {
			return nil, err
		}
	}
	return &term{text: f.name + ":" + strings.Join(texts, "|")}, nil
}

// patterns parses a value of names with wildcards.
func patterns(f field, value word) ([]pattern, *term, *SyntaxError) {
	var ps []pattern
	t, err := eachOf(f, value, func(w word) (string, *SyntaxError) {
		p := newPattern(w)
		ps = append(ps, p)
		return p.text, nil
	})
	return ps, t, err
}

func anyMatches(ps []pattern, s string) bool {
	for i := range ps {
		if ps[i].match(s) {
			return true
		}
	}
	return false
}

func parseType(_ *parser, f field, value word) (*term, *SyntaxError) {
	ps, t, err := patterns(f, value)
	if err != nil {
		return nil, err
	}
	t.test = func(c *candidate) Result { return result(anyMatches(ps, c.row.Type)) }
	return t, nil
}

// chosen parses alternatives of an enumeration.
func chosen(f field, value word) ([]string, *term, *SyntaxError) {
	var words []string
	known := names(f.values)
	t, err := eachOf(f, value, func(w word) (string, *SyntaxError) {
		s := strings.NewReplacer(" ", "-", "_", "-").Replace(strings.ToLower(w.text))
		if now, old := renamed[f.name+":"+s]; old {
			return "", w.wrong("", "%s:%s is now %s", f.name, s, now)
		}
		if !slices.Contains(known, s) {
			return "", w.wrong(suggest(s, known, "write "+list(known)), "unknown %s %s", kindOf(f), show(w.text))
		}
		words = append(words, s)
		return s, nil
	})
	return words, t, err
}

// kindOf names what a field's value is, for messages.
func kindOf(f field) string {
	if f.name == "is" {
		return "property"
	}
	return f.name
}

func list(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func parseState(_ *parser, f field, value word) (*term, *SyntaxError) {
	words, t, err := chosen(f, value)
	if err != nil {
		return nil, err
	}
	var states []webhook.State
	for _, s := range webhook.States {
		if slices.Contains(words, string(s)) {
			states = append(states, s)
		}
	}
	t.test = func(c *candidate) Result { return result(slices.Contains(states, c.row.Outcome.State(c.now))) }
	return t, nil
}

func parseVerdict(_ *parser, f field, value word) (*term, *SyntaxError) {
	words, t, err := chosen(f, value)
	if err != nil {
		return nil, err
	}
	t.test = func(c *candidate) Result { return result(slices.Contains(words, string(c.row.Verdict))) }
	return t, nil
}

func parseTrait(_ *parser, f field, value word) (*term, *SyntaxError) {
	words, t, err := chosen(f, value)
	if err != nil {
		return nil, err
	}
	var has []func(c *candidate) bool
	for _, tr := range traits {
		if slices.Contains(words, tr.name) {
			has = append(has, tr.has)
		}
	}
	t.test = func(c *candidate) Result {
		for _, h := range has {
			if h(c) {
				return Yes
			}
		}
		return No
	}
	return t, nil
}

// ranges parses alternatives of a quantity; none, where it is allowed, is the
// range of 0 alone.
func ranges(f field, value word, q quantity, none bool) ([]interval, *term, *SyntaxError) {
	var all []interval
	t, err := eachOf(f, value, func(w word) (string, *SyntaxError) {
		if none && strings.EqualFold(w.text, "none") {
			all = append(all, interval{0, 0})
			return "none", nil
		}
		l, text, err := q.parse(f, w)
		all = append(all, l)
		return text, err
	})
	return all, t, err
}

func anyHas(ls []interval, n int64) bool {
	for _, l := range ls {
		if l.has(n) {
			return true
		}
	}
	return false
}

// parseStatus reads status: and answer:.
func parseStatus(_ *parser, f field, value word) (*term, *SyntaxError) {
	ls, t, err := ranges(f, value, quantity{unit: status, least: 1, plain: true}, true)
	if err != nil {
		return nil, err
	}
	t.test = func(c *candidate) Result {
		return result(c.row.Attempts > 0 && anyHas(ls, int64(c.row.LastStatus)))
	}
	if f.name == "answer" {
		t.test = func(c *candidate) Result { return result(anyHas(ls, int64(c.row.Outcome.Answer.Status))) }
	}
	return t, nil
}

func parseID(_ *parser, f field, value word) (*term, *SyntaxError) {
	ls, t, err := ranges(f, value, quantity{unit: whole, least: 0, plain: true}, false)
	if err != nil {
		return nil, err
	}
	t.text = strings.ReplaceAll(t.text, "#", "")
	t.within = ls[0]
	for _, l := range ls[1:] {
		t.within = t.within.or(l)
	}
	t.test = func(c *candidate) Result { return result(anyHas(ls, int64(c.row.ID))) }
	return t, nil
}

func parseAttempts(_ *parser, f field, value word) (*term, *SyntaxError) {
	ls, t, err := ranges(f, value, quantity{unit: whole, plain: true}, false)
	if err != nil {
		return nil, err
	}
	t.test = func(c *candidate) Result { return result(anyHas(ls, int64(c.row.Attempts))) }
	return t, nil
}

func parseDuration(_ *parser, f field, value word) (*term, *SyntaxError) {
	ls, t, err := ranges(f, value, quantity{unit: elapsed}, false)
	if err != nil {
		return nil, err
	}
	t.test = func(c *candidate) Result {
		return result(c.row.Attempts > 0 && anyHas(ls, int64(c.row.LastDuration)))
	}
	return t, nil
}

func parseSize(_ *parser, f field, value word) (*term, *SyntaxError) {
	ls, t, err := ranges(f, value, quantity{unit: size, plain: true}, false)
	if err != nil {
		return nil, err
	}
	t.test = func(c *candidate) Result { return result(anyHas(ls, c.row.BodySize)) }
	return t, nil
}
