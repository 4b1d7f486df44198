package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/webhook"
)

func newEventsMarkCommand(a *app) *cobra.Command {
	var (
		q      queryFlags
		remove bool
	)
	cmd := &cobra.Command{
		Use:   "mark [ID…]",
		Short: "mark events, to find them again with the filter is:marked",
		Example: "  taskhook events mark 42 43\n" +
			"  taskhook events mark --filter is:marked --remove",
		Args: arguments(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := q.one(cmd, args, "taskhook events mark 42"); err != nil {
				return err
			}
			query, err := q.query(cmd)
			if err != nil {
				return err
			}
			b, err := a.openBackend(cmd.Context(), writes)
			if err != nil {
				return err
			}
			return errors.Join(a.markEvents(cmd.Context(), b, args, query, !remove), b.close())
		},
	}
	q.addSelection(cmd)
	cmd.Flags().BoolVar(&remove, "remove", false, "take the marks away")
	onlyOnCommandLine(cmd.Flags(), "remove")
	return cmd
}

func (a *app) markEvents(ctx context.Context, b *backend, names []string, q webhook.Query, marked bool) error {
	ids, err := selected(ctx, b, names, q)
	if err != nil {
		return err
	}
	if err := b.Mark(ctx, ids, marked); err != nil {
		return err
	}
	what := "marked"
	if !marked {
		what = "unmarked"
	}
	a.note("%s %s", what, plural(len(ids), "event", "events"))
	return nil
}
