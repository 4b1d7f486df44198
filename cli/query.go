package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"taskhook/webhook"
)

// queryFlags select events.
type queryFlags struct {
	eventType string
	webhookID string
	since     string
	before    string
	verdict   string
	status    string
	state     string
}

func (q *queryFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&q.eventType, "type", "", "only events of type T; Contact* takes all that begin so")
	f.StringVar(&q.webhookID, "webhook-id", "", "only events with this webhookId")
	f.StringVar(&q.since, "since", "", "only events received in the last 10m, 1h, 7d, or since a TIME")
	f.StringVar(&q.before, "before", "", "only events received before a TIME, or longer ago than 10m, 1h, 7d")
	f.StringVar(&q.verdict, "verdict", "", "only events with this verdict: valid, invalid, unsigned or unchecked")
	f.StringVar(&q.status, "status", "", "only events whose last attempt ended so: 429, 5xx, 200..299 or none")
	f.StringVar(&q.state, "state", "", "only events in this state: accepted, pending, lost, rescued, refused …")
}

// names are the names of the flags.
func (q *queryFlags) names() []string {
	return []string{"type", "webhook-id", "since", "before", "verdict", "status", "state"}
}

// given reports whether any of the flags was used.
func (q *queryFlags) given() bool { return *q != queryFlags{} }

// query understands the flags at a time.
func (q *queryFlags) query(cmd *cobra.Command, now time.Time) (webhook.Query, error) {
	out := webhook.Query{Type: q.eventType, WebhookID: q.webhookID}
	var err error
	if out.Since, err = parseTime(q.since, now); err != nil {
		return out, usageError(cmd, fmt.Errorf("invalid --since: %w", err))
	}
	if out.Before, err = parseTime(q.before, now); err != nil {
		return out, usageError(cmd, fmt.Errorf("invalid --before: %w", err))
	}
	if out.Verdict, err = parseVerdict(q.verdict); err != nil {
		return out, usageError(cmd, err)
	}
	if out.Status, err = parseStatus(q.status); err != nil {
		return out, usageError(cmd, err)
	}
	if out.State, err = parseState(q.state); err != nil {
		return out, usageError(cmd, err)
	}
	return out, nil
}

// parseTime understands a span before now (1h, 30d), a day or a time.
func parseTime(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := parseSpan(s); err == nil {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is neither a span such as 1h or 7d nor a time such as 2026-01-28T14:35:00Z", s)
}

func parseVerdict(s string) (webhook.VerdictStatus, error) {
	switch v := webhook.VerdictStatus(s); v {
	case "", webhook.Valid, webhook.Invalid, webhook.Unsigned, webhook.Unchecked:
		return v, nil
	}
	return "", fmt.Errorf("invalid --verdict %q: want valid, invalid, unsigned or unchecked", s)
}

// parseStatus understands 429, 5xx, 200..299 and none.
func parseStatus(s string) (webhook.StatusRange, error) {
	bad := fmt.Errorf("invalid --status %q: want 429, 5xx, 200..299 or none", s)
	low, high, isRange := strings.Cut(s, "..")
	switch {
	case s == "":
		return webhook.StatusRange{}, nil
	case s == "none":
		return webhook.StatusRange{None: true}, nil
	case len(s) == 3 && strings.EqualFold(s[1:], "xx") && s[0] >= '1' && s[0] <= '5':
		class := int(s[0]-'0') * 100
		return webhook.StatusRange{Min: class, Max: class + 99}, nil
	case !isRange:
		high = low
	}
	lo, err1 := strconv.Atoi(low)
	hi, err2 := strconv.Atoi(high)
	if errors.Join(err1, err2) != nil || lo < 100 || hi > 599 || lo > hi {
		return webhook.StatusRange{}, bad
	}
	return webhook.StatusRange{Min: lo, Max: hi}, nil
}

// parseState understands every state; "presumed-lost" as well.
func parseState(s string) (webhook.State, error) {
	if s == "" {
		return "", nil
	}
	want := webhook.State(strings.ReplaceAll(strings.ToLower(s), "-", " "))
	names := make([]string, 0, len(webhook.States))
	for _, state := range webhook.States {
		if state == want {
			return state, nil
		}
		names = append(names, strings.ReplaceAll(string(state), " ", "-"))
	}
	return "", fmt.Errorf("invalid --state %q: want one of %s", s, strings.Join(names, ", "))
}
