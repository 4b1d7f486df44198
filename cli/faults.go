package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/proxy/fault"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/export"
)

func newFaultsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "faults",
		Short: "inject faults into what a listener receives",
		Long: "A fault rule is written EFFECT… [for FILTER]. Without a filter it acts on every event.\n\n" +
			"Effects:\n" + faultReference() + "\n" +
			"FILTER is the language of events list --filter. It can ask for what is known when an event is\n" +
			"received: not for its state, answer or attempts.",
		Example: "  taskhook faults add 'status:429 rate:30% for type:ContactCreate'\n" +
			"  taskhook faults list\n" +
			"  taskhook faults remove 1\n" +
			"  taskhook faults clear",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newFaultsAdd(a), newFaultsList(a), newFaultsRemove(a), newFaultsClear(a))
	return cmd
}

// faultReference is the table of effects.
func faultReference() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, t := range fault.Effects() {
		_, _ = fmt.Fprintf(w, "  %s\t%s\n", t.Syntax, t.Meaning)
	}
	_ = w.Flush()
	return b.String()
}

func newFaultsAdd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "add RULE…",
		Short: "add rules to the running listener, each in quotes",
		Example: "  taskhook faults add 'status:429 rate:30% for type:ContactCreate'\n" +
			"  taskhook faults add 'delay:2s..5s expires:10m' 'drop:before times:1'",
		Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := parseRules(cmd, args); err != nil {
				return err
			}
			return a.withListener(cmd.Context(), func(ctx context.Context, b *backend) error {
				rules, err := b.ChangeFaults(ctx, webhook.FaultChange{Add: args})
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
			})
		},
	}
}

func newFaultsList(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "list the rules of the running listener",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withListener(cmd.Context(), func(ctx context.Context, b *backend) error {
				rules, err := b.ChangeFaults(ctx, webhook.FaultChange{})
				if err != nil {
					return err
				}
				return a.printRules(rules, asJSON)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per rule")
	return cmd
}

func newFaultsRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "remove ID…",
		Short: "remove rules from the running listener",
		Args:  arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			var change webhook.FaultChange
			for _, arg := range args {
				id, err := strconv.Atoi(arg)
				if err != nil || id < 1 {
					return usageError(cmd, fmt.Errorf("invalid rule %q", arg), "use its number from: taskhook faults list")
				}
				change.Remove = append(change.Remove, id)
			}
			return a.withListener(cmd.Context(), func(ctx context.Context, b *backend) error {
				_, err := b.ChangeFaults(ctx, change)
				if errors.Is(err, fault.ErrNoRule) {
					return withHint(err, "list the rules with: taskhook faults list")
				}
				return err
			})
		},
	}
}

func newFaultsClear(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "clear",
		Short: "remove all rules from the running listener",
		Args:  arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withListener(cmd.Context(), func(ctx context.Context, b *backend) error {
				_, err := b.ChangeFaults(ctx, webhook.FaultChange{Clear: true})
				return err
			})
		},
	}
}

// withListener calls do with the running listener; without one it is an error.
func (a *app) withListener(ctx context.Context, do func(context.Context, *backend) error) error {
	b, err := a.openBackend(ctx, reads)
	if err != nil {
		return err
	}
	if !b.running() {
		err = withHint(errors.New("no listener is running"), "start one with: taskhook listen 3000")
	} else {
		err = do(ctx, b)
	}
	return errors.Join(err, b.close())
}

func (a *app) printRules(rules []webhook.FaultRule, asJSON bool) error {
	if asJSON {
		for _, r := range rules {
			line := struct {
				Kind string `json:"kind"`
				webhook.FaultRule
			}{"fault", r}
			if err := export.Line(a.stdout, line); err != nil {
				return err
			}
		}
		return nil
	}
	if len(rules) == 0 {
		a.note("no fault rules")
		return nil
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "ID\tRULE\tDOES\tMATCHED\tFIRED\tENDS")
	for _, r := range rules {
		_, _ = fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%d\t%s\n", r.ID, format.CleanLines(r.Text), format.CleanLines(r.Effect), r.Matched, r.Fired, ruleEnds(r, time.Now()))
	}
	return w.Flush()
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
	hint := bad.Hint
	if hint == "" {
		hint = "see the effects with: taskhook faults --help"
	}
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
