package cli

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/filter"
)

// queryTerms are flags that stand for one term of the filter language.
var queryTerms = [...]struct{ flag, term, usage string }{
	{"type", "type", "only events of this `TYPE`, or of those that match, such as Contact*"},
	{"webhook-id", "wh", "only events whose webhookId starts with `ID`"},
	{"since", "since", "only events received since `TIME`, such as 10m (ago), today or 14:05"},
	{"before", "before", "only events received before `TIME`, such as 10m (ago), today or 14:05"},
	{"verdict", "verdict", "only events with this `VERDICT`, such as invalid (see taskhook help verdicts)"},
	{"status", "status", "only events whose last attempt got `STATUS`, such as 429, 5xx, 200..299 or none"},
	{"state", "state", "only events in this `STATE`, such as failed (see taskhook help states)"},
}

// queryFlags select events: a filter, and the flags of queryTerms.
type queryFlags struct {
	filter string
	values [len(queryTerms)]string
}

func (q *queryFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&q.filter, "filter", "", "only events that match `FILTER`, such as 'status:5xx !is:resent' (see taskhook help filters)")
	for i, t := range queryTerms {
		f.StringVar(&q.values[i], t.flag, "", t.usage)
	}
}

// addSelection adds the flags to a command that acts on events: a variable must
// not select what to act on.
func (q *queryFlags) addSelection(cmd *cobra.Command) {
	q.add(cmd)
	onlyOnCommandLine(cmd.Flags())
}

// one checks that events are selected either by name or by flags. The error is
// a usage error.
func (q *queryFlags) one(cmd *cobra.Command, names []string, example string) error {
	switch {
	case len(names) == 0 && !q.given():
		return usageError(cmd, errors.New("name events, or select them with flags"), "for example: "+example)
	case len(names) > 0 && q.given():
		return usageError(cmd, errors.New("events are both named and selected with flags"), "do one of the two: "+example)
	}
	return nil
}

// given reports whether any of the flags was used.
func (q *queryFlags) given() bool { return *q != queryFlags{} }

// query is the query of the flags: an event has to match all their terms.
func (q *queryFlags) query(cmd *cobra.Command) (webhook.Query, error) {
	var terms []string
	for i, t := range queryTerms {
		value := q.values[i]
		if value == "" {
			continue
		}
		if t.term == "state" {
			value = strings.ReplaceAll(value, " ", "-")
		}
		term := t.term + ":" + quoted(value)
		if _, err := filter.Parse(term); err != nil {
			return webhook.Query{}, filterError(cmd, t.flag, "", err)
		}
		terms = append(terms, term)
	}
	if q.filter != "" {
		if _, err := filter.Parse(q.filter); err != nil {
			return webhook.Query{}, filterError(cmd, "filter", q.filter, err)
		}
		// Last: a jq expression runs to the end of the text.
		terms = append(terms, "("+q.filter+")")
	}
	return webhook.Query{Filter: strings.Join(terms, " ")}, nil
}

// quoted writes a text as one value of the filter language.
func quoted(s string) string {
	if strings.ContainsAny(s, " ()\"\\") {
		return filter.Quote(s)
	}
	return s
}

// filterError says what is wrong with the value of a flag, and shows where in
// text, unless that is "": the message of a syntax error names a single term.
func filterError(cmd *cobra.Command, flag, text string, err error) error {
	var syntax *filter.SyntaxError
	if !errors.As(err, &syntax) {
		return usageError(cmd, fmt.Errorf("invalid --%s: %w", flag, err))
	}
	message := syntax.Message
	if text != "" {
		message += "\n" + pointAt(text, syntax.Offset, syntax.Length)
	}
	return usageError(cmd, fmt.Errorf("invalid --%s: %s", flag, message), cmp.Or(syntax.Hint, "see: taskhook help filters"))
}

// pointAt shows a text with a mark under a part of it, both in bytes.
func pointAt(text string, offset, length int) string {
	from := min(max(offset, 0), len(text))
	to := min(from+max(length, 0), len(text))
	caret := strings.Repeat(" ", cells(text[:from])) + strings.Repeat("^", max(1, cells(text[from:to])))
	return "  " + text + "\n  " + caret
}
