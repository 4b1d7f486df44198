package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/export"
)

// exportFlags are the flags of events export.
type exportFlags struct {
	queryFlags
	format choice
	out    string
	force  bool
}

func newEventsExportCommand(a *app) *cobra.Command {
	f := exportFlags{format: oneOf(string(export.FormatJSONL), string(export.FormatCurl), string(export.FormatHAR))}
	cmd := &cobra.Command{
		Use:   "export [ID…]",
		Short: "write events as curl commands, JSON lines or HAR",
		Long: "Write events, named or selected, in the order in which they came: as a script of curl commands,\n" +
			"as JSON lines with headers, body and attempts, or as an HTTP Archive (HAR 1.2) for other tools.",
		Example: "  taskhook events export --filter 'state:lost since:1h' --format curl --out lost.sh\n" +
			"  taskhook events export 42 43 --format har --out two.har\n" +
			"  taskhook events export | jq .type",
		Args: arguments(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 { // none and no flag: all
				if err := f.one(cmd, args, "taskhook events export --type ContactCreate"); err != nil {
					return err
				}
			}
			query, err := f.query(cmd)
			if err != nil {
				return err
			}
			b, err := a.openBackend(cmd.Context(), reads)
			if err != nil {
				return err
			}
			return errors.Join(a.exportEvents(cmd.Context(), b, args, query, &f), b.close())
		},
	}
	f.addSelection(cmd)
	addChoice(cmd.Flags(), &f.format, "format", "how to write them")
	cmd.Flags().StringVar(&f.out, "out", "", "write to FILE; without it, or with -, to standard output")
	cmd.Flags().BoolVar(&f.force, "force", false, "replace a FILE that is there")
	onlyOnCommandLine(cmd.Flags(), "out", "force")
	return cmd
}

func (a *app) exportEvents(ctx context.Context, b *backend, names []string, q webhook.Query, f *exportFlags) error {
	ids, err := selected(ctx, b, names, q)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		slices.Reverse(ids) // in order of arrival
	}
	o := export.Options{Version: version()}
	if l, err := b.Listener(ctx); err == nil {
		o.Target = l.Target
	}
	format := export.Format(f.format.value)
	if f.out == "" || f.out == "-" {
		out := bufio.NewWriter(a.stdout)
		w, err := export.NewWriter(out, format, o)
		if err != nil {
			return err
		}
		_, err = export.Copy(ctx, w, b, ids, nil)
		return errors.Join(err, w.Close(), out.Flush())
	}
	w, err := export.Create(f.out, format, f.force, o)
	if errors.Is(err, fs.ErrExist) {
		return withHint(fmt.Errorf("%s is there already", f.out), "choose another name, or replace it with --force")
	}
	if err != nil {
		return withHint(err, "name a file that can be made, with --out FILE")
	}
	defer w.Abort()
	n, err := export.Copy(ctx, w, b, ids, nil)
	if err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	a.note("wrote %s to %s", plural(n, "event", "events"), f.out)
	return nil
}

// selected collects the events that are named, as they are, or that a query
// selects, newest first.
func selected(ctx context.Context, b *backend, names []string, q webhook.Query) ([]webhook.ID, error) {
	if len(names) > 0 {
		return findAll(ctx, b, names)
	}
	var ids []webhook.ID
	err := eachEvent(ctx, b, q, math.MaxInt, func(e webhook.Summary) error {
		ids = append(ids, e.ID)
		return nil
	})
	return ids, err
}
