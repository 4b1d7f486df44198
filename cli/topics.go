package cli

import (
	"embed"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/taskhook/taskhook/webhook/filter"
)

// topic is a page of help that belongs to no single command.
type topic struct {
	name, summary string
	make          func() string // nil: the page is a file
}

var topics = []topic{
	{"filters", "The language that selects events", filterTopic},
	{"verdicts", "What the signature check finds", nil},
	{"states", "What becomes of an event", nil},
	{"retries", "When the platform sends again", nil},
	{"exit-codes", "What commands exit with", nil},
	{"environment", "The variables that are read", nil},
}

//go:embed topics
var topicFiles embed.FS

// text is the page: a file, unless it is made from what the program knows.
func (t topic) text() (string, error) {
	if t.make != nil {
		return t.make(), nil
	}
	text, err := topicFiles.ReadFile("topics/" + t.name + ".txt")
	return strings.Replace(string(text), "STATES\n", meanings(filter.States()), 1), err
}

func findTopic(name string) (topic, bool) {
	i := slices.IndexFunc(topics, func(t topic) bool { return t.name == name })
	if i < 0 {
		return topic{}, false
	}
	return topics[i], true
}

func topicNames() []string {
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = t.name
	}
	return names
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
	b.WriteString("A filter selects events. It is typed after / on the screen, or given to --filter. An event\n" +
		"is selected when all terms of the filter are true of it:\n\n" +
		"  taskhook events list --filter 'state:failed since:1h !is:resent'\n")
	for _, t := range filter.Reference() {
		b.WriteString("\n  " + t.Syntax + "\n" + indented(t.Meaning) + "      for example: " + t.Example + "\n")
	}
	b.WriteString("\nThe words of is:\n\n" + meanings(filter.Traits()))
	return b.String()
}

// indented wraps a text at helpWidth, six columns in.
func indented(text string) string {
	var b strings.Builder
	column := helpWidth
	for _, word := range strings.Fields(text) {
		if column += 1 + utf8.RuneCountInString(word); column > helpWidth {
			b.WriteString("\n     ")
			column = 6 + utf8.RuneCountInString(word)
		}
		b.WriteString(" " + word)
	}
	return strings.TrimPrefix(b.String(), "\n") + "\n"
}

// meanings writes words of the filter language beside what they mean.
func meanings(words []filter.Term) string {
	rows := make([][2]string, len(words))
	for i, t := range words {
		rows[i] = [2]string{strings.TrimPrefix(t.Syntax, "state:"), t.Meaning}
	}
	return columns(rows)
}
