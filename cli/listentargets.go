package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/webhook"
)

// addTargets adds the flags that say what goes to which app, and how it is
// signed.
func (o *listenOptions) addTargets(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Var(&o.sign, "sign", "whose signature your app gets; dev: the development key's in place of the one that was verified, so that it needs no other key")
}

func (o *listenOptions) understandTargets(cmd *cobra.Command) error {
	if o.sign.value == string(webhook.SignDev) && o.verify.value == proxy.ModeOff {
		return usageError(cmd, errors.New("--sign dev signs what was verified, and with --verify off nothing is"),
			"use --verify warn, which forwards everything, too")
	}
	return nil
}
