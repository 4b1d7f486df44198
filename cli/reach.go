package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/taskhook/taskhook/format"
	"github.com/taskhook/taskhook/proxy"
	"github.com/taskhook/taskhook/tunnel"
	"github.com/taskhook/taskhook/verify"
	"github.com/taskhook/taskhook/webhook"
)

// openTunnel opens ngrok, when asked for, and serves what comes through it.
func (s *session) openTunnel(ctx context.Context, trusted []verify.Key) error {
	if s.opts.tunnel.value != "ngrok" {
		return nil
	}
	t, err := tunnel.Open(ctx, tunnel.Options{
		Authtoken:  s.opts.authtoken,
		URL:        s.opts.url,
		ConnectURL: s.opts.ngrokConnect,
		CA:         s.opts.ngrokCAPEM,
		Logger:     s.logger,
		Version:    version(),
	})
	if err != nil {
		return tunnelError(err)
	}
	s.tunnel = t
	s.serve(t.Listener(), s.proxy.Handler(webhook.SourceTunnel, newDevVerifier(s.dir, trusted, devKnown)))
	return nil
}

// tunnelError gives ngrok's error its code and its hint.
func tunnelError(err error) error {
	var te *tunnel.Error
	if errors.As(err, &te) {
		return withHint(fmt.Errorf("open the tunnel: %w", err), te.Hint)
	}
	return err
}

// publicURL is what to paste into the app's settings, "" without a tunnel.
func (s *session) publicURL() string {
	if s.opts.publicURL != "" {
		return s.opts.publicURL
	}
	if s.tunnel != nil {
		return s.tunnel.Status().URL
	}
	return ""
}

// reachTries is how often a new public URL is called until it answers: DNS
// and the edge may need some seconds to know a new name.
const reachTries = 4

// urlEvery is how often a changed public URL is looked for: a session that
// ngrok opens anew may get another one.
const urlEvery = time.Second

// followURL remembers each new public URL and checks whether it leads here.
func (s *session) followURL(ctx context.Context) {
	tick := time.NewTicker(urlEvery)
	defer tick.Stop()
	was := webhook.TunnelOnline // openTunnel returns with that
	for last := ""; ; {
		if s.tunnel != nil {
			state := s.tunnel.Status().State
			if state == webhook.TunnelOnline && was != state {
				s.say("the tunnel is online again", true)
			}
			was = state
		}
		if url := s.publicURL(); url != "" && url != last {
			last = url
			changed := s.rememberURL(ctx, url)
			if changed != "" {
				s.say(changed, false)
			}
			s.checkReach(ctx, url, changed)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// rememberURL keeps the public URL for the next run and says so when it is
// another than before.
func (s *session) rememberURL(ctx context.Context, url string) (changed string) {
	was, err := s.store.Setting(settingURL)
	if err == nil && was != url {
		err = s.store.SetSetting(ctx, settingURL, url)
	}
	if err != nil {
		s.logger.Error("the public URL cannot be remembered", "error", err)
	}
	if was == "" || was == url {
		return ""
	}
	return fmt.Sprintf("the public URL was %s, now %s: paste the new webhook URL for every event, or keep one with --url", was, url)
}

// checkReach calls the own public URL and says whether it leads here.
func (s *session) checkReach(ctx context.Context, url, changed string) {
	var err error
	for try := range reachTries {
		if try > 0 {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Duration(try) * 2 * time.Second):
			}
		}
		var took time.Duration
		if took, err = s.reachOnce(ctx, url); err == nil {
			s.sayReach(fmt.Sprintf("reachable from outside, %s", format.Duration(took)), changed, true)
			return
		}
	}
	if ctx.Err() == nil {
		s.sayReach(fmt.Sprintf("not reachable from outside: %v", err), changed, false)
	}
}

func (s *session) reachOnce(ctx context.Context, url string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return tunnel.Reach(ctx, http.DefaultClient, url, proxy.ProbeHeader, s.proxy.Nonce())
}

// sayReach says what a call to the own URL found; on the screen beside what
// else is to be known of the URL.
func (s *session) sayReach(text, changed string, ok bool) {
	s.say(text, ok)
	if changed != "" {
		text += "; " + changed
	}
	s.mu.Lock()
	s.reach = text
	s.mu.Unlock()
}

// say tells a person about tunnel and app, unless the screen does.
func (s *session) say(text string, ok bool) {
	s.logger.Info(text)
	switch {
	case s.opts.output.value == "screen":
	case ok:
		s.app.note("%s", text)
	default:
		s.app.warn("%s", text)
	}
}

// probeTarget looks once whether the app answers.
func (s *session) probeTarget(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, startProbe)
	defer cancel()
	h, was := s.proxy.Apps()[0].Probe(ctx)
	s.mu.Lock()
	s.health = h
	s.mu.Unlock()
	switch {
	case !was.Known || was.Up == h.Up:
	case h.Up:
		s.say("your app "+healthWords(h), true)
		s.offerResend(ctx)
	default:
		s.say("your app "+healthWords(h), false)
	}
}

// watchTarget looks again and again, more often while the app is down.
func (s *session) watchTarget(ctx context.Context) {
	for {
		s.mu.Lock()
		wait := probeEvery
		if !s.health.Up {
			wait = probeIfDown
		}
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		s.probeTarget(ctx)
	}
}

// describe is the listener at this moment, without its counts.
func (s *session) describe() webhook.Listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := webhook.Listener{
		Version: version(), Project: s.app.projectName(), PID: pid(), StartedAt: s.started,
		Local: s.local, Target: s.opts.target.String(), Verify: s.opts.verify.value,
		Tunnel:   webhook.Tunnel{State: webhook.TunnelNone, URL: s.opts.publicURL},
		Health:   s.health,
		Degraded: s.proxy.Degraded(),
		Shield:   s.proxy.Shield(), Faults: s.proxy.Faults().Rules(), Resendable: s.resendable,
	}
	if s.tunnel != nil {
		l.Tunnel = s.tunnel.Status()
		if s.opts.publicURL != "" {
			l.Tunnel.URL = s.opts.publicURL
		}
	}
	l.Tunnel.Reach = s.reach
	return l
}
