package cli

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// everyCommand calls do for each command that help shows.
func everyCommand(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	if !cmd.HasParent() {
		do(newHelpCommand())
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			everyCommand(sub, do)
		}
	}
}

func TestEveryTopLevelCommandIsInAGroup(t *testing.T) {
	in := map[string]int{}
	for _, g := range commandGroups {
		for _, name := range g.commands {
			in[name]++
		}
	}
	root := newRootCommand(&app{})
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if in[c.Name()] != 1 {
			t.Errorf("%s is in %d groups", c.Name(), in[c.Name()])
		}
		delete(in, c.Name())
	}
	for name := range in {
		t.Errorf("there is no command %s", name)
	}
}

func TestHelpReadsAlikeEverywhere(t *testing.T) {
	everyCommand(newRootCommand(&app{}), func(cmd *cobra.Command) {
		cmd.InitDefaultHelpFlag()
		text := helpText(cmd)
		for _, bad := range []string{"`", "\t", "Addr of", "Url of"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s has %q:\n%s", cmd.CommandPath(), bad, text)
			}
		}
		for line := range strings.Lines(text) {
			if n := utf8.RuneCountInString(strings.TrimSpace(line)); n > 100 {
				t.Errorf("%s has a line of %d columns: %s", cmd.CommandPath(), n, line)
			}
		}
		for line := range strings.Lines(cmd.Long) {
			if !strings.HasPrefix(line, " ") && utf8.RuneCountInString(strings.TrimSpace(line)) >= 90 {
				t.Errorf("%s is described in a line that is too long: %s", cmd.CommandPath(), line)
			}
		}
		if !startsUpper(cmd.Short) || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: %q does not begin with a capital, or ends with a full stop", cmd.CommandPath(), cmd.Short)
		}
		if n := strings.Count(cmd.Example, "\n") + 1; cmd.Example == "" || n > 2 {
			t.Errorf("%s has no example, or more than two:\n%s", cmd.CommandPath(), cmd.Example)
		}
	})
}

func TestEveryFlagSaysWhatItTakes(t *testing.T) {
	everyCommand(newRootCommand(&app{}), func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			name := cmd.CommandPath() + " --" + f.Name
			value, usage := pflag.UnquoteUsage(f)
			if startsUpper(usage) && !startsUpper(value) || strings.HasSuffix(usage, ".") {
				t.Errorf("%s: %q begins with a capital, or ends with a full stop", name, usage)
			}
			if f.Value.Type() == "bool" {
				return
			}
			if value != strings.ToUpper(value) && !strings.Contains(value, "|") {
				t.Errorf("%s takes %q: want a word in capitals, or choices", name, value)
			}
			if c, ok := f.Value.(*choice); ok && strings.Contains(usage, strings.Join(c.words, ", ")) {
				t.Errorf("%s lists its choices again: %s", name, usage)
			}
		})
	})
}

func startsUpper(s string) bool {
	first, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(first)
}

func TestBadValuesAreAnsweredWithWhatIsWanted(t *testing.T) {
	everyCommand(newRootCommand(&app{}), func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			for _, value := range []string{"garbage", "-1", "1e99", "99999999999999999999", "1x2", ""} {
				if kind := f.Value.Type(); kind == "string" || kind == "stringArray" || f.Value.Set(value) == nil {
					continue // a text, or a value that is understood
				}
				args := append(strings.Fields(cmd.CommandPath())[1:], "--"+f.Name+"="+value)
				var out, errs strings.Builder
				code := Run(t.Context(), args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Env: func(string) string { return "" }})
				if code != exitUsage || !strings.Contains(errs.String(), "want ") {
					t.Errorf("%q: exit %d, %s", args, code, errs.String())
				}
				for _, bad := range []string{"strconv", "parsing", "time:", "syntax"} {
					if strings.Contains(errs.String(), bad) {
						t.Errorf("%q is answered with %q: %s", args, bad, errs.String())
					}
				}
			}
		})
	})
}

func TestWhatAnEarlierVersionCalledDifferentlyIsAnsweredWithTheNewWord(t *testing.T) {
	tests := []struct {
		args []string
		env  map[string]string
		hint string
	}{
		{args: []string{"rescue", "--dry-run"}, hint: "taskhook resend --failed"},
		{args: []string{"rescue", "--help"}, hint: "taskhook resend --failed"},
		{args: []string{"events", "mark", "1"}, hint: "with m"},
		{args: []string{"sandbox", "fire", "ContactCreate"}, hint: "taskhook sandbox trigger"},
		{args: []string{"sandbox", "fault", "list"}, hint: "taskhook sandbox faults"},
		{args: []string{"resend", "1", "--fresh"}, hint: "--new-id"},
		{args: []string{"resend", "1", "--sign", "keep"}, hint: "keep is now original"},
		{args: []string{"simulate", "1", "--fresh"}, hint: "--new-id"},
		{args: []string{"simulate", "1", "--policy-file", "p.json"}, hint: "simulate always follows Taskee's policy"},
		{args: []string{"listen", "3000", "--listen", ":0"}, hint: "--listen is now --addr"},
		{args: []string{"listen", "3000", "--public-url", "https://example.com"}, hint: "--public-url is now --url"},
		{args: []string{"listen", "3000", "--verify", "flag"}, hint: "flag is now warn"},
		{args: []string{"trigger", "ContactCreate", "--envelope"}, hint: "--envelope is now --shape nested"},
		{args: []string{"sandbox", "--payload", "flat"}, hint: "--payload is now --shape"},
		{args: []string{"sandbox", "--listen", ":0"}, hint: "--listen is now --addr"},
		{args: []string{"events", "list", "--state", "lost"}, hint: "failed"},
		{args: []string{"events", "list", "--filter", "state:accepted"}, hint: "delivered"},
		{args: []string{"listen", "3000"}, env: map[string]string{"TASKHOOK_LISTEN": ":0"}, hint: "TASKHOOK_ADDR"},
		{args: []string{"simulate", "1", "--fail", "1", "--status", "nothing"}, hint: "nothing is now none"},
		{args: []string{"sandbox", "logs", "--state", "pending"}, hint: "pending is now retrying"},
		{args: []string{"simulate", "1"}, env: map[string]string{"TASKHOOK_POLICY_FILE": "p.json"}, hint: "unset it: simulate always follows Taskee's policy"},
		{args: []string{"listen", "3000"}, env: map[string]string{"TASKHOOK_VERIFY": "flag"}, hint: "flag is now warn"},
		{args: []string{"listen", "3000"}, env: map[string]string{"TASKHOOK_VERIFY": "flag"}, hint: `invalid TASKHOOK_VERIFY "flag": want one of`},
		{args: []string{"trigger", "ContactCreate"}, env: map[string]string{"TASKHOOK_ENVELOPE": "true"}, hint: "TASKHOOK_SHAPE"},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			var out, errs strings.Builder
			args := append(tt.args, "--data-dir", t.TempDir())
			code := Run(t.Context(), args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Env: func(name string) string { return tt.env[name] }})
			if code != exitUsage || !strings.Contains(errs.String(), tt.hint) {
				t.Errorf("exit %d, %s", code, errs.String())
			}
		})
	}
}
