package cli

import (
	"context"
	"fmt"
	"net/http"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/sandbox"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/webhook/export"
)

// appFlags are the flags of sandbox app.
type appFlags struct {
	defaultURL string
	on, off    []string
	urls       []string
	scopes     []string
	allScopes  bool
	json       bool
}

func newSandboxApp(a *app) *cobra.Command {
	var f appFlags
	cmd := &cobra.Command{
		Use:   "app",
		Short: "the OAuth app's webhook settings: URLs, toggles, scopes",
		Example: "  taskhook sandbox app --off ContactDelete\n" +
			"  taskhook sandbox app --url ContactCreate=http://127.0.0.1:3000/contacts\n" +
			"  taskhook sandbox app --scope contacts.readonly",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.sandboxApp(cmd, f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.defaultURL, "default-url", "", "send what has no URL of its own, and INSTALL and UNINSTALL, here; none: to the listener")
	fl.StringArrayVar(&f.on, "on", nil, "toggle the event TYPE on (repeatable)")
	fl.StringArrayVar(&f.off, "off", nil, "toggle the event TYPE off (repeatable)")
	fl.StringArrayVar(&f.urls, "url", nil, "send an event elsewhere, TYPE=URL; TYPE= takes it back (repeatable)")
	fl.StringArrayVar(&f.scopes, "scope", nil, "select only this SCOPE, and others so named (repeatable)")
	fl.BoolVar(&f.allScopes, "all-scopes", false, "select all scopes")
	fl.BoolVar(&f.json, "json", false, "print one JSON object")
	onlyOnCommandLine(fl, "default-url", "on", "off", "url", "scope", "all-scopes")
	return cmd
}

func (a *app) sandboxApp(cmd *cobra.Command, f appFlags) error {
	c, err := a.openSandbox()
	if err != nil {
		return err
	}
	var settings sandbox.App
	if err := c.ask(cmd.Context(), http.MethodGet, "app", nil, &settings); err != nil {
		return err
	}
	changed, err := f.apply(cmd, &settings)
	if err != nil {
		return err
	}
	if changed {
		if err := c.ask(cmd.Context(), http.MethodPut, "app", settings, &settings); err != nil {
			return err
		}
	}
	if f.json {
		return export.Line(a.stdout, struct {
			Kind string `json:"kind"`
			sandbox.App
		}{"app", settings})
	}
	return a.printApp(settings)
}

// apply changes the settings as the flags say, and reports whether they do.
func (f appFlags) apply(cmd *cobra.Command, settings *sandbox.App) (bool, error) {
	if settings.Events == nil {
		settings.Events = map[string]sandbox.AppEvent{}
	}
	changed := false
	edit := func(name string, do func(e *sandbox.AppEvent)) error {
		t, ok := taskee.LookUp(name)
		if !ok {
			return usageError(cmd, fmt.Errorf("there is no event %q", name), "see them: taskhook trigger --list")
		}
		e := settings.Events[t.WireType]
		do(&e)
		if settings.Events[t.WireType] = e; e == (sandbox.AppEvent{}) {
			delete(settings.Events, t.WireType)
		}
		changed = true
		return nil
	}
	for _, name := range f.on {
		if err := edit(name, func(e *sandbox.AppEvent) { e.Off = false }); err != nil {
			return false, err
		}
	}
	for _, name := range f.off {
		if err := edit(name, func(e *sandbox.AppEvent) { e.Off = true }); err != nil {
			return false, err
		}
	}
	for _, pair := range f.urls {
		name, text, ok := strings.Cut(pair, "=")
		link, err := parseWebhookURL(text)
		if !ok || err != nil {
			return false, usageError(cmd, fmt.Errorf("invalid --url %q", pair), "want TYPE=URL")
		}
		if err := edit(name, func(e *sandbox.AppEvent) { e.URL = link }); err != nil {
			return false, err
		}
	}
	if cmd.Flags().Changed("default-url") {
		link, err := parseWebhookURL(strings.TrimPrefix(f.defaultURL, "none"))
		if err != nil {
			return false, usageError(cmd, err, "want a URL, or none")
		}
		settings.DefaultURL, changed = link, true
	}
	if f.scopes != nil || f.allScopes {
		settings.Scopes, changed = f.scopes, true
	}
	return changed, nil
}

func (a *app) printApp(settings sandbox.App) error {
	link := settings.DefaultURL
	if link == "" {
		link = "the project's listener"
	}
	scopes := "all"
	if settings.Scopes != nil {
		scopes = strings.Join(settings.Scopes, " ")
	}
	_, err := fmt.Fprintf(a.stdout, "app       %s\ndefault   %s\nscopes    %s\n", settings.ID, printable(link), printable(scopes))
	names := make([]string, 0, len(settings.Events))
	for name := range settings.Events {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		e := settings.Events[name]
		state := "on"
		if e.Off {
			state = "off"
		}
		_, err = fmt.Fprintf(a.stdout, "%-24s %s %s\n", printable(name), state, printable(e.URL))
	}
	return err
}

func newSandboxSettings(a *app) *cobra.Command {
	var (
		duplicates, location      string
		rate, agency, subAccounts choice
	)
	onOff := choice{words: []string{"on", "off"}}
	rate, agency, subAccounts = onOff, onOff, onOff
	cmd := &cobra.Command{
		Use:   "settings",
		Short: "switches of the location and the agency",
		Example: "  taskhook sandbox settings --duplicates allow\n" +
			"  taskhook sandbox settings --duplicates phone,email --rate-limit off",
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			in := sandbox.Settings{LocationID: location, RateLimit: switched(rate), OwnIntegrations: switched(agency), SubAccountIntegrations: switched(subAccounts)}
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
	f.StringVar(&duplicates, "duplicates", "", "allow, or what is looked at in order: email,phone | phone,email | email | phone")
	f.StringVar(&location, "location", "", "whose duplicates are set (default: the first)")
	f.Var(&rate, "rate-limit", "100 requests in 10 s for each token: on or off")
	f.Var(&agency, "agency-tokens", "the agency's admin may manage the agency's private integrations: on or off")
	f.Var(&subAccounts, "location-tokens", "the agency's admin may manage its sub-accounts' private integrations: on or off")
	onlyOnCommandLine(f, "duplicates", "location", "rate-limit", "agency-tokens", "location-tokens")
	return cmd
}

// switched is what a switch was set to, nil if it was not.
func switched(c choice) *bool {
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
	if out.Duplicates != nil && !out.Duplicates.Allow {
		check := out.Duplicates.Check
		if check == nil {
			check = []string{"email", "phone"}
		}
		duplicates = "not allowed, by " + strings.Join(check, ", then ")
	}
	words := map[bool]string{true: "on", false: "off"}
	_, err := fmt.Fprintf(a.stdout, "duplicates       %s (location %s)\nrate limit       %s\nagency tokens    %s\nlocation tokens  %s\n",
		duplicates, out.LocationID, words[*out.RateLimit], words[*out.OwnIntegrations], words[*out.SubAccountIntegrations])
	return err
}
