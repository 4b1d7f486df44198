package filter

import (
	"slices"
	"strings"

	"github.com/taskhook/taskhook/webhook"
)

// ShowsPassed reports whether the filter asks for requests that are no webhooks:
// by their state, their verdict, their number, or a mark that a person has set.
// Lists leave them out otherwise, whatever else the filter says.
func (f *Filter) ShowsPassed() bool { return f.root != nil && f.root.passed }

// asksForPassed reports whether a term asks for requests that are no webhooks.
func asksForPassed(field, text string) bool {
	var word string
	switch field {
	case "state":
		word = string(webhook.StatePassed)
	case "verdict":
		word = string(webhook.Skipped)
	case "is":
		word = "marked"
	}
	return word != "" && slices.Contains(strings.Split(text, "|"), word)
}
