package cli

import (
	"io"
	"strings"

	mango "github.com/muesli/mango-cobra"
	"github.com/muesli/roff"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newManCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "man",
		Short:   "Print the manual page",
		Example: "  taskhook man > ~/.local/share/man/man1/taskhook.1",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			forManual(cmd.Root())
			page, err := mango.NewManPage(1, cmd.Root())
			if err != nil {
				return err
			}
			_, err = io.WriteString(a.stdout, page.Build(roff.NewDocument()))
			return err
		},
	}
}

// forManual writes texts the way the manual's library takes them: paragraphs
// in one line, choices in the usage, and no marks around placeholders.
func forManual(cmd *cobra.Command) {
	cmd.Long = unwrapped(cmd.Long)
	plain := func(f *pflag.Flag) {
		if _, ok := f.Value.(*choice); ok {
			f.Usage += " (" + f.Value.Type() + ")"
		}
		f.Usage = strings.ReplaceAll(f.Usage, "`", "")
	}
	cmd.Flags().VisitAll(plain)
	cmd.PersistentFlags().VisitAll(plain)
	for _, sub := range cmd.Commands() {
		forManual(sub)
	}
}

// unwrapped joins the lines of each paragraph; what is indented stays.
func unwrapped(text string) string {
	paragraphs := strings.Split(text, "\n\n")
	for i, p := range paragraphs {
		if !strings.Contains(p, "\n ") && !strings.HasPrefix(p, " ") {
			paragraphs[i] = strings.ReplaceAll(p, "\n", " ")
		}
	}
	return strings.Join(paragraphs, "\n")
}
