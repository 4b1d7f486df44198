package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpWidth is where the usage of a flag is wrapped, in columns. The terminal
// is not asked for its own.
const helpWidth = 96

// commandGroups are the groups of the top-level commands and their order, the
// most used first.
var commandGroups = []struct {
	title    string
	commands []string
}{
	{"Receive and forward", []string{"listen", "demo", "attach"}},
	{"Send", []string{"trigger", "resend", "simulate", "faults"}},
	{"Inspect", []string{"events", "store", "verify", "keys"}},
	{"The platform", []string{"sandbox", "contacts"}},
	{"More", []string{"help", "completion", "man", "version"}},
}

// setUpHelp gives a command tree the help texts of this package.
func (a *app) setUpHelp(root *cobra.Command) {
	root.SetHelpCommand(newHelpCommand())
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		args := cmd.Flags().Args()
		switch {
		case len(args) == 0: // what is missing is what the help says
		case cmd.HasAvailableSubCommands():
			a.helpError = unknownCommand(cmd, args)
			return
		default:
			if a.helpError = cmd.ValidateArgs(args); a.helpError != nil {
				return
			}
		}
		_, a.helpError = io.WriteString(cmd.OutOrStdout(), helpText(cmd))
	})
}

// addCompletion adds cobra's command for completion, with help like that of the
// others.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Short, c.Long = "Print a script that completes commands in a shell", ""
		c.Example = "  taskhook completion bash --help    # says how to use it"
		for _, shell := range c.Commands() {
			shell.Short = "Print the completion script for " + shell.Name()
			shell.Long = strings.NewReplacer("#### ", "", "\t", "  ").Replace(shell.Long)
			shell.Example = "  taskhook completion " + shell.Name()
		}
	}
}

func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND…|TOPIC]",
		Short: "Show the help of a command or a topic",
		Long:  "Show the help of a command, or one of these topics:\n\n" + topicList(),
		Example: "  taskhook help events list\n" +
			"  taskhook help filters",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			return helpCompletions(cmd.Root(), args), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if t, ok := findTopic(args[0]); ok {
					text, err := t.text()
					if err != nil {
						return err
					}
					_, err = io.WriteString(cmd.OutOrStdout(), text)
					return err
				}
			}
			subject, rest, err := cmd.Root().Find(args)
			switch {
			case (err != nil || len(rest) > 0) && !subject.HasParent():
				return unknownPage(subject, args[0])
			case err != nil || len(rest) > 0:
				return unknownCommand(subject, rest)
			}
			subject.InitDefaultHelpFlag()
			return subject.Help()
		},
	}
}

func helpCompletions(root *cobra.Command, args []string) []string {
	subject, rest, err := root.Find(args)
	if err != nil || len(rest) > 0 {
		return nil
	}
	var all []string
	for _, sub := range subject.Commands() {
		if sub.IsAvailableCommand() {
			all = append(all, cobra.CompletionWithDesc(sub.Name(), sub.Short))
		}
	}
	if len(args) > 0 {
		return all
	}
	for _, t := range topics {
		all = append(all, cobra.CompletionWithDesc(t.name, t.summary))
	}
	return all
}

// helpText is what --help prints.
func helpText(cmd *cobra.Command) string {
	var b strings.Builder
	about := cmd.Long
	if about == "" {
		about = cmd.Short + "."
	}
	fmt.Fprintf(&b, "%s\n", strings.TrimSpace(about))
	section(&b, "Usage", "  "+useLine(cmd))
	section(&b, "Examples", cmd.Example)
	if cmd.HasParent() {
		section(&b, "Commands", commandList(cmd.Commands()))
	} else {
		for _, g := range commandGroups {
			section(&b, g.title, commandList(named(cmd.Commands(), g.commands)))
		}
		section(&b, "Help topics (taskhook help TOPIC)", topicList())
	}
	section(&b, "Flags", flagList(cmd.LocalFlags()))
	section(&b, "Global flags", flagList(cmd.InheritedFlags()))
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\nRun %s COMMAND --help for more about a command.\n", cmd.CommandPath())
	}
	return b.String()
}

func section(b *strings.Builder, title, text string) {
	if text = strings.Trim(text, "\n"); text != "" {
		fmt.Fprintf(b, "\n%s:\n%s\n", title, text)
	}
}

func useLine(cmd *cobra.Command) string {
	switch {
	case cmd.HasAvailableSubCommands() && (!cmd.Runnable() || !cmd.HasParent()):
		return cmd.CommandPath() + " COMMAND"
	case cmd.HasAvailableSubCommands():
		return cmd.UseLine() + "\n  " + cmd.CommandPath() + " COMMAND"
	}
	return cmd.UseLine()
}

func commandList(commands []*cobra.Command) string {
	var rows [][2]string
	for _, c := range commands {
		if c.IsAvailableCommand() || c.Name() == "help" {
			rows = append(rows, [2]string{c.Name(), c.Short})
		}
	}
	return columns(rows)
}

// named picks commands by name, in the order of the names.
func named(commands []*cobra.Command, names []string) []*cobra.Command {
	var picked []*cobra.Command
	for _, name := range names {
		for _, c := range commands {
			if c.Name() == name {
				picked = append(picked, c)
			}
		}
	}
	return picked
}

func flagList(f *pflag.FlagSet) string {
	if !f.HasAvailableFlags() {
		return ""
	}
	return f.FlagUsagesWrapped(helpWidth)
}
