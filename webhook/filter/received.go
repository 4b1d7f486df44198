package filter

import "strings"

// ParseReceived reads a filter for events at the moment they are received. A
// term about an attempt, an answer or a state is a *SyntaxError too: these are
// not known yet.
func ParseReceived(text string) (*Filter, error) {
	return parse(parser{src: text, received: true})
}

// checkReceived refuses a term that is not known when an event is received.
func checkReceived(f field, name, value word) *SyntaxError {
	const hint = "select by type, location, contact, header, path, body, verdict, is:duplicate or jq"
	if f.later {
		return name.wrong(hint, "%q is not known when an event is received", f.name+":")
	}
	if f.name != "is" {
		return nil
	}
	words, err := value.alternatives()
	if err != nil {
		return err
	}
	for _, w := range words {
		if t, _, err := readTrait(f, w); err == nil && t.later {
			return w.wrong(hint, "%q is not known when an event is received", "is:"+t.name)
		}
	}
	return nil
}

// IsField reports whether a term may begin with this name and a colon. Case
// does not matter.
func IsField(name string) bool {
	_, known := lookup(strings.ToLower(name))
	return known || strings.EqualFold(name, "jq")
}
