package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/httpwire"
)

func (o *listenOptions) addSkipVerify(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&o.skipVerify, "skip-verify", nil, "let requests that are no webhooks pass unchecked, to their own path, by `RULE`: a method and a path, such as 'GET /oauth/*' (repeatable)")
}

// understandSkipVerify reads the rules, once the targets and the path are known.
func (o *listenOptions) understandSkipVerify(cmd *cobra.Command) error {
	o.Proxy.WebhookPath = o.Path
	for _, text := range o.skipVerify {
		rule, err := httpwire.ParsePattern(text)
		if err == nil {
			err = o.Proxy.CheckSkipVerify(rule)
		}
		if err != nil {
			return usageError(cmd, fmt.Errorf("invalid --skip-verify %q: %w", text, err),
				"name the method and the path of what is no webhook, such as --skip-verify 'GET /oauth/callback'")
		}
		o.Proxy.SkipVerify = append(o.Proxy.SkipVerify, rule)
	}
	return nil
}
