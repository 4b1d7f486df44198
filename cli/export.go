package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
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
	var f exportFlags
	var titles, names []string
	var table [][2]string
	for _, one := range export.Formats() {
		names, titles = append(names, one.Name), append(titles, one.Title)
		table = append(table, [2]string{one.Name, one.Title + ": " + one.Description})
	}
	f.format = oneOf(names...)
	cmd := &cobra.Command{
		Use:   "export [ID…]",
		Short: "Write events as " + strings.Join(titles, " or "),
		Long: "Write events in order of arrival: those that are named, those that the flags select,\n" +
			"or all. The formats are:\n\n" + columns(table),
		Example: "  taskhook events export --filter 'state:failed since:1h' --out failed.jsonl\n" +
			"  taskhook events export 42 43 --format har --out two.har",
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
			return a.withBackend(cmd, reads, func(b *backend) error { return a.exportEvents(cmd.Context(), b, args, query, &f) })
		},
	}
	f.addSelection(cmd)
	f.addFormat(cmd)
	cmd.Flags().StringVar(&f.out, "out", "", "write to `FILE` (default: standard output)")
	cmd.Flags().BoolVar(&f.force, "force", false, "replace the file if it exists")
	onlyOnCommandLine(cmd.Flags(), "out", "force")
	return cmd
}

// addFormat adds the flag --format with what completes its value.
func (f *exportFlags) addFormat(cmd *cobra.Command) {
	var completions []cobra.Completion
	for _, one := range export.Formats() {
		completions = append(completions, cobra.CompletionWithDesc(one.Name, one.Description))
	}
	cmd.Flags().Var(&f.format, "format", "the format of the output")
	complete := cobra.FixedCompletions(completions, cobra.ShellCompDirectiveNoFileComp)
	if err := cmd.RegisterFlagCompletionFunc("format", complete); err != nil {
		panic(err) // the flag was added above
	}
}

// chosen is the format that --format names.
func (f *exportFlags) chosen() export.Format {
	all := export.Formats()
	at := slices.IndexFunc(all, func(one export.Format) bool { return one.Name == f.format.value })
	return all[at] // the flag takes no other name
}

func (a *app) exportEvents(ctx context.Context, b *backend, names []string, q webhook.Query, f *exportFlags) error {
	if len(names) > 0 {
		ids, err := findAll(ctx, b, names)
		if err != nil {
			return err
		}
		q = webhook.Query{IDs: ids}
	}
	read := b.Read(ctx, export.Query(q))
	o := export.Options{Version: version()}
	if f.out == "" || f.out == "-" {
		return a.exportToStdout(ctx, read, f.chosen(), o)
	}
	return a.exportToFile(ctx, read, f, o)
}

func (a *app) exportToStdout(ctx context.Context, read iter.Seq2[webhook.Chunk, error], f export.Format, o export.Options) error {
	out := bufio.NewWriterSize(interruptible{ctx, a.stdout}, 64<<10)
	w := f.New(out, o)
	n, err := export.Copy(w, read, a.goOn)
	if err != nil {
		return errors.Join(interrupted(err), out.Flush()) // what is there, without the format's end
	}
	if n == 0 {
		a.note("no events match")
	}
	return errors.Join(w.Close(), out.Flush())
}

func (a *app) exportToFile(ctx context.Context, read iter.Seq2[webhook.Chunk, error], f *exportFlags, o export.Options) error {
	w, err := export.Create(ctx, f.out, f.chosen(), f.force, o)
	if errors.Is(err, fs.ErrExist) {
		return withHint(fmt.Errorf("%s exists already", f.out), "choose another name, or replace it with --force")
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return withHint(err, "start what reads it, then run this again")
	}
	if err != nil {
		return withHint(err, "choose a file that can be created, with --out FILE")
	}
	defer w.Abort()
	n, err := export.Copy(w, read, a.goOn)
	if err != nil {
		return interrupted(err)
	}
	if err := w.Close(); err != nil {
		return err
	}
	a.note("wrote %s to %s", format.Plural(n, "event", "events"), f.out)
	return nil
}

// goOn warns of damaged events and has an export go on.
func (a *app) goOn(chunk webhook.Chunk) bool {
	a.warnOfMissing(chunk)
	return true
}
