package cli

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/webhook/filter"
)

// topic is a page of help that belongs to no single command.
type topic struct {
	name, summary string
	text          func(root *cobra.Command) string
}

var topics = []topic{
	{"filters", "The language that selects events", func(*cobra.Command) string { return filterTopic() }},
	{"verdicts", "What the signature check finds", fixed(verdictsTopic)},
	{"states", "What becomes of an event", func(*cobra.Command) string {
		return strings.Replace(statesTopic, "STATES\n", meanings(filter.States()), 1)
	}},
	{"retries", "When the platform sends again", fixed(retriesTopic)},
	{"exit-codes", "What commands exit with", fixed(exitCodesTopic)},
	{"environment", "The variables that are read", fixed(environmentTopic)},
}

//go:embed topics/verdicts.txt
var verdictsTopic string

//go:embed topics/states.txt
var statesTopic string

//go:embed topics/retries.txt
var retriesTopic string

//go:embed topics/exit-codes.txt
var exitCodesTopic string

//go:embed topics/environment.txt
var environmentTopic string

func fixed(text string) func(*cobra.Command) string {
	return func(*cobra.Command) string { return text }
}

func findTopic(name string) (topic, bool) {
	i := slices.IndexFunc(topics, func(t topic) bool { return t.name == name })
	if i < 0 {
		return topic{}, false
	}
	return topics[i], true
}

func topicList() string {
	rows := make([][2]string, len(topics))
	for i, t := range topics {
		rows[i] = [2]string{t.name, t.summary}
	}
	return columns(rows)
}

// filterTopic writes the filter language, one term after another.
func filterTopic() string {
	var b strings.Builder
	b.WriteString("A filter selects events: on the screen after /, and in --filter. Terms stand side by side\n" +
		"and must all hold.\n\n" +
		"  taskhook events list --filter 'state:failed since:1h !is:resent'\n")
	for _, t := range filter.Reference() {
		b.WriteString("\n  " + t.Syntax + "\n      " + t.Meaning + "\n      for example: " + t.Example + "\n")
	}
	b.WriteString("\nThe words of is:\n\n" + meanings(filter.Traits()))
	return b.String()
}

// meanings writes words of the filter language beside what they mean.
func meanings(words []filter.Term) string {
	rows := make([][2]string, len(words))
	for i, t := range words {
		rows[i] = [2]string{strings.TrimPrefix(t.Syntax, "state:"), t.Meaning}
	}
	return columns(rows)
}
