package tunnel

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/taskhook/taskhook/webhook"
)

// answers reports whether the tunnel's public URL leads to echo.
func answers(t *testing.T, tun *Tunnel, do func(address, body string) (*http.Response, string)) {
	t.Helper()
	if resp, body := do(tun.Status().URL, "ping"); resp.StatusCode != http.StatusOK || body != "ping" {
		t.Errorf("answered %d %q", resp.StatusCode, body)
	}
}

func TestADropIsRepairedUnderTheSameURL(t *testing.T) {
	e := startEdge(t)
	o, log := options(t, e)
	tun := openTunnel(t, o)
	ended := serve(t, tun, echo)
	post := func(address, body string) (*http.Response, string) {
		return call(t, e, http.MethodPost, address, nil, body)
	}
	first := tun.Status()
	answers(t, tun, post)

	e.Pause()
	e.Drop()
	down := awaitState(t, tun, webhook.TunnelReconnecting)
	if down.URL != first.URL || down.Message == "" || down.Since.Before(first.Since) {
		t.Errorf("while down: %+v", down)
	}
	await(t, "the refusal is the message", func() bool { return strings.Contains(tun.Status().Message, "connection refused") })
	if again := tun.Status(); !again.Since.Equal(down.Since) {
		t.Errorf("since has moved from %v to %v", down.Since, again.Since)
	}
	if err := e.Resume(); err != nil {
		t.Fatal(err)
	}
	up := awaitState(t, tun, webhook.TunnelOnline)
	if up.URL != first.URL || up.Message != "" || up.Code != "" {
		t.Errorf("up again: %+v", up)
	}
	answers(t, tun, post)
	select {
	case err := <-ended:
		t.Errorf("the server ended: %v", err)
	default:
	}
	a := e.Auths()
	if len(a) != 2 || a[1].ClientID == "" || a[1].Extra.Cookie == "" {
		t.Errorf("the second session does not say that it comes back: %+v", a)
	}
	if !strings.Contains(log.String(), "the tunnel is down") {
		t.Error("the log does not tell of the loss")
	}
}

func TestAnEdgeThatForgetsUsGivesAnotherURL(t *testing.T) {
	e := startEdge(t)
	o, log := options(t, e)
	tun := openTunnel(t, o)
	ended := serve(t, tun, echo)
	before := tun.Status().URL
	e.Withdraw(host(t, before))
	e.Drop()
	await(t, "the tunnel is online at another URL", func() bool {
		s := tun.Status()
		return s.State == webhook.TunnelOnline && s.URL != before
	})
	answers(t, tun, func(address, body string) (*http.Response, string) {
		return call(t, e, http.MethodPost, address, nil, body)
	})
	if got, want := tun.Listener().Addr().String(), host(t, tun.Status().URL); got != want {
		t.Errorf("the listener is at %s, not %s", got, want)
	}
	if !strings.Contains(log.String(), "was "+before) {
		t.Error("the log does not name the URL before")
	}
	select {
	case err := <-ended:
		t.Errorf("the server ended: %v", err)
	default:
	}
}

func host(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func TestAReservedURLIsNeverGivenUp(t *testing.T) {
	e := startEdge(t)
	o, _ := options(t, e)
	o.URL = "mine.ngrok.app"
	tun := openTunnel(t, o)
	e.Withdraw("mine.ngrok.app")
	e.Drop()
	await(t, "the refusal is told", func() bool { return tun.Status().Code == "ERR_NGROK_320" })
	asked := len(e.Binds())
	await(t, "it is asked for again", func() bool { return len(e.Binds()) > asked })
	for _, b := range e.Binds()[1:] {
		if b.Opts.URL != "https://mine.ngrok.app" {
			t.Errorf("asked for %q", b.Opts.URL)
		}
	}
	e.Release("mine.ngrok.app")
	if s := awaitState(t, tun, webhook.TunnelOnline); s.URL != "https://mine.ngrok.app" {
		t.Errorf("online at %s", s.URL)
	}
}

func TestARevokedTokenLaterDoesNotEndTheTunnel(t *testing.T) {
	e := startEdge(t)
	o, _ := options(t, e)
	tun := openTunnel(t, o)
	ended := serve(t, tun, echo)
	e.RequireToken("another")
	e.Drop()
	await(t, "the refusal is told", func() bool { return tun.Status().Code == "ERR_NGROK_107" })
	if s := tun.Status(); s.State != webhook.TunnelReconnecting || strings.Contains(s.Message, token) {
		t.Errorf("status is %+v", s)
	}
	asked := len(e.Auths())
	await(t, "it tries again", func() bool { return len(e.Auths()) > asked })
	e.RequireToken(token)
	awaitState(t, tun, webhook.TunnelOnline)
	select {
	case err := <-ended:
		t.Errorf("the server ended: %v", err)
	default:
	}
}

func TestAnEndpointStoppedFromOutsideComesBack(t *testing.T) {
	e := startEdge(t)
	o, _ := options(t, e)
	tun := openTunnel(t, o)
	serve(t, tun, echo)
	before := tun.Status()
	if err := e.StopTunnel(host(t, before.URL), "ERR_NGROK_714", "Stopped by an administrator."); err != nil {
		t.Fatal(err)
	}
	await(t, "it has been online anew", func() bool {
		s := tun.Status()
		return s.State == webhook.TunnelOnline && s.Since.After(before.Since)
	})
	answers(t, tun, func(address, body string) (*http.Response, string) {
		return call(t, e, http.MethodPost, address, nil, body)
	})
	await(t, "the stopped session is gone", func() bool { return e.Sessions() == 1 })
}

func TestCloseEndsAcceptAndTheEndpoint(t *testing.T) {
	for _, c := range []struct {
		name  string
		state webhook.TunnelState
	}{
		{"online", webhook.TunnelOnline},
		{"reconnecting", webhook.TunnelReconnecting},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := startEdge(t)
			o, _ := options(t, e)
			tun := openTunnel(t, o)
			accepted := make(chan error, 1)
			go func() {
				_, err := tun.Listener().Accept()
				accepted <- err
			}()
			if c.state == webhook.TunnelReconnecting {
				e.Pause()
				e.Drop()
			}
			awaitState(t, tun, c.state)
			for range 2 {
				if err := tun.Close(); err != nil {
					t.Error(err)
				}
			}
			if err := <-accepted; !errors.Is(err, net.ErrClosed) {
				t.Errorf("Accept returned %v", err)
			}
			if _, err := tun.Listener().Accept(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Accept after Close returned %v", err)
			}
			await(t, "the session is gone", func() bool { return e.Sessions() == 0 })
		})
	}
}

func TestClosingTheListenerLeavesTheTunnelOnline(t *testing.T) {
	e := startEdge(t)
	o, _ := options(t, e)
	tun := openTunnel(t, o)
	if err := tun.Listener().Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := tun.Listener().Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept returned %v", err)
	}
	if s := tun.Status(); s.State != webhook.TunnelOnline {
		t.Errorf("status is %+v", s)
	}
	// A connection that comes now is turned away and does not hang.
	if resp, _ := call(t, e, http.MethodPost, tun.Status().URL, nil, "late"); resp.StatusCode != http.StatusBadGateway {
		t.Errorf("answered %d", resp.StatusCode)
	}
}

func TestPausesGrowToABoundAndStartAnewAfterAStableTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b backoff
		if p := b.next(); p != 0 {
			t.Errorf("the first pause is %v", p)
		}
		want := firstPause
		for range 12 {
			if p := b.next(); p < want/2 || p > want {
				t.Errorf("a pause of %v, not up to %v", p, want)
			}
			want = min(2*want, maxPause)
		}
		b.online()
		if p := b.next(); p < maxPause/2 {
			t.Errorf("a loss at once is tried again after %v", p)
		}
		b.online()
		time.Sleep(stableTime) // the bubble's clock
		if p := b.next(); p != 0 {
			t.Errorf("a loss after a stable time is tried again after %v", p)
		}
	})
}
