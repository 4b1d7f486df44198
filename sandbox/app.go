package sandbox

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/taskhook/taskhook/taskee"
)

// App is the OAuth app that webhooks are sent to: its settings, as under
// "Advanced Settings".
type App struct {
	ID        string `json:"id"`
	VersionID string `json:"versionId"`
	// DefaultURL gets INSTALL, UNINSTALL and every event that names no URL of
	// its own. "": what Options.Target gives.
	DefaultURL string `json:"defaultUrl,omitempty"`
	// Events has what differs from the default: each event is on.
	Events map[string]AppEvent `json:"events,omitempty"`
	// Scopes are those that were selected; nil: all.
	Scopes []string `json:"scopes,omitempty"`
}

// AppEvent is the setting of one event type, by its type on the wire.
type AppEvent struct {
	Off bool   `json:"off,omitempty"`
	URL string `json:"url,omitempty"`
}

// App returns the app's settings.
func (s *Sandbox) App() (App, error) {
	m, err := s.meta()
	return m.App, err
}

// SetApp changes the app's settings and returns them; ID and VersionID stay as
// they are. The error says which event or URL is invalid.
func (s *Sandbox) SetApp(ctx context.Context, a App) (App, error) {
	if err := a.validate(); err != nil {
		return App{}, err
	}
	err := s.changeMeta(ctx, func(m *meta) error {
		a.ID, a.VersionID = m.App.ID, m.App.VersionID
		m.App = a
		return nil
	})
	return a, err
}

// validate refuses events that do not exist, and URLs that nothing can be sent
// to.
func (a App) validate() error {
	links := []string{a.DefaultURL}
	for name, e := range a.Events {
		if _, ok := taskee.LookUp(name); !ok {
			return fmt.Errorf("%w: %q", ErrNoType, name)
		}
		links = append(links, e.URL)
	}
	for _, link := range links {
		u, err := url.Parse(link)
		if link != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
			return fmt.Errorf("%q is not an http or https URL", link)
		}
	}
	return nil
}

// unsent says why the app's settings do not let an event be sent, "" if they do.
func (a App) unsent(eventType string) string {
	if a.Events[eventType].Off {
		return "the event is toggled off in the app's settings"
	}
	t, known := taskee.LookUp(eventType)
	if !known || a.Scopes == nil || t.Scope() == "" {
		return ""
	}
	for _, s := range a.Scopes {
		// The scope to write includes the one to read.
		if s == t.Scope() || strings.TrimSuffix(s, ".write") == strings.TrimSuffix(t.Scope(), ".readonly") {
			return ""
		}
	}
	return "the app has not selected the scope " + t.Scope()
}

// url is where an event is sent, "" if no URL is known.
func (a App) url(eventType string, target func() string) string {
	lifecycle := eventType == "INSTALL" || eventType == "UNINSTALL"
	if own := a.Events[eventType].URL; own != "" && !lifecycle {
		return own
	}
	if a.DefaultURL != "" || target == nil {
		return a.DefaultURL
	}
	return target()
}
