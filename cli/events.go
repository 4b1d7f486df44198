package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/export"
)

func newEventsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "events",
		Short: "List, show, export and delete stored events",
		Example: "  taskhook events list\n" +
			"  taskhook events show latest",
	}
	cmd.AddCommand(newEventsListCommand(a), newEventsShowCommand(a), newEventsExportCommand(a), newEventsDeleteCommand(a))
	return cmd
}

func newEventsListCommand(a *app) *cobra.Command {
	var (
		q     queryFlags
		limit = 50
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List events, newest first",
		Example: "  taskhook events list --state failed --since 1h\n" +
			"  taskhook events list --type ContactCreate --status 5xx --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			query, err := q.query(cmd)
			if err != nil {
				return err
			}
			query.Limit = limit
			return a.withBackend(cmd, reads, func(b *backend) error { return a.listEvents(cmd.Context(), b, query) })
		},
	}
	q.add(cmd)
	addNumber(cmd.Flags(), &limit, "limit", 1, math.MaxInt, "show at most `N` events")
	return a.withJSON(cmd, "print one JSON object per line")
}

// listEvents lists the newest events that a query selects.
func (a *app) listEvents(ctx context.Context, b *backend, q webhook.Query) error {
	out := bufio.NewWriter(interruptible{ctx, a.stdout})
	list, none := a.listWriter(out), true
	err := a.each(ctx, b, q, func(r webhook.Record) error {
		none = false
		return list(r.Summary)
	})
	if err == nil && none {
		a.note("no events match")
	}
	return errors.Join(err, out.Flush())
}

// listWriter writes a list's events as JSON lines or as a table.
func (a *app) listWriter(w io.Writer) func(webhook.Summary) error {
	now := time.Now()
	if a.json {
		return func(e webhook.Summary) error { return export.SummaryLine(w, e, e.State(now)) }
	}
	head := false
	return func(e webhook.Summary) error {
		if !head {
			head = true
			_, _ = fmt.Fprintf(w, listLayout+"\n", "ID", "RECEIVED", column("TYPE", typeWidth), "VERDICT", "TOOK", "OUTCOME")
		}
		_, err := fmt.Fprintln(w, listRow(e, now))
		return err
	}
}

// listLayout has the columns of a list; the type's is typeWidth cells wide.
const (
	listLayout = "%-6s %-19s %s %-9s %7s  %s"
	typeWidth  = 24
)

func listRow(e webhook.Summary, now time.Time) string {
	took := "-"
	if e.Attempts > 0 {
		took = format.Duration(e.LastDuration)
	}
	outcome := format.Outcome(e, taskee.Policy().MaxRetries, now)
	if e.RedeliveryOf != 0 {
		outcome += fmt.Sprintf(" (dup of %s)", e.RedeliveryOf)
	}
	if e.PossiblyDeleted {
		outcome += " (possibly deleted)"
	}
	return fmt.Sprintf(listLayout,
		e.ID, format.DateTime(e.ReceivedAt.Local()), column(eventName(e.Event), typeWidth), format.VerdictStatus(e.Verdict.Status), took, outcome)
}

// eventName is the type of an event, or what was requested where there is none.
func eventName(e webhook.Event) string { return cmp.Or(e.Type, e.Method+" "+e.Path) }

func newEventsDeleteCommand(a *app) *cobra.Command {
	var (
		q   queryFlags
		yes bool
	)
	cmd := &cobra.Command{
		Use:   "delete [ID…]",
		Short: "Delete events, by name or by filter",
		Example: "  taskhook events delete 42 43\n" +
			"  taskhook events delete --verdict invalid --yes",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := q.one(cmd, args, "taskhook events delete 42, or taskhook events delete --state rejected --yes"); err != nil {
				return err
			}
			query, err := q.query(cmd)
			if err != nil {
				return err
			}
			return a.withBackend(cmd, writes, func(b *backend) error { return a.deleteEvents(cmd.Context(), b, args, query, yes) })
		},
	}
	q.addSelection(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "delete without asking")
	onlyOnCommandLine(cmd.Flags(), "yes")
	return cmd
}

func (a *app) deleteEvents(ctx context.Context, b *backend, names []string, q webhook.Query, yes bool) error {
	ids, err := a.toDelete(ctx, b, names, q, yes)
	if err != nil || len(ids) == 0 {
		return err
	}
	n, err := b.Delete(ctx, ids)
	if err != nil {
		return err
	}
	a.note("deleted %s", format.Plural(n, "event", "events"))
	return nil
}

// toDelete returns the events that are named, or those that a query selects
// once a person has agreed.
func (a *app) toDelete(ctx context.Context, b *backend, names []string, q webhook.Query, yes bool) ([]webhook.ID, error) {
	if len(names) > 0 {
		return findAll(ctx, b, names)
	}
	var ids []webhook.ID
	err := a.each(ctx, b, q, func(r webhook.Record) error {
		ids = append(ids, r.ID)
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(ids) == 0:
		a.note("no events match: nothing deleted")
	case !yes && !a.confirm(fmt.Sprintf("delete %s?", format.Plural(len(ids), "event", "events"))):
		return nil, withHint(fmt.Errorf("nothing deleted: %s selected", format.Plural(len(ids), "event is", "events are")), "add --yes to delete without being asked")
	}
	return ids, nil
}

// confirm asks a person on a terminal. Without one the answer is no.
func (a *app) confirm(question string) bool {
	if !isTerminal(a.stdin) {
		return false
	}
	_, _ = fmt.Fprintf(a.stderr, "taskhook: %s [y/N] ", question)
	answer, _ := bufio.NewReader(a.stdin).ReadString('\n')
	return strings.EqualFold(strings.TrimSpace(answer), "y")
}
