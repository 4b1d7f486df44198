package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

func newManCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "man",
		Short:   "Print the manual page",
		Example: "  taskhook man > ~/.local/share/man/man1/taskhook.1",
		RunE: func(cmd *cobra.Command, _ []string) error {
			page, err := manualPage(cmd.Root())
			if err != nil {
				return err
			}
			_, err = io.WriteString(a.stdout, page)
			return err
		},
	}
}

// manualPage has the help of every command and topic, as man(7) wants it.
func manualPage(root *cobra.Command) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH TASKHOOK 1 \"\" \"taskhook %s\"\n", roff(version()))
	fmt.Fprintf(&b, ".SH NAME\ntaskhook \\- %s\n", roff(root.Short))
	for _, cmd := range withSubcommands(root) {
		cmd.InitDefaultHelpFlag()
		manualSection(&b, cmd.CommandPath(), helpText(cmd))
	}
	for _, t := range topics {
		text, err := t.text()
		if err != nil {
			return "", err
		}
		manualSection(&b, t.name, text)
	}
	return b.String(), nil
}

// manualSection adds a text whose lines stay as they are.
func manualSection(b *strings.Builder, title, text string) {
	fmt.Fprintf(b, ".SH %s\n.nf\n%s\n.fi\n", roff(strings.ToUpper(title)), roff(strings.TrimRight(text, "\n")))
}

// withSubcommands is a command and all below it.
func withSubcommands(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			all = append(all, withSubcommands(sub)...)
		}
	}
	return all
}

// roff escapes what roff would read as a request, an escape or a hyphen, and
// what is not ASCII.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n.", "\n\\&.", "\n'", "\n\\&'").Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	var b strings.Builder
	for _, r := range text {
		if r >= utf8.RuneSelf {
			fmt.Fprintf(&b, `\[u%04X]`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
