package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/httpwire"
	"github.com/taskhook/taskhook/sandbox"
	"github.com/taskhook/taskhook/taskee"
)

// sandboxOptions are the flags of sandbox, and the options that they stand for.
type sandboxOptions struct {
	sandbox.Options
	addr        string
	allowRemote bool
	memory      bool
	webhookURL  string
	scheme      choice
	shape       choice
	fixtures    string
}

const shapeUsage = "flat: fields beside the type, as on the wire; nested: under data, as in the guide"

func newSandboxCommand(a *app) *cobra.Command {
	o := &sandboxOptions{
		addr: "127.0.0.1:4490", scheme: oneOf(taskee.SchemeRSA, taskee.SchemeEd25519, taskee.SchemeBoth),
		shape:   oneOf(taskee.ShapeFlat, taskee.ShapeNested),
		Options: sandbox.Options{Speed: 1, Seed: 1, People: 25, Timeout: 10 * time.Second},
	}
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run Taskee on your machine: Contacts API, tokens, signed webhooks",
		Long: "Serve the Contacts API with private integration tokens, send signed webhooks for every\n" +
			"change, retry after a 429 as the platform does, and keep a delivery log. No account and\n" +
			"no network are needed. Webhooks go to the project's running listener, or to\n" +
			"--webhook-url.",
		Example: "  taskhook sandbox                          # then: taskhook contacts list\n" +
			"  taskhook sandbox --webhook-url http://127.0.0.1:3000/webhooks --speed 600x",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.understand(cmd); err != nil {
				return err
			}
			return a.serveSandbox(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	addAddr(cmd, &o.addr, &o.allowRemote, "serve the API on the loopback address `ADDR`; :0 picks a port")
	f.BoolVar(&o.memory, "memory", false, "start afresh, and store nothing")
	addSeed(f, &o.Seed, "generate contacts, IDs and retry jitter from the seed `N`")
	f.StringVar(&o.webhookURL, "webhook-url", "", "send webhooks to this `URL` instead of the running listener")
	f.Var(&o.scheme, "scheme", "the scheme that webhooks are signed by; both: in two headers")
	f.Var(&o.shape, "shape", shapeUsage)
	addSpeed(f, &o.Speed, "run the ten minutes between retries at `SPEED`: 1x, 600x or instant")
	f.StringVar(&o.fixtures, "fixtures", "", "fill a new sandbox from the JSON `FILE`: {\"locations\":[…],\"contacts\":[…]}")
	addNumber(f, &o.People, "people", 0, 1_000_000, "fill a new sandbox with `N` generated contacts")
	addDuration(f, &o.Timeout, "timeout", "log 408 when your app has not answered after `DURATION`")
	a.withJSON(cmd, "print one JSON object per line")
	cmd.AddCommand(newSandboxTokens(a), newSandboxClock(a), newSandboxApp(a), newSandboxSettings(a),
		newSandboxTrigger(a), newSandboxLogs(a), newSandboxFaults(a))
	return cmd
}

func (o *sandboxOptions) understand(cmd *cobra.Command) error {
	if err := checkAddr(cmd, o.addr, o.allowRemote); err != nil {
		return err
	}
	var err error
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
	if o.Fixtures, err = sandbox.ReadFixtures(file); err != nil {
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
	if t.Origin().Network() == "unix" {
		return "", errors.New("webhooks are sent to http and https URLs only")
	}
	return t.String(), nil
}
