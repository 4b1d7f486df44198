package taskee

import (
	_ "embed" // the catalogue
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/taskhook/taskhook/format"
)

// EventType is a type of event that the platform sends. Those of the [Catalogue]
// have a sample; the zero value is not one of them.
type EventType struct {
	Name        string // in documents and settings
	WireType    string // in the type of a body; usually the name
	Category    string
	Description string // when it is sent

	fields []byte // its own in a sample: a JSON object, with placeholders for times
}

//go:embed events.json
var eventsJSON []byte

// catalogue is read when it is first needed, to not delay the start.
var catalogue = sync.OnceValue(func() []EventType {
	var entries []struct {
		Name, WireType, Category, Description string
		Fields                                json.RawMessage
	}
	if err := json.Unmarshal(eventsJSON, &entries); err != nil {
		panic(fmt.Sprintf("taskee: the built-in catalogue of events is broken: %v", err)) // a test reads it
	}
	all := make([]EventType, len(entries))
	for i, e := range entries {
		all[i] = EventType{e.Name, e.WireType, e.Category, e.Description, e.Fields}
	}
	return all
})

// Catalogue returns all types of events, sorted by name. The slice is the
// caller's own.
func Catalogue() []EventType { return slices.Clone(catalogue()) }

// LookUp finds a type by its name, or else by its type on the wire, in any case.
func LookUp(name string) (EventType, bool) {
	all := catalogue()
	i := slices.IndexFunc(all, func(t EventType) bool { return strings.EqualFold(t.Name, name) })
	if i < 0 {
		i = slices.IndexFunc(all, func(t EventType) bool { return strings.EqualFold(t.WireType, name) })
	}
	if i < 0 {
		return EventType{}, false
	}
	return all[i], true
}

// Nearest returns the name or type on the wire that was probably meant by a
// misspelled one, "" if none is similar. Case and punctuation do not count.
func Nearest(name string) string {
	var names []string
	for _, t := range catalogue() {
		names = append(names, t.Name, t.WireType)
	}
	return format.Nearest(name, names)
}
