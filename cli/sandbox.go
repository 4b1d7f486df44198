package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/sandbox"
	"github.com/taskhook/taskhook/taskee"
)

// sandboxOptions are the flags of sandbox, and what they were understood as.
type sandboxOptions struct {
	addr        string
	allowRemote bool
	memory      bool
	seed        uint64
	webhookURL  string
	scheme      choice
	shape       choice
	speed       string
	fixtures    string
	people      int
	timeout     time.Duration
	json        bool

	speedValue    retry.Speed
	fixturesValue *sandbox.Fixtures
}

func newSandboxCommand(a *app) *cobra.Command {
	o := &sandboxOptions{
		addr: "127.0.0.1:4490", scheme: oneOf(taskee.SchemeRSA, taskee.SchemeEd25519, taskee.SchemeBoth),
		shape: oneOf(string(taskee.ShapeFlat), string(taskee.ShapeNested)), speed: "1x", people: 25, timeout: 10 * time.Second,
	}
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "run Taskee on your own machine: Contacts API, tokens, signed webhooks",
		Long: "Serve the Contacts API with private integration tokens, send signed webhooks for every change, retry\n" +
			"after a 429 by the platform's rules, and keep a delivery log. It needs no account and no network.\n" +
			"Without --webhook-url, webhooks go to the project's running listener.",
		Example: "  taskhook sandbox                          # then: taskhook contacts list\n" +
			"  taskhook sandbox --webhook-url http://127.0.0.1:3000/webhooks --speed 600x\n" +
			"  taskhook sandbox trigger ContactCreate\n" +
			"  taskhook sandbox logs --follow",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.understand(cmd); err != nil {
				return err
			}
			return a.serveSandbox(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	addAddr(cmd, &o.addr, &o.allowRemote, "serve the API on `ADDR`; :0 picks a port")
	f.BoolVar(&o.memory, "memory", false, "start empty, and store nothing")
	f.Uint64Var(&o.seed, "seed", 1, "generate contacts, IDs and retry jitter from this `NUMBER`")
	f.StringVar(&o.webhookURL, "webhook-url", "", "send webhooks to this `URL` instead of the running listener")
	addChoice(f, &o.scheme, "scheme", "how webhooks are signed (both: two headers)")
	addChoice(f, &o.shape, "shape", "shape of the webhooks (flat as on the wire, nested as in the guide)")
	f.StringVar(&o.speed, "speed", o.speed, "the `SPEED` of the ten minutes between retries: 1x, 600x or instant")
	f.StringVar(&o.fixtures, "fixtures", "", "fill a new sandbox from `FILE`: {\"locations\":[…],\"contacts\":[…]}")
	f.IntVar(&o.people, "people", o.people, "the `NUMBER` of generated contacts in a new sandbox")
	f.DurationVar(&o.timeout, "timeout", o.timeout, "the `DURATION` that your app may take to answer, before the log says 408")
	f.BoolVar(&o.json, "json", false, "print the ready line as JSON")
	cmd.AddCommand(newSandboxTokens(a), newSandboxClock(a), newSandboxApp(a), newSandboxSettings(a),
		newSandboxTrigger(a), newSandboxLogs(a), newSandboxFaults(a))
	return cmd
}

func (o *sandboxOptions) understand(cmd *cobra.Command) error {
	var err error
	if o.speedValue, err = retry.ParseSpeed(o.speed); err != nil {
		return usageError(cmd, fmt.Errorf("invalid --speed: %w", err), "want 1x, 600x or instant")
	}
	switch {
	case o.people < 0 || o.people > 1_000_000:
		return usageError(cmd, fmt.Errorf("invalid --people %d", o.people), "want a number from 0 to 1000000")
	case o.timeout <= 0:
		return usageError(cmd, errors.New("--timeout must be more than zero"))
	}
	if err := checkAddr(cmd, o.addr, o.allowRemote); err != nil {
		return err
	}
	if o.webhookURL, err = parseWebhookURL(o.webhookURL); err != nil {
		return usageError(cmd, fmt.Errorf("invalid --webhook-url: %w", err), "for example: --webhook-url http://127.0.0.1:3000/webhooks")
	}
	return o.readFixtures(cmd)
}

func (o *sandboxOptions) readFixtures(cmd *cobra.Command) error {
	if o.fixtures == "" {
		return nil
	}
	const hint = `it is a JSON file: {"contacts":[{"firstName":"Jane"}]}`
	file, err := os.Open(o.fixtures)
	if err != nil {
		return usageError(cmd, fmt.Errorf("read --fixtures: %w", err), hint)
	}
	defer func() { _ = file.Close() }()
	if o.fixturesValue, err = sandbox.ReadFixtures(file); err != nil {
		return usageError(cmd, fmt.Errorf("%s: %w", o.fixtures, err), hint)
	}
	return nil
}

// parseWebhookURL accepts "" and http or https URLs.
func parseWebhookURL(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	t, err := httpwire.ParseTarget(text)
	if err != nil {
		return "", err
	}
	return t.String(), nil
}
