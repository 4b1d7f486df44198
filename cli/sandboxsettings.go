package cli

import (
	"context"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/sandbox"
)

func newSandboxSettings(a *app) *cobra.Command {
	var duplicates, location string
	onOff := anyOf("on", "off")
	rate, agency, locations := onOff, onOff, onOff
	cmd := &cobra.Command{
		Use:   "settings",
		Short: "Show or change settings of the location and the agency",
		Example: "  taskhook sandbox settings --duplicates allow\n" +
			"  taskhook sandbox settings --duplicates phone,email --rate-limit off",
		RunE: func(cmd *cobra.Command, _ []string) error {
			in := sandbox.Settings{LocationID: location, RateLimit: isOn(rate), OwnIntegrations: isOn(agency), SubAccountIntegrations: isOn(locations)}
			switch {
			case duplicates == "allow":
				in.Duplicates = &sandbox.Duplicates{Allow: true}
			case duplicates != "":
				in.Duplicates = &sandbox.Duplicates{Check: strings.Split(duplicates, ",")}
			}
			return a.sandboxSettings(cmd.Context(), in)
		},
	}
	f := cmd.Flags()
	f.StringVar(&duplicates, "duplicates", "", "find duplicates by `FIELDS`: email, phone, or both in order, such as phone,email; allow: do not")
	f.StringVar(&location, "location", "", "set --duplicates of the location `ID` (default: the first)")
	f.Var(&rate, "rate-limit", "limit each token to 100 requests in 10 s")
	f.Var(&agency, "agency-tokens", "let the agency's admin manage the agency's private integrations")
	f.Var(&locations, "location-tokens", "let the agency's admin manage its sub-accounts' private integrations")
	onlyOnCommandLine(f)
	return cmd
}

// isOn is what a switch was set to, nil if it was not.
func isOn(c choice) *bool {
	if c.value == "" {
		return nil
	}
	on := c.value == "on"
	return &on
}

func (a *app) sandboxSettings(ctx context.Context, in sandbox.Settings) error {
	var out sandbox.Settings
	if err := a.askSandbox(ctx, http.MethodPut, "settings", in, &out); err != nil {
		return err
	}
	duplicates := "allowed"
	if !out.Duplicates.Allow {
		duplicates = "not allowed, by " + strings.Join(out.Duplicates.Order(), ", then ")
	}
	words := map[bool]string{true: "on", false: "off"}
	return a.print("settings", out, "duplicates       %s (location %s)\nrate limit       %s\nagency tokens    %s\nlocation tokens  %s",
		duplicates, out.LocationID, words[*out.RateLimit], words[*out.OwnIntegrations], words[*out.SubAccountIntegrations])
}
