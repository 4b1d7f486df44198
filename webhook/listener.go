package webhook

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// TunnelState says whether the public can reach the listener.
type TunnelState string

// The states of a tunnel.
const (
	TunnelNone         TunnelState = "none" // loopback only
	TunnelConnecting   TunnelState = "connecting"
	TunnelOnline       TunnelState = "online"
	TunnelReconnecting TunnelState = "reconnecting"
)

// Tunnel is the public side of a listener at one moment.
type Tunnel struct {
	State   TunnelState   `json:"state"`
	URL     string        `json:"url,omitempty"` // "" until online
	Since   time.Time     `json:"since,omitzero"`
	Latency time.Duration `json:"latency,omitempty"` // of the last heartbeat
	Code    string        `json:"code,omitempty"`    // ngrok's error code, "ERR_NGROK_…"
	Message string        `json:"message,omitempty"` // why it is not online
	// Reach is the finding of the last call to the own public URL, in words.
	Reach string `json:"reach,omitempty"`
}

// Health is what the last probe of the target found.
type Health struct {
	Up      bool      `json:"up"`
	Known   bool      `json:"known"`             // false before the first probe
	Address string    `json:"address,omitempty"` // the address that answered
	Since   time.Time `json:"since,omitzero"`    // of the present condition
	Error   string    `json:"error,omitempty"`
	// Besides says who else answers to the name of the target, in words.
	Besides string `json:"besides,omitempty"`
}

// Listener describes a running listener.
type Listener struct {
	Version   string    `json:"version"`
	Project   string    `json:"project"`
	PID       int       `json:"pid"`
	StartedAt time.Time `json:"startedAt"`
	Local     string    `json:"local"`  // URL of the loopback ingress
	Target    string    `json:"target"` // URL of the app
	// Path is that of the webhook URL; "": the target's own, or [GuidePath].
	Path   string `json:"path,omitempty"`
	Verify string `json:"verify"` // enforce, warn or off
	// SkipVerify has the rules for requests that are no webhooks: they pass
	// unchecked.
	SkipVerify []string `json:"skipVerify,omitempty"`
	// Sign is SignDev when events that were verified go to the app signed by the
	// development key, else "".
	Sign     Sign   `json:"sign,omitempty"`
	Tunnel   Tunnel `json:"tunnel"`
	Health   Health `json:"health"`
	Degraded string `json:"degraded,omitempty"` // why events are answered 429, "" if they are not
	Counts   Counts `json:"counts"`
	// Shield says that failures of the app are answered 429.
	Shield bool `json:"shield,omitempty"`
	// Routes send events to other apps, in the order in which they are tried:
	// Target, Health and Shield are those of the app that gets all others.
	Routes []Route `json:"routes,omitempty"`
	// Faults are the rules that inject faults, ended ones included.
	Faults []FaultRule `json:"faults,omitempty"`
	// NextRetry is when the platform is expected to send the first of the
	// retrying events again; zero: none is retrying.
	NextRetry time.Time `json:"nextRetry,omitzero"`
	// Resendable is how many failed events a batch would send, counted when the
	// app last came back; 0 once they were sent.
	Resendable int `json:"resendable,omitempty"`
}

// Route sends the events that a filter selects to an app of their own, as it is
// at one moment.
type Route struct {
	Filter string `json:"filter"`
	Target string `json:"target,omitempty"` // URL of the app; "": the events are kept, and not forwarded
	Health Health `json:"health,omitzero"`
	Shield bool   `json:"shield,omitempty"`
}

// Shielded reports whether failures of one of the apps are answered 429.
func (l Listener) Shielded() bool {
	return l.Shield || slices.ContainsFunc(l.Routes, func(r Route) bool { return r.Shield })
}

// GuidePath is where the platform's guide receives webhooks: the path of the
// webhook URL when neither a person nor the target says another.
const GuidePath = "/webhooks"

// PublicURL is where the public reaches the listener, without a path; the
// loopback ingress when nothing leads there from outside.
func (l Listener) PublicURL() string {
	if l.Tunnel.URL != "" {
		return l.Tunnel.URL
	}
	return l.Local
}

// WebhookURL is what to paste into the platform's settings.
func (l Listener) WebhookURL() string { return l.PublicURL() + l.webhookPath() }

// LocalWebhookURL is where programs on this machine post webhooks, "" when
// nothing receives.
func (l Listener) LocalWebhookURL() string {
	if l.Local == "" {
		return ""
	}
	return l.Local + l.webhookPath()
}

func (l Listener) webhookPath() string {
	if l.Path != "" {
		return l.Path
	}
	text := l.Target
	if socket, ok := strings.CutPrefix(text, "unix:"); ok { // unix:/run/app.sock:/path
		_, text, _ = strings.Cut(socket, ":")
	}
	if target, err := url.Parse(text); err == nil && target.Path != "" {
		return target.EscapedPath()
	}
	return GuidePath
}
