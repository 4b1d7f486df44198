package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/listener"
	"github.com/taskhook/taskhook/taskee"
	"github.com/taskhook/taskhook/tunnel"
	"github.com/taskhook/taskhook/webhook"
	"github.com/taskhook/taskhook/webhook/export"
)

// banner says, on stderr, what to do in Taskee and what is running here; with
// JSON output the ready line goes to stdout first.
func (a *app) banner(ctx context.Context, l *listener.Listener, o *listenOptions) error {
	d, err := l.Listener(ctx)
	if err != nil {
		return err
	}
	if o.output.value == "json" {
		if err := export.ReadyLine(a.stdout, d); err != nil {
			return err
		}
	}
	if o.output.value != "quiet" {
		_, _ = io.WriteString(a.stderr, bannerText(d, o.tunnelMissing))
	}
	return nil
}

// bannerText is the banner of a listener.
func bannerText(d webhook.Listener, tunnelMissing bool) string {
	var b strings.Builder
	line := func(label, layout string, args ...any) {
		fmt.Fprintf(&b, "  %-11s %s\n", label, format.CleanLines(fmt.Sprintf(layout, args...)))
	}
	fmt.Fprintf(&b, "taskhook %s\n\n", d.Version)
	if d.Tunnel.URL != "" {
		b.WriteString("In Taskee, once for your OAuth app:\n")
		b.WriteString("  1  Advanced Settings → Auth: select the scopes your events need\n")
		b.WriteString("  2  Advanced Settings → Webhook: toggle on each event and paste the webhook URL\n\n")
		line("webhook URL", "%s", d.WebhookURL())
	}
	line("local", "%s", d.Local)
	line("target", "%s (%s)", format.MaskURLs(d.Target), format.Health(d.Health))
	if d.Health.Besides != "" {
		line("", "%s", d.Health.Besides)
	}
	for _, r := range d.Routes {
		line("route", "%s", routeWords(r))
		if r.Health.Besides != "" {
			line("", "%s", r.Health.Besides)
		}
	}
	line("verify", "%s", verifyWords(d.Verify))
	for _, rule := range d.SkipVerify {
		line("", "skipped for %s, which goes to your app unchecked", rule)
	}
	if d.Sign == webhook.SignDev {
		line("sign", "dev: what is verified goes to your app signed by the development key; see taskhook keys env")
	}
	line("project", "%s, %s, %s", d.Project, format.Plural(d.Counts.Events, "event", "events"), format.Bytes(d.Counts.Bytes))
	switch {
	case d.Tunnel.URL == "" && tunnelMissing:
		line("tunnel", "none: no ngrok authtoken is known, so Taskee cannot reach this machine yet")
	case d.Tunnel.URL == "":
		line("tunnel", "none: only programs on this machine can send; try: taskhook trigger ContactCreate")
	case tunnelMissing:
		line("tunnel", "none: no ngrok authtoken is known, so something else has to lead from the public URL to this machine")
		line("", "%s", tunnel.AuthtokenHint)
	}
	if d.Tunnel.URL == "" {
		for _, hint := range tunnelHints {
			line("", "%s", hint)
		}
	}
	b.WriteByte('\n')
	return b.String()
}

// tunnelHints say how the public can reach a listener without a tunnel.
var tunnelHints = []string{
	"with ngrok: " + tunnel.AuthtokenHint,
	"with something else in front of this machine: start with --tunnel none --url ITS-URL",
}

// routeWords says who gets what.
func routeWords(r webhook.Route) string {
	if r.Target == "" {
		return r.Filter + " → none: kept, answered 200, and not forwarded"
	}
	return fmt.Sprintf("%s → %s (%s)", r.Filter, format.MaskURLs(r.Target), format.Health(r.Health))
}

func verifyWords(mode string) string {
	switch mode {
	case "warn":
		return "warn: a bad or missing signature is marked and forwarded"
	case "off":
		return "off: signatures are not checked"
	}
	return "enforce: a bad or missing signature is answered 401 and not forwarded"
}

// nameRetrying names, on the way out, what Taskee will send again.
func (a *app) nameRetrying(l *listener.Listener, o *listenOptions) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	all, err := l.Retrying(ctx)
	if err != nil {
		return err
	}
	var retrying []webhook.Summary
	for _, e := range all {
		// What was sent on this machine comes from nobody who would send again,
		// unless another tunnel is in front.
		if e.Source == webhook.SourceTunnel || o.PublicURL != "" {
			retrying = append(retrying, e)
		}
	}
	if len(retrying) == 0 {
		return nil
	}
	_, err = io.WriteString(a.stderr, retryingText(retrying, time.Now()))
	return err
}

// maxRetryingNamed bounds the list on the way out.
const maxRetryingNamed = 10

func retryingText(retrying []webhook.Summary, now time.Time) string {
	var b strings.Builder
	var first time.Time
	for i, e := range retrying {
		soonest := earliestRetry(e)
		if first.IsZero() || soonest.Before(first) {
			first = soonest
		}
		if i < maxRetryingNamed {
			fmt.Fprintf(&b, "  %-6s %s retry %d of %d expected about %s\n", e.ID, column(e.Type, typeWidth), e.Try,
				taskee.Policy().MaxRetries, format.ShortTime(e.Outcome.Answer.RetryAt.Local(), now))
		}
	}
	if more := len(retrying) - maxRetryingNamed; more > 0 {
		fmt.Fprintf(&b, "  and %d more\n", more)
	}
	return fmt.Sprintf("taskhook: %s retrying: restart before %s, or Taskee's retry meets a closed tunnel\n%s",
		format.Plural(len(retrying), "event is", "events are"), format.ShortTime(first.Local(), now), b.String())
}

// earliestRetry is when the platform may send an event again: RetryAt counts
// the jitter at its mean.
func earliestRetry(e webhook.Summary) time.Time {
	shortest, _ := taskee.Policy().Bounds(e.Try)
	return e.Outcome.Answer.At.Add(shortest)
}
