package fault

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/webhook/filter"
)

// removed are effects of earlier versions, and why they are gone.
var removed = map[string]string{
	"with":        "leave it out: the platform does not read the body of an answer",
	"retry-after": "leave it out: the platform ignores Retry-After",
}

// renamed are effects of earlier versions, and their names now.
var renamed = map[string]string{"for": "expires"}

// unknown says what is wrong with a word that is not an effect. In earlier
// versions the filter could stand anywhere: the hint shows such a rule as it is
// written now.
func (p *parser) unknown(w word) *RuleError {
	name, _, hasValue := strings.Cut(w.text, ":")
	selects := hasValue && filter.IsField(name)
	if why := removed[strings.ToLower(name)]; why != "" && hasValue {
		return w.wrong(why, "%q is no longer an effect", name+":")
	}
	meant := format.Nearest(name, effectNames())
	rule := p.rewritten()
	switch now := renamed[strings.ToLower(name)]; {
	case now != "":
		return w.wrong("write it as: "+cmp.Or(rule, now+":10m"), "%q is now %q", name+":", now+":")
	case meant != "" && !selects:
		return word{w.from, name}.wrong(fmt.Sprintf("did you mean %q?", meant), "unknown effect %.60q", name)
	case rule != "":
		return w.wrong("write it as: "+rule, `%.60q is not an effect; a filter comes after "for"`, w.text)
	case selects:
		return w.wrong("for example: status:429 for type:ContactCreate", `%.60q is not an effect; a filter comes after "for"`, w.text)
	}
	return word{w.from, name}.wrong("the effects are "+strings.Join(effectNames(), ", "), "unknown effect %.60q", name)
}

// rewritten returns a rule without "for" with its effects first and the rest of
// its text after "for", "" if that is not a rule.
func (p *parser) rewritten() string {
	words, _, hasFilter := split(p.text)
	if hasFilter {
		return ""
	}
	var own []string
	rest, end := "", 0
	for _, w := range words {
		name, value, _ := strings.Cut(w.text, ":")
		now, isOld := renamed[strings.ToLower(name)]
		_, known := effectNamed(name)
		inQuotes := strings.Count(p.text[:w.from], `"`)%2 == 1
		if inQuotes || !known && !isOld {
			continue
		}
		rest += strings.TrimRightFunc(p.text[end:w.from], unicode.IsSpace)
		end = w.end()
		if isOld {
			w.text = now + ":" + value
		}
		own = append(own, w.text)
	}
	rule := strings.Join(own, " ")
	if rest = strings.TrimSpace(rest + p.text[end:]); rest != "" {
		rule += " for " + rest
	}
	if _, err := Parse(rule); err != nil {
		return ""
	}
	return rule
}
