package cli

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/taskhook/taskhook/sandbox"
	"github.com/taskhook/taskhook/taskee"
)

// appFlags are the flags of sandbox app.
type appFlags struct {
	defaultURL string
	on, off    []string
	urls       []string
	scopes     []string
	allScopes  bool
}

func newSandboxApp(a *app) *cobra.Command {
	var f appFlags
	cmd := &cobra.Command{
		Use:   "app",
		Short: "Show or change the webhook settings of the OAuth app",
		Example: "  taskhook sandbox app --off ContactDelete\n" +
			"  taskhook sandbox app --url ContactCreate=http://127.0.0.1:3000/contacts",
		RunE: func(cmd *cobra.Command, _ []string) error { return a.sandboxApp(cmd, f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.defaultURL, "default-url", "", "send what has no URL of its own to `URL`; none: to the listener")
	fl.StringArrayVar(&f.on, "on", nil, "toggle events of `TYPE` on (repeatable)")
	fl.StringArrayVar(&f.off, "off", nil, "toggle events of `TYPE` off (repeatable)")
	fl.StringArrayVar(&f.urls, "url", nil, "send events of one type to a URL of their own, `TYPE=URL`; TYPE= removes it (repeatable)")
	fl.StringArrayVar(&f.scopes, "scope", nil, "select only `SCOPE` (repeatable)")
	fl.BoolVar(&f.allScopes, "all-scopes", false, "select all scopes")
	onlyOnCommandLine(fl)
	return a.withJSON(cmd, "print one JSON object")
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
	return a.printApp(settings)
}

// apply changes the settings as the flags say, and reports whether they do.
func (f appFlags) apply(cmd *cobra.Command, settings *sandbox.App) (changed bool, err error) {
	if cmd.Flags().Changed("default-url") {
		link, err := parseWebhookURL(strings.TrimPrefix(f.defaultURL, "none"))
		if err != nil {
			return false, usageError(cmd, fmt.Errorf("invalid --default-url: %w", err), "want a URL, or none")
		}
		settings.DefaultURL, changed = link, true
	}
	if f.scopes != nil || f.allScopes {
		settings.Scopes, changed = f.scopes, true
	}
	if settings.Events == nil {
		settings.Events = map[string]sandbox.AppEvent{}
	}
	edit := func(name string, do func(e *sandbox.AppEvent)) error {
		t, ok := taskee.LookUp(name)
		if !ok {
			return unknownType(cmd, name)
		}
		event := settings.Events[t.WireType]
		do(&event)
		settings.Events[t.WireType], changed = event, true
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
	maps.DeleteFunc(settings.Events, func(_ string, e sandbox.AppEvent) bool { return e == sandbox.AppEvent{} })
	return changed, nil
}

func (a *app) printApp(settings sandbox.App) error {
	scopes := "all"
	if settings.Scopes != nil {
		scopes = strings.Join(settings.Scopes, " ")
	}
	text := fmt.Sprintf("app       %s\ndefault   %s\nscopes    %s", settings.ID, cmp.Or(settings.DefaultURL, "the project's listener"), scopes)
	for _, name := range slices.Sorted(maps.Keys(settings.Events)) {
		e := settings.Events[name]
		state := "on"
		if e.Off {
			state = "off"
		}
		text += fmt.Sprintf("\n%s %s %s", column(name, typeWidth), state, e.URL)
	}
	return a.print("app", settings, "%s", text)
}
