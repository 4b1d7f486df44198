package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
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
	formats []export.Format
	format  choice
	out     string
	force   bool
}

func newEventsExportCommand(a *app) *cobra.Command {
	f := newExportFlags()
	cmd := &cobra.Command{
		Use:   "export [ID…]",
		Short: "Write events as " + f.titles(),
		Long: "Write events in order of arrival: those that are named, those that the flags select,\n" +
			"or all. The formats are:\n\n" + f.table(),
		Example: "  taskhook events export --filter 'state:failed since:1h' --out failed.jsonl\n" +
			"  taskhook events export 42 43 --format har --out two.har",
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
			return a.withBackend(cmd, reads, func(b *backend) error { return a.exportEvents(cmd.Context(), b, args, query, f) })
		},
	}
	f.addSelection(cmd)
	f.addFormat(cmd)
	cmd.Flags().StringVar(&f.out, "out", "", "write to `FILE` (default: standard output)")
	cmd.Flags().BoolVar(&f.force, "force", false, "replace the file if it exists")
	onlyOnCommandLine(cmd.Flags(), "out", "force")
	return cmd
}

func newExportFlags() *exportFlags {
	f := &exportFlags{formats: export.Formats()}
	names := make([]string, len(f.formats))
	for i, one := range f.formats {
		names[i] = one.Name
	}
	f.format = oneOf(names...)
	return f
}

// titles names the formats in a sentence.
func (f *exportFlags) titles() string {
	titles := make([]string, len(f.formats))
	for i, one := range f.formats {
		titles[i] = one.Title
	}
	return strings.Join(titles, " or ")
}

// table describes the formats, one per line.
func (f *exportFlags) table() string {
	var b strings.Builder
	for _, one := range f.formats {
		_, _ = fmt.Fprintf(&b, "  %-6s %s: %s\n", one.Name, one.Title, one.Description)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// addFormat adds the flag --format with what completes its value.
func (f *exportFlags) addFormat(cmd *cobra.Command) {
	completions := make([]cobra.Completion, len(f.formats))
	for i, one := range f.formats {
		completions[i] = cobra.CompletionWithDesc(one.Name, one.Description)
	}
	cmd.Flags().Var(&f.format, "format", "the format of the output")
	complete := cobra.FixedCompletions(completions, cobra.ShellCompDirectiveNoFileComp)
	if err := cmd.RegisterFlagCompletionFunc("format", complete); err != nil {
		panic(err) // the flag was added above
	}
}

// chosen is the format that --format names.
func (f *exportFlags) chosen() export.Format {
	at := slices.IndexFunc(f.formats, func(one export.Format) bool { return one.Name == f.format.value })
	return f.formats[at] // the flag takes no other name
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
	a.warnOfDamage(chunk)
	return true
}
