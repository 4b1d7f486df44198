package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/proxy/fault"
	"github.com/taskhook/taskhook/webhook"
)

func newFaultsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "faults",
		Short: "Inject faults into what a listener receives",
		Long: "A fault rule is written EFFECT… [for FILTER]. Without a filter it acts on every event.\n\n" +
			"Effects:\n" + faultReference() + "\n" +
			"FILTER is written as for events list --filter. It may use what is known when an event\n" +
			"arrives, and so neither its state nor its answer nor its attempts.",
		Example: "  taskhook faults add 'status:429 rate:30% for type:ContactCreate'\n" +
			"  taskhook faults clear",
	}
	cmd.AddCommand(newFaultsAdd(a), newFaultsList(a), newFaultsRemove(a), newFaultsClear(a))
	return cmd
}

// faultReference is the table of effects.
func faultReference() string {
	var rows [][2]string
	for _, t := range fault.Effects() {
		rows = append(rows, [2]string{t.Syntax, t.Meaning})
	}
	return columns(rows)
}

func newFaultsAdd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "add RULE…",
		Short: "Add rules to the running listener, each in quotes",
		Example: "  taskhook faults add 'status:429 rate:30% for type:ContactCreate'\n" +
			"  taskhook faults add 'delay:2s..5s expires:10m' 'drop:before times:1'",
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := parseRules(cmd, args); err != nil {
				return err
			}
			rules, err := a.changeFaults(cmd, webhook.FaultChange{Add: args})
			if err != nil {
				return err
			}
			for _, r := range rules[max(0, len(rules)-len(args)):] {
				a.note("rule %d: %s", r.ID, r.Effect)
				if r.Warning != "" {
					a.warn("rule %d: %s", r.ID, r.Warning)
				}
			}
			return nil
		},
	}
}

func newFaultsList(a *app) *cobra.Command {
	return a.withJSON(&cobra.Command{
		Use:     "list",
		Short:   "List the rules of the running listener",
		Example: "  taskhook faults list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			rules, err := a.changeFaults(cmd, webhook.FaultChange{})
			if err != nil {
				return err
			}
			return a.printRules(rules)
		},
	}, "print one JSON object per line")
}

func newFaultsRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "remove ID…",
		Short:   "Remove rules from the running listener",
		Example: "  taskhook faults remove 1 2",
		RunE: func(cmd *cobra.Command, args []string) error {
			var change webhook.FaultChange
			for _, arg := range args {
				id, err := strconv.Atoi(arg)
				if err != nil || id < 1 {
					return usageError(cmd, fmt.Errorf("invalid rule %q", arg), "use its number from: taskhook faults list")
				}
				change.Remove = append(change.Remove, id)
			}
			if _, err := a.changeFaults(cmd, change); err != nil {
				return err
			}
			for _, id := range change.Remove {
				a.note("removed rule %d", id)
			}
			return nil
		},
	}
}

func newFaultsClear(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "clear",
		Short:   "Remove all rules from the running listener",
		Example: "  taskhook faults clear",
		RunE: func(cmd *cobra.Command, _ []string) error {
			rules, err := a.changeFaults(cmd, webhook.FaultChange{})
			if err != nil {
				return err
			}
			if _, err := a.changeFaults(cmd, webhook.FaultChange{Clear: true}); err != nil {
				return err
			}
			if len(rules) == 0 {
				a.note("no fault rules: nothing removed")
				return nil
			}
			a.note("removed %s", format.Plural(len(rules), "rule", "rules"))
			return nil
		},
	}
}

// changeFaults changes the rules of the running listener and returns them;
// without a listener it is an error.
func (a *app) changeFaults(cmd *cobra.Command, change webhook.FaultChange) (rules []webhook.FaultRule, err error) {
	err = a.withBackend(cmd, reads, func(b *backend) error {
		if !b.running() {
			return withHint(errors.New("no listener is running"), "start one with: taskhook listen 3000")
		}
		rules, err = b.ChangeFaults(cmd.Context(), change)
		if errors.Is(err, fault.ErrNoRule) {
			return withHint(err, "list the rules with: taskhook faults list")
		}
		return err
	})
	return rules, err
}

func (a *app) printRules(rules []webhook.FaultRule) error {
	if len(rules) == 0 && !a.json {
		a.note("no fault rules")
		return nil
	}
	now := time.Now()
	return printList(a, "fault", rules, []string{"ID", "RULE", "DOES", "MATCHED", "FIRED", "ENDS"}, func(r webhook.FaultRule) []string {
		return []string{fmt.Sprint(r.ID), r.Text, r.Effect, fmt.Sprint(r.Matched), fmt.Sprint(r.Fired), ruleEnds(r, now)}
	})
}

// ruleEnds says when a rule ends.
func ruleEnds(r webhook.FaultRule, now time.Time) string {
	switch {
	case r.Ended:
		return "ended"
	case r.Limit > 0 && !r.Ends.IsZero():
		return fmt.Sprintf("after %d, or at %s", r.Limit, format.ShortTime(r.Ends.Local(), now))
	case r.Limit > 0:
		return fmt.Sprintf("after %d", r.Limit)
	case !r.Ends.IsZero():
		return "at " + format.ShortTime(r.Ends.Local(), now)
	}
	return "never"
}

// parseRules reads the rules of a command line.
func parseRules(cmd *cobra.Command, texts []string) ([]fault.Rule, error) {
	var rules []fault.Rule
	for _, text := range texts {
		r, err := fault.Parse(text)
		if err != nil {
			return nil, ruleError(cmd, text, err)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// ruleError shows where a rule is wrong.
func ruleError(cmd *cobra.Command, text string, err error) error {
	var bad *fault.RuleError
	if !errors.As(err, &bad) {
		return usageError(cmd, err)
	}
	hint := cmp.Or(bad.Hint, "see the effects with: taskhook faults --help")
	return usageError(cmd, fmt.Errorf("invalid rule: %s\n%s", bad.Message, pointAt(text, bad.Offset, bad.Length)), hint)
}

// readRules reads a file of rules.
func readRules(cmd *cobra.Command, path string) ([]fault.Rule, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usageError(cmd, fmt.Errorf("read --fault-file: %w", err), "name a file with one rule a line")
	}
	rules, err := fault.ParseFile(string(text))
	if err != nil {
		return nil, usageError(cmd, fmt.Errorf("%s: %w", path, err), "see what a rule may say: taskhook faults --help")
	}
	return rules, nil
}
