package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/taskhook/taskhook/format"
)

// unknownCommand is the error of a command that does not exist, with the
// nearest that does.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	err := fmt.Errorf("unknown command %q", args[0])
	if cmd.HasParent() {
		err = fmt.Errorf("%w of %s", err, cmd.CommandPath())
	}
	if hint := commandHint(cmd, args[0]); hint != "" {
		return usageError(cmd, err, hint)
	}
	return usageError(cmd, err)
}

// unknownPage is the error of a command or topic that has no help because it
// does not exist.
func unknownPage(root *cobra.Command, name string) error {
	hint := commandHint(root, name)
	if hint == "" {
		hint = fmt.Sprintf("the topics are %s; see %s --help for the commands", strings.Join(topicNames(), ", "), root.CommandPath())
	}
	return usageError(root, fmt.Errorf("there is no command or topic %q", name), hint)
}

// commandHint says which subcommand of cmd was meant by name, "" if none is
// near.
func commandHint(cmd *cobra.Command, name string) string {
	if hint := renamedCommands[strings.TrimPrefix(cmd.CommandPath()+" "+name, "taskhook ")]; hint != "" {
		return hint
	}
	if near := nearestCommand(cmd, name); near != "" {
		return fmt.Sprintf("did you mean %s %s?", cmd.CommandPath(), near)
	}
	return ""
}

// nearestCommand is the subcommand or the help of a topic that was meant by
// name, "" if none is near.
func nearestCommand(cmd *cobra.Command, name string) string {
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	if near := format.Nearest(name, names); near != "" || cmd.HasParent() {
		return near
	}
	if near := format.Nearest(name, topicNames()); near != "" {
		return "help " + near
	}
	return ""
}

// flagError puts what the flag library says into our words.
func flagError(cmd *cobra.Command, err error) error {
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown):
		return unknownFlag(cmd, unknown)
	case errors.As(err, &missing):
		f := missing.GetFlag()
		return usageError(cmd, fmt.Errorf("--%s needs a value: --%s %s", f.Name, f.Name, placeholder(f)))
	case errors.As(err, &invalid):
		return invalidValue(cmd, "--"+invalid.GetFlag().Name, invalid.GetFlag(), invalid.GetValue(), err)
	}
	return usageError(cmd, err)
}

func unknownFlag(cmd *cobra.Command, unknown *pflag.NotExistError) error {
	if args := cmd.Flags().Args(); cmd.HasAvailableSubCommands() && len(args) > 0 {
		return unknownCommand(cmd, args) // the flag is of a command that is not known
	}
	name := unknown.GetSpecifiedName()
	if group := unknown.GetSpecifiedShortnames(); group != "" {
		return usageError(cmd, fmt.Errorf("unknown flag -%s", name[:1]))
	}
	err := fmt.Errorf("unknown flag --%s", name)
	if hint := replacedFlag(cmd, name); hint != "" {
		return usageError(cmd, err, hint)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := format.Nearest(name, names); near != "" {
		return usageError(cmd, err, fmt.Sprintf("did you mean --%s? see %s --help", near, cmd.CommandPath()))
	}
	return usageError(cmd, err)
}

// invalidValue is the error of a flag's value, given as name.
func invalidValue(cmd *cobra.Command, name string, f *pflag.Flag, value string, cause error) error {
	if invalid := (*pflag.InvalidValueError)(nil); errors.As(cause, &invalid) {
		cause = invalid.Unwrap() // without what the flag library puts around it
	}
	if f.Value.Type() == "bool" {
		cause = errors.New("want true or false") // not what strconv says
	}
	err := fmt.Errorf("invalid %s %q: %w", name, value, cause)
	if hint := replacedValue(cmd, f.Name, value); hint != "" {
		return usageError(cmd, err, hint)
	}
	if c, ok := f.Value.(*choice); ok {
		if near := format.Nearest(value, c.words); near != "" {
			return usageError(cmd, err, fmt.Sprintf("did you mean %s?", near))
		}
	}
	return usageError(cmd, err)
}

// placeholder stands for a flag's value.
func placeholder(f *pflag.Flag) string {
	name, _ := pflag.UnquoteUsage(f)
	return name
}
