package filter

import "strings"

// stage is a moment in the life of an event. The zero value is the first.
type stage int

// The stages from which on terms can be answered.
const (
	onArrival  stage = iota // it has been read, and is not stored yet
	onceStored              // it has a number, and earlier events are known
	afterwards              // it was sent to the app, and answered
)

// ParseReceived reads a filter for events at the moment they are received. A
// term about an attempt, an answer or a state is a *SyntaxError too: these are
// not known yet.
func ParseReceived(text string) (*Filter, error) {
	return parse(parser{src: text, at: onceStored})
}

// ParseArriving reads a filter for events that are not stored yet. A term about
// their number or about earlier events is a *SyntaxError as well.
func ParseArriving(text string) (*Filter, error) {
	return parse(parser{src: text, at: onArrival})
}

// check refuses a term that is not known by then.
func (s stage) check(f field, name, value word) *SyntaxError {
	hint := "select by type, location, contact, header, path, body, verdict, is:duplicate or jq"
	if s == onArrival {
		hint = "select by type, location, contact, header, path, body, verdict or jq"
	}
	when := map[stage]string{onceStored: "before an event is stored", afterwards: "when an event is received"}
	if f.known > s {
		return name.wrong(hint, "%q is not known %s", f.name+":", when[f.known])
	}
	if f.name != "is" || s == afterwards {
		return nil
	}
	words, err := value.alternatives()
	if err != nil {
		return err
	}
	for _, w := range words {
		if t, _, err := readTrait(f, w); err == nil && t.known > s {
			return w.wrong(hint, "%q is not known %s", "is:"+t.name, when[t.known])
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
