package listener

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/retry"
	"github.com/taskhook/taskhook/tunnel"
	"github.com/taskhook/taskhook/webhook"
)

const (
	// reachTries is how often a new public URL is called until it answers: DNS
	// and the edge may need some seconds to know a new name.
	reachTries = 4
	// reachPause is the pause before the second try; each further one is longer
	// by it.
	reachPause = 2 * time.Second
	// reachTime bounds one call.
	reachTime = 10 * time.Second
)

// publicURL is where the public reaches this machine, "" if it does not.
func (l *Listener) publicURL() string {
	if l.opts.PublicURL != "" {
		return l.opts.PublicURL
	}
	if t := l.tunnel.Load(); t != nil {
		return t.Status().URL
	}
	return ""
}

// tunnelStatusChanged is called by the tunnel.
func (l *Listener) tunnelStatusChanged() {
	l.changed()
	l.tunnelChanged.raise()
	l.urlChanged.raise()
}

// followTunnel says when the tunnel is back; that it was lost is said in
// tunnel/tunnel.go, and what the screen shows meanwhile in inspector/header.go.
func (l *Listener) followTunnel(ctx context.Context) {
	t := l.tunnel.Load()
	if t == nil {
		return
	}
	for online := t.Status(); l.tunnelChanged.wait(ctx, time.Time{}); {
		// Its loss may have been missed: only the time tells.
		if now := t.Status(); now.State == webhook.TunnelOnline && now.Since != online.Since {
			online = now
			l.tell("the tunnel is online again")
		}
	}
}

// followURL remembers each new public URL and checks whether it leads here: a
// session that ngrok opens anew may get another.
func (l *Listener) followURL(ctx context.Context) {
	for url := ""; ; {
		if now := l.publicURL(); now != url {
			url = now
			l.checkReach(ctx, url, l.rememberURL(ctx, url))
		}
		if !l.urlChanged.wait(ctx, time.Time{}) {
			return
		}
	}
}

// rememberURL keeps the public URL for the next run and says so when it is
// another than before.
func (l *Listener) rememberURL(ctx context.Context, url string) (changed string) {
	before, err := l.Setting(settingURL)
	if err == nil && before != url {
		err = l.SetSetting(ctx, settingURL, url)
	}
	if err != nil {
		l.logger.Error("the public URL cannot be remembered", "error", err)
	}
	if before == "" || before == url {
		return ""
	}
	changed = fmt.Sprintf("the public URL was %s, now %s: paste the new webhook URL for every event, or keep one with --url", before, url)
	l.warn("%s", changed)
	return changed
}

// checkReach calls the public URL and says whether it leads here.
func (l *Listener) checkReach(ctx context.Context, url, changed string) {
	took, err := reach(ctx, func(ctx context.Context) (time.Duration, error) {
		return tunnel.Reach(ctx, http.DefaultClient, url, proxy.ProbeHeader, l.proxy.Nonce())
	})
	var found string
	switch {
	case err == nil:
		found = "reachable from outside, " + format.Duration(took)
		l.tell("%s", found)
	case ctx.Err() != nil:
		return
	default:
		found = fmt.Sprintf("not reachable from outside: %v", err)
		l.warn("%s", found)
	}
	if changed != "" {
		found += "; " + changed
	}
	l.mu.Lock()
	l.reach = found
	l.mu.Unlock()
	l.changed()
}

// reach calls until there is an answer, some times at most.
func reach(ctx context.Context, call func(context.Context) (time.Duration, error)) (took time.Duration, err error) {
	for try := range reachTries {
		if err := retry.Sleep(ctx, time.Duration(try)*reachPause); err != nil {
			return 0, err
		}
		once, cancel := context.WithTimeout(ctx, reachTime)
		took, err = call(once)
		cancel()
		if err == nil {
			break
		}
	}
	return took, err
}
